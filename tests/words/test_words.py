"""The message catalogues: every language says the same things, in its own words, and nothing is said that nobody
reads."""

import ast
import re
from pathlib import Path

import pytest
from fluent.syntax import FluentParser
from fluent.syntax import ast as fluent

from clones import PROJECT
from mlops_nb.data.cleaning import PLACES
from mlops_nb.data.schema import PROBLEMS, SUBJECTS, Report, Transaction
from mlops_nb.data.times import TIME_NOTES, TIME_PROBLEMS
from mlops_nb.evaluation.counts import RESTS_ON
from mlops_nb.evaluation.explanations import EARLIER_PAYMENTS
from mlops_nb.features.catalogue import CATALOGUE, WINDOWS
from mlops_nb.monitoring.alerts import FRAUD, GENUINE, PENDING
from mlops_nb.monitoring.watch import QUESTIONS, STATES
from mlops_nb.operation.day import STEPS
from mlops_nb.registry.gate import DECISION_SCHEMA, decide
from mlops_nb.words.decision import check_sentences
from mlops_nb.words.language import LANGUAGES, Language
from mlops_nb.words.reasons import feature_name, quarantine_reason, reason, row_note

FOLDER = PROJECT / "nbs/library/words/messages"
OTHERS = [code for code in LANGUAGES if code != "en"]
FEATURES = [vars(feature) for feature in CATALOGUE]
SPEAKING = [*sorted((PROJECT / "mlops_nb/pages").glob("*.py")), *sorted((PROJECT / "mlops_nb/words").glob("*.py")),
            *sorted((PROJECT / "mlops_nb/integrations").glob("*.py")),
            *sorted((PROJECT / "nbs/dashboards").glob("*.ipynb"))]
ENGLISH = re.compile(r"(?:[A-Za-z'’]+[ ,;]+){3,}[A-Za-z'’]+")  # four words in a row


def patterns(language: str) -> dict[str, fluent.Pattern]:
    """Every message and attribute of a catalogue, by its key."""
    found = {}
    for entry in FluentParser().parse((FOLDER / f"{language}.ftl").read_text()).body:
        assert not isinstance(entry, fluent.Junk), entry.content
        if isinstance(entry, fluent.Message):
            found |= {entry.id.name: entry.value} if entry.value else {}
            found |= {f"{entry.id.name}.{attribute.id.name}": attribute.value for attribute in entry.attributes}
    return found


def variables(pattern: fluent.Pattern) -> set[str]:
    """What a message is filled with."""
    names = set()

    def visit(node):
        if isinstance(node, fluent.VariableReference):
            names.add(node.id.name)
        for value in vars(node).values():
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, fluent.BaseNode):
                    visit(child)

    visit(pattern)
    return names


@pytest.mark.parametrize("language", OTHERS)
def test_languages_say_the_same_and_are_filled_with_the_same(language: str) -> None:
    english, other = patterns("en"), patterns(language)
    assert english.keys() == other.keys()
    plural = {"number"}  # a language without plurals may do without the selector, not without the number
    assert ({key: variables(pattern) | plural for key, pattern in english.items()}
            == {key: variables(pattern) | plural for key, pattern in other.items()})


def texts(language: str) -> list[str]:
    """The lines of a catalogue that are said, without what is filled in."""
    lines = [line for line in (FOLDER / f"{language}.ftl").read_text().splitlines()
             if line and not line.startswith("#")]
    return [re.sub(r"\{[^{}]*\}", "{}", line.partition("=")[2] or line) for line in lines]


def test_chinese_is_what_a_banks_staff_would_write() -> None:
    said = "\n".join(texts("zh"))
    for other in ("付款", "诚实", "关卡", "取款机", "警报", "搁置", "年龄", "衰退"):
        assert other not in said
    assert re.findall(r"[，。：；？！、（）“”][ ,.;:?!]", said) == []
    assert re.findall(r"[\u4e00-\u9fff][,;?!]", said) == []
    assert not [line for line in said.splitlines() if ENGLISH.search(line)]


