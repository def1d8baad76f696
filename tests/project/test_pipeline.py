"""The pipeline end to end, in a fresh copy of the project, as its users run it."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import yaml

from clones import Clone, contents, needs_java

pytestmark = pytest.mark.slow
STAGES = ["incumbent", "ingest", "clean", "featurize", "snapshot", "train", "evaluate", "register", "monitor"]


@pytest.fixture(scope="module")
def ran(small_run, copy_small_run) -> Clone:
    """A copy in which the pipeline has run once, on a small bank, and been committed."""
    assert sorted(small_run.stages) == sorted(STAGES)
    return copy_small_run()


@pytest.fixture
def clone(ran) -> Clone:
    """That copy; whatever a test changes is put back from git and DVC's cache."""
    yield ran
    ran.put_back()


def without_records(files: dict[str, str]) -> dict[str, str]:
    """Drop the records beside the evidence, which belong to one machine."""
    return {name: md5 for name, md5 in files.items() if name not in {f"{stage}.json" for stage in STAGES}}


def test_a_second_repro_runs_nothing(clone):
    assert clone.ran() == []


def test_every_picture_in_the_evidence_is_shown(clone):
    outputs = [output["data"] for file in (clone.folder / "reports/runs").glob("*.ipynb")
               for cell in json.loads(file.read_text())["cells"] for output in cell.get("outputs", [])
               if "<Figure" in str(output.get("data", {}).get("text/plain"))]
    assert len(outputs) > 1 and all("image/png" in data for data in outputs)


@pytest.mark.long  # `make prove` does it with the committed lock
def test_a_forced_run_gives_the_same_lock(clone):
    before = (clone.folder / "dvc.lock").read_text()
    assert sorted(clone.ran("dvc", "repro", "--force")) == sorted(STAGES)
    assert (clone.folder / "dvc.lock").read_text() == before


@pytest.mark.parametrize("file", ["data/clean/transactions.parquet", "reports/runs/register.ipynb"])
def test_a_tampered_output_is_made_again(clone, file):
    before, lock = contents(clone.folder / "data"), (clone.folder / "dvc.lock").read_text()
    tampered = clone.folder / file
    tampered.write_bytes(tampered.read_bytes()[:-1] + b"x")
    assert clone.ran(), "nothing was run again"
    assert contents(clone.folder / "data") == before
    assert (clone.folder / "dvc.lock").read_text() == lock


@needs_java
@pytest.mark.long
@pytest.mark.parametrize("stage, output", [("clean", "clean"), ("featurize", "features")])
def test_a_stage_on_spark_writes_the_same_files(clone, stage, output):
    before = contents(clone.folder / "data" / output)
    clone.params({stage: {"engine": "spark"}})
    assert clone.ran("dvc", "repro", "featurize") == [stage]
    assert contents(clone.folder / "data" / output) == before


def test_moving_as_of_alone_trains_nothing_and_only_adds_files(clone):
    before = contents(clone.folder / "data/raw")
    clone.params({"as_of": "2026-02-03"})
    assert sorted(clone.ran()) == ["clean", "featurize", "ingest", "monitor", "snapshot"]
    after = contents(clone.folder / "data/raw")
    assert {name: after[name] for name in before} == before
    assert len(after) > len(before)


def test_a_changed_parameter_reruns_its_stage_and_what_its_outputs_change(clone):
    clone.params({"clean": {"max_bad_share": 0.06}})
    assert clone.ran() == ["clean"]


def test_too_few_rows_are_never_called_drift(clone):
    clone.params({"monitor": {"min_rows": 10**6}})
    assert clone.ran() == ["monitor"]
    assert '"state": "not_enough_data"' in (clone.folder / "reports/drift/verdict.json").read_text()


def test_a_model_below_its_floor_is_not_promoted(clone):
    clone.params({"register": {"floors": {"average_precision": 0.999}}})
    assert clone.ran() == ["register"]
    assert '"verdict": "kept"' in (clone.folder / "reports/register/decision.json").read_text()


