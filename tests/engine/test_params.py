"""One reading of params.yaml: what DVC locks, a notebook gets and a command reads is the same, and is checked."""

import shutil
from math import nan
from pathlib import Path

import papermill.iorw
import pytest
from click.testing import CliRunner
from dvc.utils.hydra import apply_overrides
from dvc.utils.serialize import load_yaml
from papermill.cli import papermill as papermill_cli

from clones import PROJECT, merged
from mlops_nb.base.errors import UserError
from mlops_nb.base.params import check_params, dump_yaml, flatten, read_params, read_yaml
from mlops_nb.data.own_file import prepare_run
from mlops_nb.operation.replay import operate
from mlops_nb.registry.champion import rollback
from mlops_nb.registry.incumbent import main as fetch_incumbent
from mlops_nb.workbench.tune import search

PARAMS, SCHEMA = read_params(PROJECT), read_yaml(PROJECT / "params.schema.yaml")
NUMBERS = [name for name, value in flatten(PARAMS) if type(value) in (int, float)]
FREE = ("train.models.", "train.search_space.", "register.floors.", "register.ceilings.")  # any number may stand there
VALUES = ["010", "1_000", "1e-4", "1E3", "12:30", "on", "No", "0o17", "0x1F", "~", ".5", "+7", "'1e-4'", "2026-04-01",
          "{lr: 1e-4, hidden: [64, 1e2], kind: 'on', day: '2026-04-01'}", "[010, off]"]


def changed(name: str, value: object) -> dict:
    """The committed parameters with one value changed."""
    *sections, last = name.split(".")
    params = merged(PARAMS, {})
    table = params
    for section in sections:
        table[section] = dict(table[section])
        table = table[section]
    table[last] = value
    return params


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A folder with the project's stages, parameters and schema."""
    for name in ("dvc.yaml", "params.yaml", "params.schema.yaml"):
        shutil.copy(PROJECT / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("written", VALUES)
def test_a_notebook_gets_what_dvc_has_read(tmp_path, monkeypatch, written):
    (tmp_path / "dvc.yaml").write_text("stages: {toy: {cmd: papermill, params: [value]}}")
    (tmp_path / "params.yaml").write_text(f"value: {written}\n")
    monkeypatch.chdir(tmp_path)
    locked, got = load_yaml("params.yaml"), papermill.iorw.read_yaml_file("params://toy.yaml")
    assert got == read_params() == (locked if written != "2026-04-01" else {"value": str(locked["value"])})


@pytest.mark.parametrize("written", ["1e-4", "0.0001", "1.0e-4"])
def test_a_number_given_to_dvc_is_that_number(project, written):
    apply_overrides("params.yaml", [f"train.models.neural_network.learning_rate={written}"])  # as `dvc exp run -S` does
    assert read_params()["train"]["models"]["neural_network"]["learning_rate"] == 0.0001
    assert papermill.iorw.read_yaml_file("params://train.yaml")["models"] == load_yaml("params.yaml")["train"]["models"]


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_is_checked_by_its_dotted_name(name):
    for wrong in [nan, "1e-4", "7"] + [-10**12] * (not name.startswith(FREE)):
        with pytest.raises(UserError, match=name):
            check_params(changed(name, wrong), SCHEMA)


@pytest.mark.parametrize("name, value, message", [
    ("alert_budget", 0, "alert_budget is out of range"), ("alert_budget", 20.5, "give a whole number, at least 1"),
    ("false_alarm_cost", -10, "false_alarm_cost is out of range"), ("seed", 10**400, "seed is out of range"),
    ("monitor.decay", 1.4, "monitor.decay is out of range"), ("monitor.decai", 1, "did you mean 'decay'?"),
    ("alert_budgte", 3, "did you mean 'alert_budget'?"), ("operate", {}, "no operate.drifts"),
    ("ingest.drifts", [{"kind": "web", "date": "2026-03-20", "size": 0}], "ingest.drifts.0.size is out of range"),
    ("clean.engine", "sparc", "did you mean 'spark'?"), ("as_of", "1.2.2026", "as_of is no date"),
    ("time_zone", "Europe/Berlni", "did you mean 'Europe/Berlin'?"), ("alert_budget", None, "has the wrong type"),
    ("register.floors.by_channel.web.roc_auc", "0.6", "register.floors.by_channel.web.roc_auc has the wrong type"),
    ("train.models.xgboost.learning_rate", "1e-4", "train.models.xgboost.learning_rate has the wrong form"),
], ids=str)
def test_a_stage_does_not_begin_with_what_makes_no_sense(project, name, value, message):
    (project / "params.yaml").write_text(dump_yaml(changed(name, value)))
    done = CliRunner().invoke(papermill_cli, ["any.ipynb", "reports/runs/ingest.ipynb", "-f", "params://ingest.yaml"])
    assert done.exit_code == 1 and message in done.output and "Traceback" not in done.output


@pytest.mark.parametrize("command", [
    lambda: prepare_run("own.csv"), lambda: operate(), lambda: search(Path(), [], 1, 1),
    lambda: rollback("why", Path()), fetch_incumbent], ids=["make run", "operate", "tune", "rollback", "incumbent"])
def test_a_command_checks_all_of_it_before_it_does_anything(project, command, capsys):
    (project / "params.yaml").write_text(dump_yaml(changed("alert_budget", -3)))
    (project / "own.csv").write_text("time,card,terminal,amount,is_fraud\n2026-01-01 10:00,a,t,1,0\n")
    with pytest.raises((UserError, SystemExit)) as refused:
        command()
    assert "alert_budget is out of range" in str(refused.value) + capsys.readouterr().err
    assert {path.name for path in project.iterdir()} == {"dvc.yaml", "params.yaml", "params.schema.yaml", "own.csv"}
