"""Every stage notebook on its own defaults, through plain Papermill, in an empty folder."""

import json

import jsonschema
import papermill
import pytest

from clones import PROJECT, Clone

pytestmark = [pytest.mark.slow, pytest.mark.long]


def test_stages_run_on_their_defaults(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    (tmp_path / "home").mkdir()
    folder = Clone(tmp_path / "empty")
    for name, value in (("PYTHONPATH", str(PROJECT)), ("HOME", folder.env["HOME"])):
        folder.env[name] = value
        monkeypatch.setenv(name, value)
    (folder.folder / "params.yaml").write_text("register: {incumbent: null}\ntrust: {keys: {}}")
    folder.run("mlops-incumbent")
    for stage in ("ingest", "clean", "featurize", "snapshot", "train", "evaluate", "register", "monitor"):
        source, executed = PROJECT / f"nbs/stages/{stage}.ipynb", tmp_path / f"{stage}.ipynb"
        papermill.execute_notebook(source, executed, progress_bar=False, cwd=folder.folder)
    verdict = json.loads((folder.folder / "reports/drift/verdict.json").read_text())
    jsonschema.validate(verdict, json.loads((folder.folder / "reports/drift/verdict.schema.json").read_text()))
    # by the defaults of ingest, prices go up on that day
    assert verdict["state"] == "drift" and verdict["onset"] == "2026-01-28"
    assert verdict["answers"]["input"] == {"state": "attention", "because": ["changed"]}