def seldom(changes: dict, message: str):
    """A parameter that stops the same stage in the same way as one of the others."""
    return pytest.param(changes, message, marks=pytest.mark.long)


@pytest.mark.parametrize("changes, message", [
    ({"train": {"models": {"xgbost": {}}}}, "did you mean 'xgboost'?"),
    seldom({"train": {"models": {"xgboost": {"max_deph": 3}}}}, "did you mean 'max_depth'?"),
    seldom({"train": {"tuning": {"method": "bayes"}}}, "did you mean 'bayesian'?"),
    seldom({"train": {"search_space": {"xgboost": {"max_depth": {"from": 8, "to": 2}}}}}, "is empty"),
    seldom({"train": {"train_dayz": 3}}, "did you mean 'train_days'?"),
    seldom({"train": {"train_days": "two weeks"}}, "give a whole number"),
    ({"train": {"train_days": 400}}, "history is too short"),
    ({"as_of": "1.2.2026"}, "as_of is no date"),
    ({"train": {"as_of": "2026-03-01"}}, "cannot know the future"),
    ({"clean": {"max_bad_share": 0.0}}, "transaction_id.duplicate"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_bad_parameter_stops_its_stage_with_a_message_and_keeps_the_last_outputs(clone, changes, message):
    before = contents(clone.folder / "data")
    clone.params(changes)
    done = clone.run("dvc", "repro", check=False)
    assert done.returncode != 0
    assert message in done.stdout
    assert "Traceback" not in done.stdout
    assert contents(clone.folder / "data") == before


@pytest.mark.parametrize("spoil, message", [
    (lambda file: file.unlink(), "data/clean/transactions.parquet is missing"),
    (lambda file: file.write_bytes(b""), "data/clean/transactions.parquet is empty"),
], ids=["missing", "empty"])
def test_a_spoilt_input_stops_a_stage_run_by_hand(clone, spoil, message):
    before = contents(clone.folder / "reports/runs")
    spoil(clone.folder / "data/clean/transactions.parquet")
    stage = yaml.safe_load((clone.folder / "dvc.yaml").read_text())["stages"]["featurize"]
    done = clone.run(*stage["cmd"].split(), check=False)
    assert done.returncode == 1
    assert message in done.stdout and "Traceback" not in done.stdout
    assert contents(clone.folder / "reports/runs") == before
    assert list((clone.folder / "reports/failed").glob("featurize-*.ipynb"))


def test_experiments_metrics_and_plots_work_as_dvcs_users_expect(clone):
    clone.run("dvc", "exp", "run", "-S", "alert_budget=5")
    compared = clone.run("dvc", "metrics", "diff").stdout
    assert "recall_at_budget" in compared
    assert "5" in clone.run("dvc", "params", "diff").stdout
    drawn = clone.run("dvc", "plots", "show", "--out", str(clone.folder.parent / "plots")).stdout
    page = Path(drawn.strip().removeprefix("file://")).read_text()
    assert "precision and recall on the test window" in page and "ROC on the test window" in page
    clone.run("git", "clean", "-fdq", ".dvc/tmp/exps")


def test_a_colleague_pulls_everything_and_runs_nothing(clone, tmp_path):
    clone.run("dvc", "remote", "add", "-q", "-d", "shared", str(tmp_path / "remote"))
    clone.commit("remote")
    clone.run("dvc", "push", "-q")
    clone.run("git", "clone", "-q", ".", str(tmp_path / "colleague"))
    colleague = Clone(tmp_path / "colleague")
    (tmp_path / "home").mkdir()
    colleague.run("dvc", "pull", "-q")
    assert colleague.ran() == []
    for folder in ("data", "reports/runs", "reports/drift"):
        assert contents(colleague.folder / folder) == without_records(contents(clone.folder / folder))
    assert "candidates logged" in colleague.run("mlops-sync").stdout
    assert "Where to look next" in colleague.run("mlops-summary").stdout


def tracked(clone: Clone) -> str:
    """Read from MLflow, as JSON: the champion's origin, and each run's name with its metrics."""
    code = """
import json, mlflow
mlflow.set_tracking_uri("sqlite:///mlflow.db")
champion = mlflow.MlflowClient().get_model_version_by_alias("fraud-detector", "champion")
model = mlflow.onnx.load_model("models:/fraud-detector@champion")
signature = mlflow.models.get_model_info("models:/fraud-detector@champion").signature
runs = mlflow.search_runs(experiment_names=["fraud-detection"], output_format="list")
pipeline = next(run for run in runs if run.info.run_name.startswith("pipeline"))
names = [file.path for file in mlflow.MlflowClient().list_artifacts(pipeline.info.run_id, "reports/runs")]
metrics = sorted((run.info.run_name, sorted(run.data.metrics.items())) for run in runs)
print(json.dumps([champion.tags, str(signature), metrics,
                  pipeline.data.tags["git_commit"], pipeline.data.tags["hash.data/snapshot"], sorted(names)]))
"""
    return clone.run("python", "-W", "ignore", "-c", code).stdout.splitlines()[-1]


def test_a_lost_mlflow_comes_back_without_running_a_stage(clone):
    clone.run("mlops-sync")
    before = tracked(clone)
    assert "reports/runs/train.ipynb" in before and '"candidate"' in before
    assert all(f'["xgboost trial {number}", [["mean_average_precision", ' in before for number in range(2))
    delete = ("from mlflow import MlflowClient; client = MlflowClient('sqlite:///mlflow.db'); "
              "client.delete_experiment(client.get_experiment_by_name('fraud-detection').experiment_id)")
    clone.run("python", "-c", delete)  # as on MLflow's page
    assert "has this run already" in clone.run("mlops-sync").stdout
    assert tracked(clone) == before
    (clone.folder / "mlflow.db").unlink()
    shutil.rmtree(clone.folder / "mlartifacts")
    assert clone.ran() == []
    clone.run("mlops-sync")
    assert tracked(clone) == before


@pytest.mark.long
def test_the_alias_follows_the_repository_back(clone):
    clone.run("mlops-sync")
    before = tracked(clone)
    clone.params({"train": {"models": {"decision_tree": {"max_depth": 3}}, "tuning": {"models": []}}})
    clone.ran()
    clone.run("mlops-sync")
    assert json.loads(tracked(clone))[0] != json.loads(before)[0]
    clone.run("git", "checkout", "-q", ".")
    clone.run("dvc", "checkout", "--force", "--quiet")
    clone.run("mlops-sync")
    assert json.loads(tracked(clone))[0] == json.loads(before)[0]


@pytest.mark.long
def test_a_sync_that_was_cut_off_is_done_again(clone):
    clone.run("mlops-sync")
    count = """
import mlflow
mlflow.set_tracking_uri("sqlite:///mlflow.db")
[run] = mlflow.search_runs(experiment_names=["fraud-detection"], output_format="list",
                           filter_string="tags.dvc_lock = 'KEY'")
mlflow.MlflowClient().set_tag(run.info.run_id, "synced", "false")
print(len(mlflow.search_runs(experiment_names=["fraud-detection"], output_format="list")))
""".replace("KEY", hashlib.md5((clone.folder / "dvc.lock").read_bytes()).hexdigest())
    before = clone.run("python", "-W", "ignore", "-c", count).stdout.splitlines()[-1]
    assert "6 candidates logged" in clone.run("mlops-sync").stdout
    assert clone.run("python", "-W", "ignore", "-c", count).stdout.splitlines()[-1] == before


def test_a_stage_is_an_ordinary_notebook(clone):
    out = clone.folder.parent / "plain.ipynb"
    clone.run("papermill", "nbs/stages/register.ipynb", str(out), "-f", "params://register.yaml", "--no-progress-bar")
    assert "promoted" in out.read_text()
