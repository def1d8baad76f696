"""Every number on a page stands in a record, and what has one name has one value, on every page, in every language."""

import json
import re
from collections import defaultdict
from contextlib import chdir
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mlops_nb.base.schemas import read_record
from mlops_nb.monitoring.watch import QUESTIONS
from mlops_nb.pages.records import VERDICT
from mlops_nb.pages.site import DASHBOARDS, all_pages
from mlops_nb.words.language import LANGUAGES, Language
from mlops_nb.words.verdict import sentences
from records import write_run

pytestmark = pytest.mark.slow
RECORDS = ("clean/quality", "evaluate/metrics", "register/decision", "drift/verdict", "alerts/alerts", "operate/story")
NUMBER = re.compile(r"[+-]?\d+(?:,\d{3})*(?:\.\d+)?%?")


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose settings are no usual ones: 9 days, 11 cards, 8 days of label delay."""
    return write_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module", params=LANGUAGES)
def pages(request, run_folder: Path) -> tuple[Language, dict[str, str]]:
    """Every page in a language."""
    with chdir(run_folder):
        return Language(request.param), all_pages(Language(request.param), DASHBOARDS)


class Cells(HTMLParser):
    """What a reader sees of a page: its text without the look, and its tables' cells by row and column."""

    def __init__(self, page: str):
        super().__init__()
        self.text, self.cells, self.row, self.column, self.hidden = [], [], "", None, False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.hidden = self.hidden or tag in ("style", "code", "head")
        if tag == "th" and ("scope", "row") in attributes:
            self.row, self.column = "", "row"
        if tag == "td":
            self.column = dict(attributes)["data-title"]
            self.cells.append([self.row, self.column, ""])

    def handle_endtag(self, tag):
        if tag in ("style", "code", "head"):
            self.hidden = False
        if tag in ("th", "td"):
            self.column = None

    def handle_data(self, data):
        if self.hidden:
            return
        self.text.append(data)
        if self.column == "row":
            self.row += data
        elif self.column is not None:
            self.cells[-1][2] += data


def values_in(record) -> set[float]:
    """Every number of a record, and the length of every list and table."""
    if isinstance(record, dict):
        return {float(len(record))}.union(*map(values_in, record.values()))
    if isinstance(record, list):
        return {float(len(record))}.union(*map(values_in, record))
    return {float(record)} if isinstance(record, (int, float)) else set()


def written(language: Language, value: float) -> set[str]:
    """The ways in which a page may write a number of a record."""
    decimals = {language.decimal(scaled, digits, signed)
                for scaled in (value, 100 * value, value / 100) for digits in range(5) for signed in (False, True)}
    return (decimals | {language.percent(value, digits) for digits in range(3)}
            | {language.number(value)} | {language.decimal(abs(value), 1)})


def without_days(text: str) -> str:
    """The text less days, times of day, files, hashes and the record's own names."""
    text = re.sub(r"\d{1,2} [A-Z][a-z]{2,} \d{4}|\d{4}年\d{1,2}月\d{1,2}日|\d{4}-\d{2}(?:-\d{2})?|"
                  r"\d{1,2}:\d{2}(?::\d{2})?", " ", text)
    return re.sub(r"\b[0-9a-f]{8}\b|\w+\.dir|reports/\S+|c?[0-9a-f]{7,}", " ", text)


def test_every_number_on_a_page_stands_in_a_record_or_in_a_message(run_folder: Path, pages) -> None:
    language, shown = pages
    records = [json.loads((run_folder / f"reports/{name}.json").read_text()) for name in RECORDS]
    records += [json.loads(line) for line in (run_folder / "reports/record.jsonl").read_text().splitlines()]
    known = set().union(*map(values_in, records))
    quality, figures = records[0], records[3]["since"]["figures"]
    known |= {quality["received"] - quality["quarantined"], 1 / figures["precision_at_budget"], 0.95}
    allowed = set().union(*(written(language, value) for value in known))
    messages = (Path(__file__).parents[2] / f"nbs/library/words/messages/{language.code}.ftl").read_text()
    allowed |= {number for line in messages.splitlines() if not line.startswith("#")
                for number in NUMBER.findall(re.sub(r"\{[^{}]*\}", "", line))}
    for name, page in shown.items():
        if not name.startswith("evidence"):
            for number in NUMBER.findall(without_days(" ".join(Cells(page).text))):
                assert number in allowed or number.lstrip("+-") in allowed, f"{number} on {name}"


