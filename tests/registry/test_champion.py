"""Who is champion: approved with a reason, rolled back, fetched from wherever it is, and shown by MLflow."""

import contextlib
import json
import shutil
import sqlite3

import pytest
import yaml

from clones import PROJECT, SMALL, Clone, contents, merged
from mlops_nb.base.keys import PUBLISHED
from mlops_nb.base.record import RECORD, read_entries
from mlops_nb.registry.champion import history, set_params
from mlops_nb.registry.incumbent import data_hashes
from mlops_nb.registry.signatures import SIGNATURES

# Any other model passes: here it is not the gate that is tested, but what follows from its word.
PROPOSE = merged(SMALL, {"register": {"mode": "propose", "gain": -1.0}})
BETTER = {"train": {"models": {"xgboost": {"n_estimators": 40}}}}


def test_the_projects_own_parameters_lose_no_comment(tmp_path):
    written = (PROJECT / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(written)
    set_params(tmp_path, incumbent="0" * 32 + ".dir")
    lines = zip(written.splitlines(), (tmp_path / "params.yaml").read_text().splitlines(), strict=True)
    changed = [(old, new) for old, new in lines if old.split() != new.split()]
    assert [old.split()[0] for old, _ in changed] == ["incumbent:"] and "#" in changed[0][1]


def locked(clone: Clone, path: str) -> str:
    """An output's hash in dvc.lock."""
    return data_hashes(clone.folder)[path]


def incumbent(clone: Clone) -> str | None:
    """What params.yaml declares."""
    return yaml.safe_load((clone.folder / "params.yaml").read_text())["register"]["incumbent"]


def decision(clone: Clone) -> dict:
    """The gate's."""
    return json.loads((clone.folder / "reports/register/decision.json").read_text())


def record(clone: Clone) -> list[dict]:
    """The changes of champion that the record has."""
    return history(read_entries(clone.folder))


def runs(clone: Clone) -> dict[str, str]:
    """Each notebook's last run, as its record has it."""
    return {file.stem: file.read_text() for file in (clone.folder / "reports/runs").glob("*.json")}


def aliases(clone: Clone) -> dict[str, str]:
    """MLflow's aliases, and the kind of model behind each; asked of its database, for MLflow takes seconds to load."""
    asked = """SELECT alias, value FROM registered_model_aliases JOIN model_version_tags USING (name, version)
               WHERE name = 'fraud-detector' AND key = 'candidate'"""
    with contextlib.closing(sqlite3.connect(clone.folder / "mlflow.db")) as database:
        return dict(database.execute(asked))


@pytest.fixture(scope="module")
def ran(copy_small_run) -> Clone:
    """A copy in which a first model is proposed."""
    clone = copy_small_run(PROPOSE | {
        "train": PROPOSE["train"] | {"models": {"decision_tree": {"max_depth": 2}}, "tuning": {"models": []}}})
    clone.run("git", "config", "user.name", "Ada")
    clone.ran()
    clone.commit("ran")
    return clone


@pytest.fixture
def clone(ran) -> Clone:
    """That copy, as it was; nothing is approved."""
    yield ran
    (ran.folder / RECORD).unlink(missing_ok=True)
    for signature in (ran.folder / SIGNATURES).glob("*.json"):
        signature.unlink()
    ran.put_back()


def approved(clone: Clone) -> str:
    """Make what is proposed champion; its hash."""
    clone.run("mlops-champion", "approve", "--reason", "it's \"good\",\nfor now")
    return incumbent(clone)


@pytest.mark.slow
def test_proposing_changes_nothing_and_says_how_to_approve(clone):
    assert decision(clone)["verdict"] == "proposed" and incumbent(clone) is None
    before = (clone.folder / "params.yaml").read_text()
    assert clone.run("mlops-champion", "promote").stdout.strip() == ""
    assert "make approve REASON=" in clone.run("mlops-summary").stdout
    assert ((clone.folder / "params.yaml").read_text() == before
            and not (clone.folder / RECORD).exists())


@pytest.mark.slow
def test_approving_is_recorded_reruns_what_knows_the_champion_and_leaves_the_bundle(clone):
    bundle, head = locked(clone, "data/bundle"), clone.run("git", "rev-parse", "HEAD").stdout.strip()
    before = runs(clone)
    clone.run("mlops-champion", "approve", "--reason", "a first one")
    assert {stage for stage, when in runs(clone).items() if when != before[stage]} == {"register", "monitor"}
    assert (incumbent(clone), locked(clone, "data/incumbent"), locked(clone, "data/bundle")) == (bundle,) * 3
    [row] = record(clone)
    assert (row["key"], row["action"], row["from"], row["to"], row["reason"], row["commit"]) == (
        PUBLISHED.public, "approved", None, bundle, "a first one", head)
    assert clone.ran() == []
    assert (decision(clone)["verdict"] == "kept"
            and {"check": "same_as_champion", "passed": False} in decision(clone)["checks"])
    assert "decision_tree is the champion" in clone.run("mlops-summary").stdout
    told = clone.run("mlops-champion", "approve", "--reason", "again", check=False)
    assert told.returncode and "Nothing is proposed" in told.stdout


@pytest.mark.slow
@pytest.mark.parametrize("words, told", [
    (("approve",), "A reason is needed"), (("rollback", "--reason", "why"), "no former champion"),
    (("compare",), "no champion to compare with"), (("aprove",), "did you mean 'approve'?")])
def test_what_cannot_be_done_is_refused(clone, words, told):
    done = clone.run("mlops-champion", *words, check=False)
    assert done.returncode and told in done.stdout and "Traceback" not in done.stdout
    assert incumbent(clone) is None


@pytest.mark.slow
def test_a_working_tree_unlike_its_lock_is_not_approved(clone):
    clone.params({"train": {"train_days": 13}})
    done = clone.run("mlops-champion", "approve", "--reason", "why", check=False)
    assert done.returncode and "The working tree is not what dvc.lock says" in done.stdout and incumbent(clone) is None


@pytest.mark.slow
def test_a_champion_is_challenged_replaced_and_brought_back(clone):
    first = approved(clone)
    clone.commit("first champion")
    clone.params(BETTER)
    clone.ran()
    clone.run("mlops-sync")
    assert decision(clone)["verdict"] == "proposed", decision(clone)
    assert decision(clone)["compared"]["learned_days"] == 0  # judged by the model that had not seen the days
    watched = json.loads((clone.folder / "reports/drift/verdict.json").read_text())["model"]["candidate"]
    assert watched == "decision_tree"  # it is in use until the other is approved
    assert aliases(clone) == {"champion": "decision_tree", "challenger": "xgboost"}
    page = clone.run("mlops-champion", "compare").stdout
    assert ("candidate: decision_tree -> xgboost" in page and "train.models.xgboost.n_estimators: (none) -> 40" in page
            and "average_precision" in page)
    assert approved(clone) != first
    clone.run("mlops-sync")
    assert aliases(clone) == {"champion": "xgboost"}
    clone.params({"register": {"mode": "auto"}})
    said = clone.run("mlops-champion", "rollback", "--reason", "too many alarms").stdout
    assert "decision_tree, is back" in said and "mode is now propose" in said
    assert (incumbent(clone) == first
            and [row["action"] for row in record(clone)] == ["approved", "approved", "rolled back"])
    (clone.folder / "mlflow.db").unlink()
    shutil.rmtree(clone.folder / "mlartifacts")
    clone.run("mlops-sync")
    assert aliases(clone) == {"champion": "decision_tree", "challenger": "xgboost"}
    clone.run("git", "reset", "-q", "--hard", "HEAD~1")


@pytest.mark.slow
def test_the_gate_promotes_by_itself_in_mode_auto(clone):
    clone.params({"register": {"mode": "auto"}})
    clone.ran()
    decision = locked(clone, "reports/register")
    assert "The gate made decision_tree champion" in clone.run("mlops-champion", "promote").stdout
    [row] = record(clone)
    assert ((row["action"], row["to"]) == ("promoted", locked(clone, "data/bundle"))
            and row["reason"] == "" and row["decision"] == decision)
    assert clone.ran() == [] and clone.run("mlops-champion", "promote").stdout.strip() == ""


@pytest.mark.slow
def test_a_lost_champion_is_pulled_and_one_that_is_nowhere_is_told(clone, tmp_path):
    first, before = approved(clone), contents(clone.folder / "data/incumbent")
    clone.run("dvc", "remote", "add", "-q", "-f", "--local", "-d", "shared", str(tmp_path / "remote"))
    clone.run("dvc", "push", "-q", "data/bundle")
    lost = {first.removesuffix(".dir"), *before.values()}
    for md5 in lost:
        for file in (clone.folder / ".dvc/cache/files/md5" / md5[:2]).glob(f"{md5[2:]}*"):
            file.unlink()
    shutil.rmtree(clone.folder / "data/incumbent")
    clone.run("mlops-incumbent")
    assert contents(clone.folder / "data/incumbent") == before
    clone.params({"register": {"incumbent": "0" * 32 + ".dir"}})
    done = clone.run("dvc", "repro", "incumbent", check=False)
    assert done.returncode and "is nowhere to be found" in done.stdout and "Traceback" not in done.stdout
    assert contents(clone.folder / "data/incumbent") == before
