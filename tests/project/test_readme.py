"""The README is short, the results in the guides are those that the benches wrote, and no link is dead."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from clones import PROJECT
from mlops_nb.benches.detection import detection_table
from mlops_nb.benches.handbook import PROTOCOL
from mlops_nb.benches.models import CANDIDATES, LEDGER
from mlops_nb.benches.operation import FROZEN, LOOP, operation_table

NBS = PROJECT / "nbs"
GUIDES = sorted((NBS / "guides").glob("*.ipynb"))
LIBRARY = [path for path in sorted((NBS / "library").rglob("*.ipynb")) if ".ipynb_checkpoints" not in path.parts]
PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", NBS / "index.ipynb", *GUIDES, *LIBRARY]

MODELS = { # in the ledger: in the guide
    "logistic_regression": "logistic regression", "decision_tree": "decision tree", "random_forest": "random forest",
    "xgboost": "**XGBoost**", "lightgbm": "LightGBM", "neural_network": "neural network",
    "sequence_network": "recurrent network", "keras_network": "Keras network", "flaml": "FLAML",
}
CHANGES = { # in reports/detection.csv: in the guide
    "prices +10%": "prices rise by 10 %", "prices +30%": "prices rise by 30 %",
    "web share, 30% of the rest": "30 % of the other payments",
    "web share, 60% of the rest": "60 % of the other payments",
    "a new kind of fraud": "a new kind of fraud", "quiet, 180 days": "nothing, for 180 days",
}


def prose(path: Path) -> str:
    """A page's Markdown."""
    if path.suffix != ".ipynb":
        return path.read_text()
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "markdown"]
    return "\n\n".join("".join(cell["source"]) for cell in cells)


TEXT = prose(NBS / "guides/80_results.ipynb")


def section(heading: str) -> str:
    """A section of the results."""
    [found] = [part for part in TEXT.split("\n## ") if part.startswith(heading)]
    return found


def row(text: str, beginning: str) -> list[str]:
    """The cells of a table's row."""
    [found] = [line for line in text.splitlines() if line.startswith(f"| {beginning}")]
    return [cell.strip() for cell in found.strip("|").split("|")]


def reported(name: str) -> pd.DataFrame:
    """A table in reports/."""
    return pd.read_csv(PROJECT / f"reports/{name}.csv")


def short(figure: float) -> str:
    """0.8747 as .875."""
    return f"{figure:.3f}".lstrip("0")


def test_the_published_figures():
    text = section("Published results, reached again")
    for name, (_, _, published) in PROTOCOL.items():
        for cell, figure in zip(row(text, name)[1:], published or [None] * 3, strict=True):
            assert cell.split(" / ")[1] == (short(figure) if figure else "–"), name


def test_candidates_figures():
    text = section("Models with every feature")
    for _, entry in pd.read_csv(PROJECT / LEDGER).drop_duplicates("candidate", keep="last").iterrows():
        published = CANDIDATES[entry["candidate"]][1] or [None] * 3
        figures = []
        for metric, theirs in zip(("roc_auc", "average_precision", "card_precision_100"), published, strict=True):
            ours = f"{short(entry[metric])} ± {short(entry[f'{metric}_deviation'])}"
            figures.append(f"{ours} / {short(theirs) if theirs else '–'}")
        assert row(text, MODELS[entry["candidate"]])[1:] == figures


def test_how_soon_a_change_is_noticed():
    table, text = reported("detection"), section("How soon a change is noticed")
    pd.testing.assert_frame_equal(table, detection_table(reported("detection_banks")).round(2), check_dtype=False)
    for _, told in table.iterrows():
        if pd.isna(told["alarms"]):
            delay = f"{told['median']:.0f} ({told['low']:.0f} to {told['high']:.0f})"
            cells = [f"{told['noticed']:g} of {told['banks']} banks", delay]
        else:
            alarms = f"{told['alarms']:.1f} false alarms on average, {told['most']:g} at most"
            cells = ["", f"{alarms}; {told['retrained']:g} of {told['banks']} retrained"]
        assert row(text, CHANGES[told["case"]])[1:] == cells


def test_what_the_loop_is_worth():
    table, text = reported("operation"), section("What the loop is worth")
    pd.testing.assert_frame_equal(table, operation_table(reported("operation_banks")), check_dtype=False, atol=0.01)

    def span(told: pd.Series, name: str, digits: int) -> str:
        middle, low, high = (f"{told[each]:,.{digits}f}" for each in (name, f"{name}_low", f"{name}_high"))
        return f"{middle} ({low} to {high})"

    for _, told in table.iterrows():
        more = "" if told["way"] == LOOP else span(told, "loop_more_money_saved_per_day", 0)
        stopped, saved = span(told, "recall_by_amount", 3), span(told, "money_saved_per_day", 0)
        assert row(text, told["way"])[1:] == [f"{told['retrainings']:.1f}", stopped, saved, more]


def test_on_how_many_banks_the_loop_saves_more():
    saved = reported("operation_banks").pivot(index="seed", columns="way", values="money_saved_per_day")
    more = saved[LOOP] > saved[FROZEN]
    words = {2: "two", 13: "thirteen", 15: "fifteen"}
    assert f"On {words[more.sum()]} of the {words[len(more)]} banks the loop saves more" in TEXT
    assert f"On {words[(~more).sum()]} banks it saves less" in TEXT


def test_the_readme_is_short():
    assert len((PROJECT / "README.md").read_text().splitlines()) <= 100


def anchors(path: Path) -> set[str]:
    """The addresses of a page's headings, as GitHub and the documentation site make them, and as Jupyter does."""
    text = re.sub(r"```.*?```", "", prose(path), flags=re.S)
    markup = r"[`*]|\[([^\]]*)\]\([^)]*\)"
    headings = [re.sub(markup, r"\1", heading).strip() for heading in re.findall(r"^#+ (.+)$", text, re.M)]
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | {heading.replace(" ", "-") for heading in headings}


def dead_links(path: Path) -> list[str]:
    """The relative links and pictures of a page that lead nowhere."""
    text = re.sub(r"```.*?```|`[^`\n]*`(?!\])", "", prose(path), flags=re.S)
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"<(?:img|a) [^>]*?(?:src|href)=\"([^\"]+)\"", text)
    dead = []
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        address, _, anchor = link.partition("#")
        target = (path.parent / address).resolve() if address else path
        if not target.is_relative_to(PROJECT) or not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    return dead


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_relative_link_leads_somewhere(path):
    assert dead_links(path) == []


def test_a_dead_link_is_seen(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "PROJECT", tmp_path)
    (tmp_path / "other.md").write_text("# A Heading: it is `one`\n")
    alive = "[a](other.md#a-heading-it-is-one) [b](https://example.org) `[c](code.md)`"
    (tmp_path / "page.md").write_text(alive + ' [d](other.md#no) [e](no.md) [`f`](../up.md) <img src="no.png">')
    assert dead_links(tmp_path / "page.md") == ["other.md#no", "no.md", "../up.md", "no.png"]


def test_the_readme_and_the_map_lead_to_every_guide():
    readme, index = prose(PROJECT / "README.md"), prose(NBS / "index.ipynb")
    missing = [path.name for path in GUIDES
               if f"(nbs/guides/{path.name})" not in readme or f"(guides/{path.name})" not in index]
    assert missing == []
