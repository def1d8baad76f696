"""Two frauds, both found, are nowhere said to be 100 %: not on a page, on the terminal or in a message."""

import json
import re
from contextlib import chdir
from pathlib import Path

import pytest

from mlops_nb.integrations.notification import run_message
from mlops_nb.pages.site import DASHBOARDS, all_pages
from mlops_nb.pages.summary import summary
from mlops_nb.registry.gate import DECISION_SCHEMA, decide
from mlops_nb.words.language import LANGUAGES, Language
from mlops_nb.words.verdict import sentences
from records import write, write_run

CERTAIN = re.compile(r"(?<![\d.,])100(?:\.0)?%|(?<![\d.,])1\.000(?!\d)")  # of a share, and of a ranking
SAID = {"en": "too few to judge", "zh": "数量过少，无法判断"}


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with two frauds on its test window and two since, each of them at the head of the queue."""
    folder = write_run(tmp_path_factory.mktemp("run"), frauds=2)
    figures = json.loads((folder / "reports/register/decision.json").read_text())["figures"]
    write(decide("xgboost", figures, {"average_precision": 0.2}, {}, "propose"), DECISION_SCHEMA,
          folder / "reports/register/decision.json")
    return folder


def text_of(page: str) -> str:
    """The words of a page."""
    return re.sub(r"<[^>]*>", " ", re.sub(r"<style.*?</style>", "", page, flags=re.DOTALL))


def without_meanings(language: Language, text: str) -> str:
    """A page's text, less what each figure means: even a perfect model stays below 100 %."""
    return text.replace(language("figure-precision_at_budget.meaning", one_in="–"), "").replace(
        re.sub(r".*?[.。]", "", language("figure-precision_at_budget.meaning", one_in="1"), count=1), "")


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_page_says_a_hundred_per_cent(run_folder: Path, code: str) -> None:
    language = Language(code)
    with chdir(run_folder):
        shown = all_pages(language, DASHBOARDS)
    for name in ("overview", "model", "model_card"):
        text = without_meanings(language, text_of(shown[name]))
        assert SAID[code] in text, name
        assert not CERTAIN.search(text), (name, CERTAIN.search(text))
    overview = text_of(shown["overview"])
    assert language("detected-since.few", found=2, compromised=2) in overview
    assert language("check-too_few_frauds", frauds=2, least=10) in overview


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_message_says_that_two_are_too_few(run_folder: Path, code: str) -> None:
    language = Language(code)
    said = "\n".join(run_message(run_folder, language=language).lines)
    assert language("check-too_few_frauds", frauds=2, least=10) in said and not CERTAIN.search(said)
    verdict = json.loads((run_folder / "reports/drift/verdict.json").read_text())
    answered = sentences(language, verdict)["performance"]
    assert language("performance-few_frauds", found=2, frauds=2) in answered and not CERTAIN.search(answered)


def test_the_terminal_says_that_two_are_too_few(run_folder: Path) -> None:
    said = summary(run_folder)
    assert "The test window has 2 frauds: too few to judge." in said and not CERTAIN.search(said)
    assert "the test window has 2 frauds, too few to judge a model: it takes 10" in said and "make approve" in said
