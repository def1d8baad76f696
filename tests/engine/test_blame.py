"""Only an access that was tried is told as one."""

import os
import subprocess
import sys

import pytest

from mlops_nb.engine.failure import cause
from mlops_nb.engine.kernel import Guard, _check_error, _check_files, check_command, file_states


@pytest.fixture
def guard(tmp_path, monkeypatch):
    """A working tree with undeclared files, and the empty folder in which the stage runs."""
    for name in ("params.yaml", "docs/labels.md", "rows/day/more", "secret.csv", "my data.csv", "bank.py"):
        file = tmp_path / "tree" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("raise OSError('cannot open params.yaml')")
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path / "folder")
    tree, folder = str(tmp_path / "tree"), str(tmp_path / "folder")
    guard = Guard("toy", tree, folder, folder, reads=[], writes=[], visible=[])
    yield guard
    os.close(guard.tree_descriptor)


def ran(source: str, filename: str = "<ipython-input-1>") -> Exception:
    try:
        exec(compile(source, filename, "exec"), {"subprocess": subprocess, "os": os, "sys": sys})
    except Exception as error:
        return error


MENTIONS = [
    "raise ValueError('threshold must be below 1: correct it in params.yaml')",
    "raise RuntimeError('nothing to learn from, see docs/labels.md')",
    "raise ValueError('too few rows/day in data')", "int('rows/day')", "{}['rows/day']",
    "raise FileNotFoundError('no such file as params.yaml describes')",
    "try: raise OSError('cannot open params.yaml')\nexcept OSError as e: raise ValueError('x') from e",
    "subprocess.run(['sh', '-c', 'exit 3 # see params.yaml'], check=True)",
    "import json; json.loads('params.yaml')",
]


@pytest.mark.parametrize("source", MENTIONS)
def test_an_error_that_mentions_a_file_accuses_nobody(guard, source):
    _check_error(guard, ran(source))
    assert not guard.violations


def test_an_error_of_a_module_of_the_tree_accuses_nobody(guard):
    _check_error(guard, ran("raise OSError('cannot open params.yaml')", f"{guard.tree}/bank.py"))
    assert not guard.violations


ATTEMPTS = {
    "os.stat('secret.csv')": "secret.csv", "os.readlink('my data.csv')": "my data.csv",
    "import duckdb; duckdb.sql(\"from 'secret.csv'\")": "secret.csv",
    "import duckdb; duckdb.sql(\"from read_csv('my*.csv')\")": "my data.csv",
    "import pyarrow.csv; pyarrow.csv.read_csv('secret.csv')": "secret.csv",
    "import pyarrow.parquet; pyarrow.parquet.read_table('secret.csv')": "secret.csv",
    "import xgboost; xgboost.Booster(model_file='secret.csv')": "secret.csv",
    "import ctypes\ntry: ctypes.CDLL('./secret.csv')\nexcept OSError as e: raise ValueError('no library') from e":
        "secret.csv",
    "subprocess.run('cat secret.csv', shell=True, check=True)": "secret.csv",
}


@pytest.mark.parametrize("source", ATTEMPTS)
def test_what_native_code_tried_is_named(guard, source):
    _check_error(guard, ran(source))
    assert guard.violations == [{"action": "read", "target": ATTEMPTS[source]}]


@pytest.mark.parametrize("command, target", [
    (["cat", "secret.csv"], "secret.csv"), (["sort", "--files=secret.csv"], "secret.csv"),
    ("cat 'my data.csv'", "my data.csv"),
    (["sh", "-c", "echo 1; sort<secret.csv"], "secret.csv"), (["python", "-c", "open('secret.csv')"], "secret.csv"),
    (["echo", "params.yaml"], None), ("echo see params.yaml > out", None), ("cat known # not params.yaml", None),
    (["git", "commit", "-m", "rows/day and params.yaml"], None), ("cd /; ls params.yaml", None),
    ("cat 2>&1 > secret.csv", None), ("cat it's", None)], ids=str)
def test_a_command_is_judged_by_whole_words(guard, command, target):
    try:
        check_command(guard, command)
    except PermissionError:
        pass
    assert [violation["target"] for violation in guard.violations] == [target] * bool(target)


def test_a_command_is_judged_where_it_runs(guard):
    with pytest.raises(PermissionError):
        check_command(guard, ["ls", "labels.md"], cwd="docs")
    assert guard.violations[0]["target"] == "docs/labels.md"


def test_nobody_is_told_to_depend_on_all_parameters():
    message = {"violations": [{"action": "read", "target": "params.yaml"}]}
    assert "deps" not in cause(message, "toy") and "params" in cause(message, "toy")


def test_a_linked_input_that_an_editor_changed_was_not_written_by_the_stage(guard):
    os.link(f"{guard.tree}/secret.csv", "secret.csv")
    before = file_states(guard)
    with open(f"{guard.tree}/secret.csv", "a") as edited:
        edited.write("more")
    _check_files(guard, before)
    assert not guard.violations
    before = file_states(guard)
    os.replace(f"{guard.tree}/bank.py", "secret.csv")
    _check_files(guard, before)
    assert guard.violations == [{"action": "wrote", "target": "secret.csv"}]
