"""A run that goes on from day to day: what is taken in, which mornings are done, who becomes champion, and what a kill
leaves. The stages are stand-ins that write in no time what the rest depends on."""

import json
import random
import shutil
from pathlib import Path

import pytest

from days import Run, bundle_of, stages
from mlops_nb.base import params as params_module
from mlops_nb.base.errors import UserError
from mlops_nb.base.params import change_params, read_params
from mlops_nb.base.record import RECORD, Record, read_entries
from mlops_nb.operation import daily, day
from mlops_nb.registry import champion
from mlops_nb.registry.champion import history

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch):
    for module in (day, daily):
        monkeypatch.setattr(module, "run_repro", stages)
    monkeypatch.setattr(champion, "sign_fetched", lambda book, folder, bundle: None)


@pytest.fixture
def run(tmp_path) -> Run:
    return Run(tmp_path)


def test_mornings_are_done_once_in_order_and_caught_up(run):
    run.go_on()
    assert run.steps() == [("11", "begin"), ("11", "retrain"), ("11", "promote")]
    before = (run.folder / RECORD).read_bytes()
    run.go_on()
    assert (run.folder / RECORD).read_bytes() == before
    for number in (11, 12, 13):  # a weekend
        run.day_file(number)
    assert run.go_on()[0].endswith("2026-03-11.csv, 2026-03-12.csv, 2026-03-13.csv.")
    assert run.steps()[3:] == [("12", "watch"), ("13", "watch"), ("14", "watch"), ("14", "retrain"), ("14", "promote")]
    params = read_params(run.folder)
    assert (params["as_of"], params["train"]["as_of"]) == ("2026-03-14", "2026-03-14")
    assert params["register"]["incumbent"] == bundle_of("2026-03-14") == history(read_entries(run.folder))[-1]["to"]


def test_the_model_there_is_is_taken_over_and_an_approval_is_seen_the_next_day(tmp_path):
    run = Run(tmp_path, {"register": {"mode": "propose"}, "operate": {"rest": 5}})
    stages(run.folder)  # as after `make run`: a model is proposed
    run.go_on()
    for number, approved in ((11, "2026-03-09"), (12, None), (13, None), (14, None), (15, "2026-03-14")):
        if approved:
            change_params(run.params, "register", {"incumbent": bundle_of(approved)})  # as `make approve` does
        run.day_file(number)
        run.go_on()
    assert run.steps() == [("11", "begin"), ("11", "wait"), ("12", "watch"), ("13", "watch"), ("14", "watch"),
                           ("14", "retrain"), ("14", "propose"), ("15", "watch"), ("16", "watch")]
    watched = [entry["model"] for entry in read_entries(run.folder) if entry["kind"] == "watch"]
    assert watched == [bundle_of("2026-03-09")] * 4 + [bundle_of("2026-03-14")]


def test_a_first_model_that_does_not_pass_is_tried_again_after_its_rest(run, monkeypatch):
    def refusing(folder: Path, *names: str) -> None:
        stages(folder, *names)
        file = folder / "reports/register/decision.json"
        file.write_text(json.dumps({"verdict": "kept", "checks": [{"check": "floor", "passed": False}]}))

    for module in (day, daily):
        monkeypatch.setattr(module, "run_repro", refusing)
    for number in (11, 12):
        run.day_file(number)
    run.go_on()
    assert run.steps() == [("11", "begin"), ("11", "retrain"), ("11", "keep"), ("12", "wait"), ("13", "retrain"),
                           ("13", "keep")]


class Killed(BaseException):
    """The end of the process."""


