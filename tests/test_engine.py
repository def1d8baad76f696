"""The engine on a terminal and in a log, as Papermill's command line runs it."""

import sys
from pathlib import Path

import nbformat
import pexpect
import pytest
from nbformat.v4 import new_code_cell, new_notebook

WORKING = "import sys; print('halfway', file=sys.stderr); print('answer')"


@pytest.fixture
def command(tmp_path) -> list[str]:
    """Papermill on a toy stage that speaks on stderr."""
    kernel = {"kernelspec": {"display_name": "python3", "language": "python", "name": "python3"}}
    nbformat.write(new_notebook(cells=[new_code_cell(WORKING)], metadata=kernel), tmp_path / "toy.ipynb")
    return ["-m", "papermill", "--engine", "stage", str(tmp_path / "toy.ipynb"), str(tmp_path / "runs/toy.ipynb")]


def test_progress_is_seen_on_a_terminal_and_leaves_no_trace_in_the_evidence(command):
    shown, status = pexpect.run(" ".join([sys.executable, *command]), withexitstatus=True, timeout=60, dimensions=(40, 110))
    assert status == 0
    assert b"halfway" in shown and b"1/1" in shown and b"toy: done" in shown
    [cell] = nbformat.read(command[-1], as_version=4).cells
    assert [output.text for output in cell.outputs] == ["answer\n"]


def test_a_log_is_not_flooded(command, tmp_path):
    log = tmp_path / "log"
    _, status = pexpect.run(f"sh -c '{sys.executable} {' '.join(command)} 2>{log}'", withexitstatus=True, timeout=60)
    assert status == 0
    assert "toy: done" in log.read_text() and "halfway" not in log.read_text() and "1/1" not in log.read_text()


def test_a_kernel_that_dies_is_a_failure(command, tmp_path):
    notebook = nbformat.read(tmp_path / "toy.ipynb", as_version=4)
    notebook.cells[0].source = "import os; os._exit(1)"
    nbformat.write(notebook, tmp_path / "toy.ipynb")
    shown, status = pexpect.run(" ".join([sys.executable, *command]), withexitstatus=True, timeout=60, cwd=str(tmp_path))
    assert status == 1
    assert b"stopped at cell 1" in shown and b"The kernel died" in shown and b"Traceback" not in shown
    assert not Path(command[-1]).exists()
    assert (tmp_path / "reports/failed/toy.ipynb").exists()