def test_each_question_of_the_record_is_answered_in_a_sentence(run_folder: Path, pages) -> None:
    answered = sentences(pages[0], read_record(run_folder / VERDICT))
    assert tuple(answered) == QUESTIONS and all(answered.values())


def test_sentences_follow_each_other_without_a_space_in_chinese(pages) -> None:
    language, texts = pages
    for name, page in texts.items() if language.code == "zh" else ():
        text = "".join(Cells(page).text)
        assert "。" in text and re.findall(r".{0,12}[。？！；：] +[^\s·].{0,8}", text) == [], name


def test_a_knob_is_not_written_into_the_words(pages) -> None:
    language, shown = pages
    text = " ".join(" ".join(Cells(page).text) for name, page in shown.items() if not name.startswith("evidence"))
    if language.code == "en":
        assert "last 9 days" in text and "11 a day" in text and "no report in 8 days" in text and "last 28 days" in text
        assert "last 7 days" not in text.replace("with this card in the last 7 days", "").replace(
            "with the card in the last 7 days", "")


def test_what_has_one_name_has_one_value(pages) -> None:
    language, shown = pages
    by_name = defaultdict(set)
    for name, page in shown.items():
        for row, column, value in Cells(page).cells:
            if not name.startswith(("evidence", "alerts", "quality")) and not value.startswith("✓") and column:
                by_name[row.strip(), column].add(value)
    assert {key: values for key, values in by_name.items() if len(values) > 1} == {}


def without_interval(cell: str) -> str:
    """A figure less the interval in brackets after it."""
    return re.split(r" ?[(（]", cell)[0]


def test_the_models_figures_are_the_same_wherever_they_are_shown(run_folder: Path, pages) -> None:
    language, shown = pages
    cells = {(name, row.strip(), column): value
             for name, page in shown.items() for row, column, value in Cells(page).cells}
    of_test = language("figures-title.test")
    precision, everything = language.named("figure", "precision"), language("card-figures.all")
    newest = language("rivals-title.newest", model="XGBoost")
    in_three_places = {without_interval(cells[place]) for place in (
        ("model", precision, of_test), ("model", precision, newest), ("model_card", everything, precision))}
    assert len(in_three_places) == 1, in_three_places
    found = json.loads((run_folder / "reports/drift/verdict.json").read_text())
    detected = language.figure("recall_at_budget", found["since"]["figures"]["recall_at_budget"])
    recall, since = language.named("figure", "recall_at_budget"), language("figures-title.since")
    assert detected in shown["overview"] and without_interval(cells["model", recall, since]) == detected
    saved = found["model"]["figures"]["decisions"]["budget"]["money_saved_per_day"]
    money = language.figure("money_saved_per_day", saved)
    assert (money in shown["overview"]
            and cells["model", language.named("figure", "money_saved_per_day"), newest] == money)
    assert cells["model_card", everything, language.named("figure", "money_saved_per_day")] == money


def test_the_report_and_the_verdict_agree(run_folder: Path) -> None:
    found = json.loads((run_folder / "reports/drift/verdict.json").read_text())
    report = (run_folder / "reports/drift/report.html").read_text()
    assert (("Dataset Drift is detected" in report) == (found["state"] == "drift")
            and "rift is detected for" in report or found["state"] == "quiet")


def test_nothing_needs_to_be_done_is_not_said_while_a_model_waits(run_folder: Path, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    for file, change in (("drift/verdict", {"health": "fine"}), ("register/decision", {"verdict": "proposed"})):
        path = folder / f"reports/{file}.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with chdir(folder):
        page = all_pages(Language(), DASHBOARDS)["overview"]
    assert ("Nothing needs to be done" not in page and "A new model waits for approval" in page
            and "● The model waits for approval" in page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_broken_record_is_said_in_red_and_nothing_that_rests_on_it_is_shown(tmp_path: Path, language: str) -> None:
    folder = write_run(tmp_path / "run")
    (folder / "reports/operate/story.png").write_bytes(b"png")
    record, words = folder / "reports/record.jsonl", Language(language)
    whole = [overview(folder, words)]
    record.write_text(record.read_text().replace("2026-03-14", "2026-03-13"))
    whole.append(overview(folder, words))
    for told, is_shown in ((words("broken"), (False, True)), (words.day("2026-03-25"), (True, False)),
                           ('class="answer drift"', (True, True)), ("data:image/png;base64,cG5n", (True, False)),
                           (words("saved.months"), (True, False))):
        assert tuple(str(told) in page for page in whole) == is_shown, told


def overview(folder: Path, language: Language) -> str:
    with chdir(folder):
        return str(all_pages(language, DASHBOARDS)["overview"])