class Killer:
    """Counts the moments at which something is written, and kills at one of them."""

    def __init__(self, monkeypatch, at: int | None):
        self.at, self.moments = at, 0
        for place, name in ((day, "run_repro"), (daily, "run_repro"), (champion, "sign_fetched"), (Record, "add"),
                            (params_module, "replace_text")):
            monkeypatch.setattr(place, name, self.around(getattr(place, name)))

    def around(self, write):
        def watched(*args, **kwargs):
            self.moment()
            done = write(*args, **kwargs)
            self.moment()
            return done
        return watched

    def moment(self) -> None:
        self.moments += 1
        if self.moments == self.at:
            raise Killed


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_with_the_same_record(tmp_path):
    def done(folder: Path, *kills: int) -> tuple[int, list[dict], bytes]:
        """How many moments it took, the record less its times and seals, and the parameters."""
        shutil.copytree(tmp_path / "begun", folder)
        trial = Run.__new__(Run)
        trial.folder, trial.source = folder / "runs/own", tmp_path / "begun/days"
        for at in (*kills, None):
            with pytest.MonkeyPatch.context() as patch:
                killer = Killer(patch, at)
                try:
                    trial.go_on()
                except Killed:
                    continue
        entries = [{name: entry[name] for name in entry.keys() - {"time", "before", "hash", "signature"}}
                   for entry in read_entries(trial.folder)]
        return killer.moments, entries, trial.params.read_bytes()

    begun = Run(tmp_path / "begun")
    for number in (11, 12, 13):
        begun.day_file(number)
    moments, *undisturbed = done(tmp_path / "undisturbed")
    chance = random.Random(10)
    for seed in range(3):
        kills = sorted(chance.sample(range(1, moments + 1), 3))
        assert list(done(tmp_path / f"killed_{seed}", *kills)[1:]) == undisturbed, kills


def test_what_was_taken_in_stays_and_what_is_late_is_said(run):
    run.day_file(11)
    run.go_on()
    run.day_file(2, "late")
    assert any(line.startswith("late.csv is late: its last day is 2026-03-02") for line in run.go_on())
    record = json.loads((run.folder / "data/source.json").read_text())["source"]
    assert record["late.csv"].keys() == {"md5", "bytes", "taken_in"} and len(record) == 12
    (run.source / "2026-03-04.csv").write_text("changed")
    with pytest.raises(UserError, match="2026-03-04.csv has changed since it was taken in"):
        run.go_on()
    run.day_file(4)
    (run.source / "2026-03-05.csv").unlink()
    with pytest.raises(UserError, match="2026-03-05.csv was taken in and is gone"):
        run.go_on()
    run.day_file(5)
    assert run.go_on() == []


def test_a_changed_rule_stops_the_day_until_it_is_meant(run):
    run.go_on()
    change_params(run.params, "monitor", {"days": 5})
    change_params(run.params, "", {"alert_budget": 7})
    with pytest.raises(UserError, match="other alert_budget, monitor in params.yaml"):
        run.go_on()
    with pytest.raises(UserError, match="RULES has an unknown value"):
        run.go_on(rules="yes")
    with pytest.raises(UserError, match="AS_OF is no date"):
        run.go_on("soon", rules="new")
    assert run.steps()[-1] == ("11", "promote")
    run.go_on(rules="new")
    assert run.steps()[-1] == ("11", "rules")
    run.day_file(11)
    run.go_on()
    assert run.steps()[-1] == ("12", "watch")


def test_a_date_may_be_given_and_must_not_have_passed(run):
    run.go_on("2026-03-13")  # nothing came on two days: that is watched, too
    assert run.steps()[3:] == [("12", "watch"), ("13", "watch")]
    with pytest.raises(UserError, match="the record goes until 2026-03-13"):
        run.go_on("2026-03-12")
    with pytest.raises(UserError, match="has not come"):
        run.go_on("2199-03-14")
    assert run.steps()[5:] == []


def test_the_simulated_bank_goes_on_a_day_a_call(tmp_path):
    run = Run(tmp_path, {"ingest": {"source": None}})
    for _ in range(3):
        run.go_on()
    assert run.steps() == [("11", "begin"), ("11", "retrain"), ("11", "promote"), ("12", "watch"), ("13", "watch")]