def test_no_message_is_left_over() -> None:
    sources = "\n".join(path.read_text() for path in SPEAKING).replace("\\", "").replace("'", '"')
    literal = {node.value for path in SPEAKING if path.suffix == ".py" for node in ast.walk(ast.parse(path.read_text()))
               if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    made = set(re.findall(r'"([a-z_]+)-\{', sources))  # kind-{name}
    made |= set(re.findall(r'named\("([a-z_]+)"', sources))  # named("kind", …)
    made |= set(re.findall(r'_against_baseline\(language, "([a-z]+)"', sources))  # {kind}-{because}
    attributes = set(re.findall(r'"([a-z_-]+)\.\{', sources))  # message.{name}
    ends = set(re.findall(r'\}\.([a-z_]+)"', sources))  # {…}.attribute

    def used(key: str) -> bool:
        message, _, attribute = key.partition(".")
        return (key in literal or f'"{key}"' in sources
                or message.partition("-")[0] in made and (not attribute or attribute in ends)
                or message in attributes and bool(attribute) or bool(attribute) and attribute in ends)

    referred = set(re.findall(r"\{ ([a-z]+-[a-z_]+) \}", (FOLDER / "en.ftl").read_text()))
    assert [key for key in patterns("en") if not used(key) and key not in referred] == []
    assert not used("page-nobody.reads") and not used("nobody_reads")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_feature_has_a_name_and_its_values_a_reason(language: str) -> None:
    words = Language(language)
    for feature in FEATURES:
        assert feature_name(words, feature["name"], FEATURES) != feature["name"].replace("_", " ").capitalize()
        for value in (0.0, 0.3, 1.0, 2.5, 3.0, 6.0, 720.0, 12345.0):
            if (feature["unit"] == "weekday" and value not in (0, 1, 3, 6)
                    or feature["unit"] in ("share", "yes_no") and value > 1):
                continue
            of = 12.0 if feature["share_of"] else None
            told = reason(words, {"feature": feature["name"], "value": value, "of": of}, FEATURES)
            assert not re.search(r"\d\.\d{3,}|_", told), told
            assert language == "en" or not re.search(r"[a-z]{4,}", told.replace("ATM", "")), told
    assert reason(words, {"feature": EARLIER_PAYMENTS, "value": None, "of": None}, FEATURES)
    assert all(words.has(f"window-{window}") for window in WINDOWS)


def quarantine_codes() -> set[str]:
    """Every reason for which a row may be quarantined: the schema's checks, and the codes of readers and cleaning."""
    columns = [(SUBJECTS.get(name, name), column)
               for model in (Transaction, Report) for name, column in model.to_schema().columns.items()]
    codes = {f"{subject}.{problem}" for subject, column in columns
             for problem in ["missing", *(PROBLEMS[check.name] for check in column.checks)]}
    codes |= {f"{subject}.{problem}" for subject in ("time", "reported_at") for problem in TIME_PROBLEMS}
    codes |= {f"{subject}.unreadable" for _, subject in PLACES.values()}
    for module in ("readers", "cleaning"):
        source = (PROJECT / f"mlops_nb/data/{module}.py").read_text()
        codes |= set(re.findall(
            r"""["']((?:file|row|time|amount|currency|given|is_fraud|reported_at|transaction_id|report)\.[a-z_0-9]+)["']""",
            source))
    return codes


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_for_quarantine_and_every_note_is_a_sentence(language: str) -> None:
    codes = quarantine_codes()
    assert {"file.empty", "row.field_count", "amount.too_small", "time.not_on_clocks",
            "report.unknown_transaction"} <= codes
    notes = [f"{subject}.{note}" for subject in ("time", "reported_at") for note in TIME_NOTES]
    for told in [*(quarantine_reason(Language(language), code) for code in codes),
                 *(row_note(Language(language), code) for code in notes)]:
        assert "_" not in told and "." not in told, told


def decisions() -> list[dict]:
    """What the gate may decide: every check, passed and failed."""
    figures = {"average_precision": 0.5, "frauds": 30, "by_channel": {"atm": {"roc_auc": 0.5}},
               "decisions": {"budget": {"false_alarms_per_1000_customers": None}}}
    gain = {"difference": 0.02, "interval": [-0.01, 0.05], "least": 0.01, "probability": 0.7, "confidence": 0.95,
            "frauds": 30, "resamples": 9}
    ceilings = {"decisions": {"budget": {"false_alarms_per_1000_customers": 1}}}
    compared = (None, {"same": True}, {"same": False, "gain": gain, "learned_days": 3, "days": 7},
                {"same": False, "gain": gain | {"probability": 0.99}, "learned_days": 0, "days": 7},
                {"same": False, "gain": gain | {"probability": None, "interval": None}, "learned_days": 0, "days": 7})
    return [decide("xgboost", figures | {"frauds": frauds},
                   {"average_precision": floor, "by_channel": {"atm": {"roc_auc": floor}}},
                   ceilings | {"average_precision": floor}, "auto", each)
            for floor in (0.2, 0.9) for frauds in (30, 2) for each in compared]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_check_of_the_gate_is_a_sentence(language: str) -> None:
    checks = [check for decision in decisions() for check in decision["checks"]]
    known = DECISION_SCHEMA["properties"]["checks"]["items"]["properties"]["check"]["enum"]
    assert {check["check"] for check in checks} == {*known}
    for told in check_sentences(Language(language), checks):
        assert "_" not in told and (language == "en" or not ENGLISH.search(told)), told


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_a_record_has_its_words(language: str) -> None:
    words = Language(language)
    kinds = {"state": STATES, "health": STATES, "question": QUESTIONS, "outcome": (FRAUD, GENUINE, PENDING),
             "rule": ("beginning", "drift", "decay", "age", "rules"),
             "decision": (*STEPS, "approved", "promoted", "rolled-back"),
             "few": {*RESTS_ON.values()},
             "performance": ("no_frauds", "few_frauds", "no_baseline", "few_baseline", "held", "decayed", "missed"),
             "estimate": ("no_frauds", "no_baseline", "few_baseline", "held", "decayed"),
             "standing": ("promoted", "proposed", "champion", "no_better", "kept"),
             "kind": ("missing", "outlier", "duplicate", "card_number", "format")}
    unsaid = [f"{kind}-{name}" for kind, names in kinds.items() for name in names if not words.has(f"{kind}-{name}")]
    assert unsaid == []


def test_no_stage_depends_on_a_sentence() -> None:
    stages = (PROJECT / "dvc.yaml").read_text()
    assert "mlops_nb/words" not in stages and "mlops_nb/pages" not in stages


def test_no_sentence_hangs_on_another() -> None:
    """No logic looks for English words in a text, and none replaces them."""
    for path in Path(PROJECT / "mlops_nb").rglob("*.py"):
        assert not re.search(r'\.said\(|SAYINGS|in feature\.sql|startswith\("of "\)', path.read_text()), path
