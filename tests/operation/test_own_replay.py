"""A replay on a user's own data: a model that does not pass, a period too short to judge, and what is refused."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from clones import SMALL, Clone, merged
from days import Run, stages
from mlops_nb.base import run_folders
from mlops_nb.base.errors import UserError
from mlops_nb.base.params import change_params, read_params
from mlops_nb.base.record import read_entries
from mlops_nb.integrations import day as day_command
from mlops_nb.integrations import operate as operate_command
from mlops_nb.operation import day, replay
from mlops_nb.operation.replay import operate
from mlops_nb.simulation.population import make_bank
from mlops_nb.simulation.simulator import simulate_day

STORY = "reports/operate/story.json"
SHORT = {"label_delay": 1, "train": {"train_days": 1, "test_days": 1, "validation_folds": 1}} # five days of history


@pytest.fixture
def run(tmp_path, monkeypatch) -> Run:
    """A run on ten day files, with stand-ins for the stages, whose models do not pass."""
    def refusing(folder: Path, *names: str) -> None:
        stages(folder, *names)
        few = {"check": "too_few_frauds", "passed": False, "frauds": 2, "least": 10}
        (folder / "reports/register/decision.json").write_text(json.dumps({"verdict": "kept", "checks": [few]}))

    for module in (day, replay):
        monkeypatch.setattr(module, "run_repro", refusing)
    monkeypatch.setattr(replay, "bank_data", lambda folder, end: None)
    monkeypatch.setattr(run_folders, "_dvc", lambda *_: None)
    return Run(tmp_path, SHORT)


def test_without_a_model_that_passes_it_goes_on_and_says_so(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(operate_command, "restart_pinned", lambda: None)
    operate_command.main(run="own")
    told = capsys.readouterr().out
    assert "No model has passed the gate" in told and "the test window has 2 frauds" in told
    steps = [(entry["day"][-2:], entry["kind"]) for entry in read_entries("runs/own-operate")]
    assert steps[:6] == [("06", "begin"), ("06", "retrain"), ("06", "keep"), ("07", "wait"), ("08", "retrain"),
                         ("08", "keep")]
    assert steps[-1][0] == "11"
    assert json.loads(Path("runs/own-operate", STORY).read_text())["ways"] == {"never retrained": {}, "the loop": {}}
    own, replayed = (read_params(f"runs/{name}") for name in ("own", "own-operate"))
    assert replayed["ingest"] == own["ingest"] and (own["as_of"], own["register"]["incumbent"]) == ("2026-03-11", None)


@pytest.mark.parametrize("given, told", [
    ({"start": "2026-03-05"}, "give FROM=2026-03-06 or later"), ({"end": "2026-05-01"}, "give TO=2026-03-11"),
    ({"start": "2026-03-10", "end": "2026-03-09"}, "ends before it begins"), ({"start": "soon"}, "FROM is no date"),
    ({"end": "2026-13-01"}, "TO is no date"), ({"run": "onw"}, "did you mean 'own'"),
    ({"name": "own"}, "belongs to another run")])
def test_what_cannot_be_replayed_is_refused(run, tmp_path, given, told):
    with pytest.raises(UserError, match=told):
        operate(**({"run": "own", "name": "none", "root": tmp_path} | given))
    assert not (tmp_path / "runs/none").exists()


def without_frauds(file: Path) -> None:
    file.write_text(re.sub(",1$", ",0", file.read_text(), flags=re.MULTILINE))


def test_a_replay_begins_when_there_are_frauds(run, tmp_path):
    first, *others = sorted(run.source.iterdir())
    without_frauds(first)
    with pytest.raises(UserError, match="FROM=2026-03-06, and data since 2026-03-01.\n.*give FROM=2026-03-07 or later"):
        operate(run="own", start="2026-03-06", root=tmp_path)
    for file in others:
        without_frauds(file)
    with pytest.raises(UserError, match="too short to replay it"):
        operate(run="own", root=tmp_path)


def test_other_rules_are_another_replay_and_other_data_are_not(run, tmp_path):
    operate(run="own", end="2026-03-08", root=tmp_path)
    change_params(run.params, "operate", {"models": ["forest"]})
    with pytest.raises(UserError, match="operate.models names a model that train.models lacks"):
        operate(run="own", root=tmp_path)
    change_params(run.params, "operate", {"models": ["xgboost"], "rest": 4})
    with pytest.raises(UserError, match="with other rules, operate"):
        operate(run="own", root=tmp_path)
    change_params(run.params, "operate", {"rest": 2})
    run.day_file(11)
    operate(run="own", end="2026-03-09", root=tmp_path)
    assert read_entries(tmp_path / "runs/operate")[-1]["day"] == "2026-03-09"


@pytest.mark.parametrize("main", [operate_command.main, day_command.main])
def test_outside_a_project_a_sentence_says_so(tmp_path, monkeypatch, capsys, main):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(operate_command, "restart_pinned", lambda: None)
    with pytest.raises(SystemExit):
        main()
    assert "There is no params.yaml here" in capsys.readouterr().err and list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_real_days_are_replayed_and_too_few_of_them_are_not_judged(make_clone):
    clone = make_clone(merged(SMALL, {"operate": {"models": ["decision_tree"], "gain": -1.0, "confidence": 0.5},
                                      "register": {"floors": {}}}))
    replay_of_days(clone)
    reports = clone.folder / "runs/own-operate"
    entries, story = read_entries(reports), json.loads((reports / STORY).read_text())
    assert [entry["kind"] for entry in entries] == ["begin", "retrain", "promote", "watch"]
    assert (entries[-1]["day"], story["ways"]) == ("2026-03-02", {"never retrained": {}, "the loop": {}})


def replay_of_days(clone: Clone) -> None:
    """Replay the last two days of a bank that came in sixty day files."""
    bank, opening = make_bank(5, 200), pd.Timestamp("2026-01-01").date()
    (clone.folder / "days").mkdir()
    for number in range(60):
        rows, day = simulate_day(bank, 5, number, opening), opening + pd.Timedelta(days=number)
        rows[["time", "card", "terminal", "amount", "is_fraud"]].to_csv(clone.folder / f"days/{day}.csv", index=False)
    clone.run("mlops-workspace", "days", "--name=own")
    clone.run("mlops-operate", "--run=own", "--start=2026-03-01")
