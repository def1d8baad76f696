"""Evidence says what happened and nothing else: the same bytes for the same result, and no other byte touched."""

import base64
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from mlops_nb.engine.evidence import normalise, without_places
from mlops_nb.engine.kernel import Shell

TREE = Path("/home/me/project")


@contextmanager
def engines_shell() -> Iterator[Shell]:
    """The engine's shell as IPython's only one; whatever other there is, another test's, comes back."""
    kept = {kind: kind._instance for kind in Shell._walk_mro()}
    for kind in kept:
        kind._instance = None
    try:
        yield Shell.instance()
    finally:
        for kind, instance in kept.items():
            kind._instance = instance


def evidence(*sources: str) -> list:
    """The outputs of cells that were run by the engine's shell, as the evidence has them."""
    cells = []
    with engines_shell() as shell:
        for position, source in enumerate(sources):
            shell.run(source)
            outputs = [nbformat.from_dict(output) for output in shell.outputs.of_cell(position)]
            cells.append(new_code_cell(source, outputs=outputs, id=f"cell{position}"))
    return [cell.outputs for cell in normalise(new_notebook(cells=cells), TREE).cells]


@pytest.mark.parametrize("home", ["/", "//", "", ".", "/home/me/"])
def test_the_root_is_no_place(monkeypatch, home):
    monkeypatch.setenv("HOME", home)
    text = "frauds / payments = 1 / 100, a // b, https://bank.example/. No more."
    assert without_places(text, [Path("/")]) == text
    assert without_places("in /home/me/project/data.", [TREE]) == "in ./data."


PICTURE = base64.b64encode(bytes(range(256)) * 9).decode()
UNTOUCHED = [
    "0xdeadbeef is a colour", "backup/home/me/project", "/home/me/projects", "/home/me/project-2",
    f'<img src="data:image/png;base64,{PICTURE}/home/me/project+at">', "https://bank.example/home/me/project",
]


@pytest.mark.parametrize("text", UNTOUCHED, ids=range(len(UNTOUCHED)))
def test_what_only_looks_like_a_place_is_left(monkeypatch, text):
    monkeypatch.setenv("HOME", "/home/me/home")
    assert without_places(text, [TREE]) == text


def test_data_are_left_as_they_are(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    data = {"image/png": "/home/me/project/x", "application/json": {"folder": "/home/me/project"},
            "image/svg+xml": "<svg at 0x7fec6f4e/>", "text/html": "/home/me/project"}
    cell = new_code_cell("1", outputs=[new_output("display_data", data=dict(data))])
    [output] = normalise(new_notebook(cells=[cell]), TREE).cells[0].outputs
    assert output.data == data | {"text/html": "."}


def test_a_picture_is_whole_whether_shown_or_returned():
    picture = "from PIL import Image; picture = Image.new('RGB', (20, 20), 'red')"
    [_, [returned], [shown]] = evidence(picture, "picture", "display(picture)")
    for output in (returned, shown):
        png = base64.b64decode(output.data["image/png"], validate=True)
        assert Image.open(io.BytesIO(png)).convert("RGB").getpixel((0, 0)) == (255, 0, 0)


RESTLESS = [
    "import pandas; table = pandas.DataFrame({'a': [1]}).style.format('{:.1f}'); display(table, object()); table",
    "%%time\nprint('CPU bound'); sum(range(10**5))", "%timeit -n 2 -r 2 sum(range(100))", "x = %time 3\nx",
]


def test_clocks_and_chance_do_not_change_the_bytes():
    once, again = evidence(*RESTLESS), evidence(*RESTLESS)
    assert once == again
    assert re.findall('id="(T_[^_"]*)"', once[0][0].data["text/html"] + once[0][-1].data["text/html"]) == [
        "T_00000", "T_00001"]
    assert once[1][0].text == "CPU bound\nCPU times: …\nWall time: …\n"
    assert once[2][0].text == "… per loop\n"


def test_a_clock_that_the_stage_prints_itself_is_its_result():
    [[output]] = evidence("print('Wall time: 3 s')")
    assert output.text == "Wall time: 3 s\n"
