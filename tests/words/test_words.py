"""The words of the pages: every language says the same things, and nothing is said that nobody reads."""
import re
from string import Formatter

import pandas as pd
import pytest

from clones import PROJECT
from mlops_nb.data.schema import SPOKEN, Report, Transaction
from mlops_nb.data.schema import WORDS as UNFIT
from mlops_nb.evaluation.explanations import PAST, in_words
from mlops_nb.features.catalogue import CATALOGUE
from mlops_nb.pages.templates import LANGUAGES, Words
from mlops_nb.registry.gate import decide

OTHERS = [language for language in LANGUAGES if language != "en"]
ENGLISH = re.compile(r"(?:[A-Za-z'’]+[ ,;]+){3,}[A-Za-z'’]+")  # four words in a row
SPEAKING = [*sorted((PROJECT / "mlops_nb/pages").glob("*.py")), *sorted((PROJECT / "nbs/dashboards").glob("*.ipynb"))]
SOURCES = "\n".join(path.read_text() for path in SPEAKING).replace("\\", "").replace("'", '"')


def braces(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", OTHERS)
def test_languages_say_the_same(language: str) -> None:
    english, other = LANGUAGES["en"].WORDS, LANGUAGES[language].WORDS
    assert english.keys() == other.keys()
    assert {key: braces(text) for key, text in english.items()} == {key: braces(text) for key, text in other.items()}
    assert not [key for key, text in other.items() if ENGLISH.search(text)]
    for known, told in LANGUAGES[language].SAYINGS.items():
        assert braces(told) <= braces(known), known


def used(key: str) -> bool:
    kind, _, name = key.rpartition(".")
    return f'"{key}"' in SOURCES or bool(kind) and any(part in SOURCES for part in (f'"{kind}.{{', f'("{kind}", ', f'}}.{name}"'))


def test_no_word_is_left_over() -> None:
    assert [key for key in LANGUAGES["en"].WORDS if not used(key)] == []
    assert not used("page_nobody.reads")


def reasons() -> list[str]:
    """What the catalogue's features say of payments, small, usual and large."""
    entries = [vars(feature) for feature in CATALOGUE]
    return [in_words(entry, pd.Series({feature.name: value for feature in CATALOGUE})) for entry in entries for value in (0, 0.3, 1, 2.5, 3, 6, 720, 12345.0)
            if (entry["unit"] != "day, Monday is 0" or value < 7) and (entry["unit"] != "share" or entry["share_of"] or value <= 1)]


def gate_reasons() -> list[str]:
    figures = {"average_precision": 0.5, "by_channel": {"atm": {"roc_auc": 0.5}}, "decisions": {"budget": {"false_alarms_per_1000_customers": None}}}
    gain = {"difference": 0.02, "interval": [-0.01, 0.05], "least": 0.01, "probability": 0.7, "confidence": 0.95, "resamples": 9}
    decided = [decide("xgboost", figures, {"average_precision": floor, "by_channel": {"atm": {"roc_auc": floor}}},
                      {"average_precision": floor, "decisions": {"budget": {"false_alarms_per_1000_customers": 1}}}, "auto", compared)
               for floor in (0.2, 0.9) for compared in (None, {"same": True}, {"same": False, "gain": gain, "learned_days": 3, "days": 7},
                                                        {"same": False, "gain": gain | {"probability": 0.99}, "learned_days": 0, "days": 7})]
    return [reason for each in decided for reason in each["reasons"]]


def unfit_rows() -> list[str]:
    told = [f"{SPOKEN.get(name, name)} {said}" for model in (Transaction, Report) for name, column in model.to_schema().columns.items()
            for said in ["is missing", *(UNFIT[check.name] for check in column.checks)]]
    return told + ["transaction_id came before", "the report came before", "it reports an unknown transaction", "amount is zero"]


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("sentences", [[feature.meaning for feature in CATALOGUE] + [PAST], reasons(), gate_reasons(), unfit_rows()],
                         ids=["meanings", "reasons", "gate", "cleaning"])
def test_what_records_say_is_said_in_every_language(language: str, sentences: list[str]) -> None:
    words = Words(language)
    untold = [sentence for sentence in sentences if re.search(r"[a-z]{3,} ", words.said(sentence).replace("average_precision", "").replace("roc_auc", ""))]
    assert not untold, "say these in SAYINGS of nbs/library/words: " + "; ".join(untold)
