"""The documentation site: every chapter is a page, with signatures and a search; no link is dead; it works offline."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from fastcore.docments import docments

from clones import PROJECT
from mlops_nb.benches.dashboard import CHROMIUM, FLAGS
from mlops_nb.registry.incumbent import fetch_bundle

pytestmark = pytest.mark.long
NBS = PROJECT / "nbs"
CHAPTERS = [path.relative_to(NBS) for path in sorted(NBS.glob("library/**/*.ipynb")) if "#| export" in path.read_text()]
GUIDES = [path.relative_to(NBS) for path in sorted(NBS.glob("guides/*.ipynb"))]
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src"}  # what a browser fetches by itself


class Page(HTMLParser):
    """A page's links, anchors, words, and what it loads."""

    def __init__(self, file: Path):
        super().__init__()
        self.links, self.loads, self.anchors, self.words = [], [], set(), []
        self.feed(file.read_text(encoding="utf-8"))
        self.text = " ".join("".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.anchors |= {values[name] for name in ("id", "name") if values.get(name)}
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag == "link" and values.get("rel") in ("stylesheet", "icon", "preload", "preconnect", "modulepreload"):
            self.loads.append(values["href"])
        if tag in LOADED and values.get(LOADED[tag]):
            self.loads.append(values[LOADED[tag]])

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def site(make_clone) -> Path:
    """The site, built in a copy of the project."""
    clone = make_clone()
    clone.run("make", "docs")
    assert clone.run("git", "status", "--porcelain").stdout == ""
    return clone.folder / "_docs"


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Page]:
    """Its pages, by file."""
    return {file: Page(file) for file in site.rglob("*.html")}


def test_every_chapter_and_guide_is_a_page(pages, site):
    assert len(CHAPTERS) > 90
    missing = [name for name in [*CHAPTERS, *GUIDES] if site / name.with_suffix(".html") not in pages]
    assert missing == []
    assert site / "index.html" in pages


def test_a_function_has_its_signature_and_what_is_said_of_its_parameters(pages, site):
    page = pages[site / "library/registry/50_incumbent.html"]
    assert "fetch_bundle" in page.anchors
    assert "fetch_bundle(bundle: str, out: str | Path, project: str | Path = '.') -> None" in page.text
    said = docments(fetch_bundle, returns=True)
    assert fetch_bundle.__doc__ in page.text and list(said) == ["bundle", "out", "project", "return"]
    for name, text in said.items():
        assert f"{name.replace('return', 'returns')} {text}" in page.text, name


def test_a_class_has_its_parameters_and_methods(pages, site):
    page = pages[site / "library/benches/75_operation.html"]
    assert {"Year", "Year.model"} <= page.anchors
    for text in ("class Year(params: dict[str, Any], start: str, end: str)",
                 "as params.yaml has them, with the bank's seed",
                 "Year.model(day: str) -> tuple[TrainedModel, ModelInUse]"):
        assert text in page.text, text


def test_plumbing_is_left_out(pages, site):
    text = pages[site / "library/base/40_params.html"].text
    assert "change_params" in text and "test_eq(numbers_by_name" in text
    assert "from fastcore.test import" not in text
    directive = re.compile(r"#\| ?(default_exp|export|hide)\b")
    told = [file for file, page in pages.items() if directive.search(page.text)]
    assert {file.parent.name for file in told} <= {"workbench"}  # its chapters speak of directives


def test_the_search_knows_every_page(pages, site):
    index = json.loads((site / "search/search_index.json").read_text())
    indexed = {entry["location"].partition("#")[0] for entry in index["docs"]}
    missing = [str(name) for name in [*CHAPTERS, *GUIDES] if str(name.with_suffix(".html")) not in indexed]
    assert missing == []
    assert (site / "search/search_index.js").exists()  # for a page that is opened as a file


def test_nothing_is_loaded_from_outside(pages, site):
    loaded = {(file.name, address) for file, page in pages.items() for address in page.loads}
    assert {each for each in loaded if re.match(r"([a-z]+:)?//", each[1])} == set()
    styles = "".join(file.read_text(encoding="utf-8") for file in site.rglob("*.css"))
    assert re.findall(r"(?:url\(|@import )[\"']?(?:https?:)?//[^)]*", styles) == []


def test_no_link_is_dead(pages, site):
    dead = []
    for file, page in pages.items():
        for link in [*page.links, *page.loads]:
            if re.match(r"[a-z]+:", link) or file.name == "404.html":
                continue
            address, _, anchor = unquote(link).partition("#")
            target = (file.parent / address).resolve() if address else file
            if not target.is_file() or anchor and target in pages and anchor not in pages[target].anchors:
                dead.append((str(file.relative_to(site)), link))
    assert dead == []


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium")
def test_a_page_opened_as_a_file_can_be_searched_and_fits_a_phone(site):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page, asked = browser.new_page(viewport={"width": 1200, "height": 800}), []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((site / "index.html").as_uri())
        page.click("input.md-search__input")
        page.keyboard.type("fetch_bundle", delay=50)
        page.click(".md-search-result a[href*='50_incumbent.html'][href$='#fetch_bundle']")
        page.wait_for_selector("h3#fetch_bundle")
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert [url for url in asked if not url.startswith("file:")] == []
        browser.close()


def test_a_dead_link_stops_the_build(make_clone):
    clone = make_clone()
    notebook = clone.folder / "nbs/guides/20_own_data.ipynb"
    notebook.write_text(notebook.read_text().replace("/20_mapping.ipynb", "/21_mapping.ipynb"))
    done = clone.run("make", "docs", check=False)
    assert done.returncode and "21_mapping.ipynb" in done.stdout
