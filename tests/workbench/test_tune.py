"""A longer search beside the pipeline: what it finds is a change of params.yaml, and `dvc repro` repeats its figure."""

import csv
import json
import shutil

import optuna
import pytest
import yaml
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from clones import Clone

pytestmark = pytest.mark.slow
POOR = {"xgboost": {"n_estimators": 10, "max_depth": 2, "learning_rate": 0.001}}  # something better is easily found


@pytest.fixture(scope="module")
def clone(copy_small_run) -> Clone:
    """A copy with a snapshot, and a candidate whose settings are poor."""
    return copy_small_run({"train": {"validation_folds": 2, "models": POOR}})


def models(clone: Clone) -> dict:
    return yaml.safe_load((clone.folder / "params.yaml").read_text())["train"]["models"]


def studies(clone: Clone) -> dict[str, optuna.Study]:
    files = (clone.folder / ".dvc/tmp/tuning").glob("*.log")
    storages = {file.stem: JournalStorage(JournalFileBackend(str(file))) for file in files}
    return {name: optuna.load_study(study_name=name, storage=storage) for name, storage in storages.items()}


def test_a_search_goes_on_where_it_was_and_dvc_repro_repeats_what_it_found(clone):
    before = (clone.folder / "params.yaml").read_text()
    assert studies(clone) == {}
    assert "1 trials" in clone.run("mlops-tune", "--trials", "1").stdout
    assert (clone.folder / "params.yaml").read_text() == before  # nothing better was found
    report = clone.run("mlops-tune", "--trials", "6").stdout
    assert "6 trials" in report and "learning_rate: 0.001 -> " in report and "dvc repro" in report
    [study] = studies(clone).values()
    assert len(study.trials) == 6
    assert models(clone)["xgboost"] == study.best_trial.user_attrs["settings"] != POOR["xgboost"]

    assert clone.ran("dvc", "repro", "train") == ["train"]
    tried = list(csv.DictReader((clone.folder / "data/model/xgboost/trials.csv").open()))
    assert float(tried[0]["mean"]) == study.best_value  # to the last digit
    assert json.loads((clone.folder / "data/model/training.json").read_text())["models"] == models(clone)

    after = (clone.folder / "params.yaml").read_text()
    assert "nothing better was found" in clone.run("mlops-tune", "--trials", "6").stdout
    assert (clone.folder / "params.yaml").read_text() == after
    assert {len(study.trials) for study in studies(clone).values()} == {6}


def test_another_search_space_begins_another_study(clone):
    clone.run("git", "checkout", "-q", ".")
    before = set(studies(clone))
    clone.params({"train": {"search_space": {"xgboost": {"max_depth": [2, 3]}}}})
    clone.run("mlops-tune", "--trials", "1")
    assert len(set(studies(clone)) - before) == 1


@pytest.mark.parametrize("changes, options, message", [
    ({"tuning": {"method": "bayes"}}, [], "did you mean 'bayesian'?"),
    ({"search_space": {"xgboost": {"max_deph": [2, 3]}}}, [], "did you mean 'max_depth'?"),
    ({}, ["--model", "xgbost"], "did you mean 'xgboost'?"),
], ids=["method", "setting", "model"])
def test_a_misspelt_name_is_a_message(clone, changes, options, message):
    clone.run("git", "checkout", "-q", ".")
    clone.params({"train": changes})
    done = clone.run("mlops-tune", *options, check=False)
    assert done.returncode == 1
    assert message in done.stdout and "Traceback" not in done.stdout


def test_without_a_snapshot_it_says_how_to_make_one(clone):
    clone.run("git", "checkout", "-q", ".")
    shutil.rmtree(clone.folder / "data/snapshot")
    done = clone.run("mlops-tune", check=False)
    assert done.returncode == 1 and "dvc repro snapshot" in done.stdout
