"""The loop, played on a small bank for two weeks and a half: killed on the way, gone on with, repeated and tampered
with."""

import http.server
import json
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import jsonschema
import pytest
import yaml

from clones import SMALL, Clone, contents, merged
from mlops_nb.base.errors import UserError
from mlops_nb.base.files import content_hash
from mlops_nb.base.keys import SIMULATED_BANK, trusted_keys
from mlops_nb.base.record import read_entries
from mlops_nb.base.run_folders import write_run_folder
from mlops_nb.operation.day import set_as_of
from mlops_nb.operation.replay import operate as go_on
from mlops_nb.operation.savings import FROZEN, LOOP
from mlops_nb.registry.incumbent import data_hashes

pytestmark = pytest.mark.slow
START, CHANGED, END = "2026-01-25", "2026-02-01", "2026-02-11"
STORY = merged(SMALL, {"monitor": {"min_rows": 100}, "operate": {
    "drifts": [{"kind": "prices", "date": CHANGED, "size": 0.6}], "models": ["xgboost"], "patience": 2, "wait": 4,
    "rest": 12, "gain": -1.0, "confidence": 0.5}})


@pytest.fixture(scope="module")
def receiver():
    """A webhook on this machine, and what it was sent."""
    sent = []

    class Webhook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            sent.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", sent
    server.shutdown()


def record_of(clone: Clone) -> list[dict]:
    return read_entries(clone.folder / "runs/operate", trusted_keys({"trust": {"keys": SIMULATED_BANK}}))


def operate(clone: Clone, end: str = END, **settings) -> subprocess.CompletedProcess:
    return clone.run("mlops-operate", "--start", START, "--end", end, **settings)


@pytest.fixture(scope="module")
def played(make_clone, receiver) -> Clone:
    """A clone whose loop was killed in the middle of a retraining and has gone on."""
    clone = make_clone(STORY)
    clone.env |= {"MLOPS_NB_SLACK_WEBHOOK": receiver[0], "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    clone.before = contents(clone.folder)
    process = subprocess.Popen(["mlops-operate", "--start", START, "--end", END], cwd=clone.folder, env=clone.env,
                               start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    while process.poll() is None and [entry["kind"] for entry in record_of(clone)].count("retrain") < 2:
        time.sleep(0.2)
    assert process.poll() is None, process.stdout.read()
    time.sleep(3)  # into the stages
    os.killpg(process.pid, signal.SIGKILL)
    clone.killed = len(record_of(clone))
    clone.told = operate(clone).stdout
    return clone


def test_each_morning_is_watched_once_and_in_order(played):
    entries = record_of(played)
    assert played.killed < len(entries)
    days = [entry["day"] for entry in entries if entry["kind"] == "watch"]
    assert days == [str(date.fromisoformat(START) + timedelta(days=number)) for number in range(1, 18)]
    assert all(count == 1 for count in Counter((entry["day"], entry["kind"]) for entry in entries).values())


def test_the_drift_is_seen_and_acted_upon(played):
    entries = [entry for entry in record_of(played) if entry["kind"] not in ("watch", "tell")]
    assert [(entry["kind"], entry.get("rule")) for entry in entries[:3]] == [
        ("begin", None), ("retrain", "beginning"), ("promote", "beginning")]
    retrained = [entry for entry in entries if entry["kind"] == "retrain"]
    assert retrained[1]["rule"] == "drift" and CHANGED < retrained[1]["day"] < END
    assert "have changed since" in played.told
    quiet = [entry for entry in record_of(played) if entry["kind"] == "watch" and START < entry["day"] <= CHANGED]
    assert [entry["attention"] for entry in quiet if set(entry["attention"]) & {"input", "scores"}] == []


def test_every_entry_is_what_the_schema_beside_the_record_says(played):
    schema = json.loads((played.folder / "runs/operate/reports/record.schema.json").read_text())
    for entry in record_of(played):
        jsonschema.validate(entry, schema)


def test_the_users_files_are_as_they_were(played):
    after = contents(played.folder)
    assert {name: value for name, value in after.items()
            if not name.startswith(("runs/", ".dvc/", ".git/")) and "__pycache__" not in name} \
        == {name: value for name, value in played.before.items() if not name.startswith((".dvc/", ".git/"))}
    assert played.run("git", "status", "--porcelain").stdout == ""


def test_people_are_told(played, receiver):
    told = [json.dumps(message) for message in receiver[1]]
    decisions = [entry for entry in record_of(played) if entry["kind"] in ("promote", "keep")]
    assert len(told) >= len(decisions) and any("retrained model is champion" in message for message in told)
    assert len(told) == sum(entry["kind"] == "tell" for entry in record_of(played))


@pytest.fixture(scope="module")
def again(played) -> Path:
    """A folder with nothing but the project's notebooks, the cache and the parameters of the second retraining."""
    again = played.folder / "runs/again"
    write_run_folder(again, yaml.safe_load((kept_of(played) / "params.yaml").read_text()))
    return again


def kept_of(played: Clone) -> Path:
    """What the replay kept of its second retraining."""
    day = [entry["day"] for entry in record_of(played) if entry["kind"] == "retrain"][1]
    return played.folder / "runs/operate/reports/operate/retrainings" / day


@pytest.mark.long
def test_a_retraining_can_be_repeated_from_its_lock(played, again):
    played.run("dvc", "repro", "--quiet", "--force", folder="runs/again")
    assert data_hashes(again) == data_hashes(kept_of(played))
    assert content_hash(kept_of(played) / "dvc.lock") in [entry.get("lock") for entry in record_of(played)]


@pytest.mark.long  # the replay itself holds the stage's verdict against its own at each retraining, and at its end
def test_mornings_drawn_by_chance_can_be_repeated(played, again):
    entries = record_of(played)
    for entry in random.Random(1).sample([entry for entry in entries if entry["kind"] == "watch"], 3):
        made = [each["day"] for each in entries if each["kind"] == "retrain" and each["day"] < entry["day"]][-1]
        set_as_of(again, entry["day"], made, entry["model"])
        played.run("dvc", "repro", "--quiet", "--no-run-cache", "monitor", folder="runs/again")
        assert content_hash(again / "reports/drift/verdict.json") == entry["verdict"], entry["day"]


def is_told(played: Clone, end: str) -> bool:
    """Whether the folder is left as of a morning, with the story until then."""
    reports = played.folder / "runs/operate/reports"
    verdict, story = (json.loads((reports / name).read_text()) for name in ("drift/verdict.json", "operate/story.json"))
    return verdict["as_of"] == end and set(story["ways"]) == {FROZEN, LOOP} and (reports / "operate/story.png").exists()


def test_the_story_is_told(played):
    assert is_told(played, END)


@pytest.mark.long
def test_what_was_closed_goes_on_to_a_later_end(played):
    before = record_of(played)
    operate(played, "2026-02-12")
    after = record_of(played)
    assert after[:len(before)] == before and {entry["day"] for entry in after[len(before):]} == {"2026-02-12"}
    assert is_told(played, "2026-02-12")


@pytest.mark.parametrize("name, end, told", [
    ("mine", END, "belongs to another run"), ("operate", "2026-02-01", "has gone on longer"),
    ("../mine", END, "cannot be that of a folder"), ("operate", START, "ends before it begins")])
def test_what_cannot_be_gone_on_with_is_refused(played, name, end, told):
    (played.folder / "runs/mine").mkdir(exist_ok=True)
    (played.folder / "runs/mine/dvc.lock").touch()
    with pytest.raises(UserError, match=told):
        go_on(START, end, name, played.folder)


def test_other_parameters_and_a_changed_line_are_noticed(played):
    file = played.folder / "params.yaml"
    text = file.read_text()
    file.write_text(yaml.safe_dump(yaml.safe_load(text) | {"seed": 2}))
    with pytest.raises(UserError, match="begun otherwise"):
        go_on(START, END, root=played.folder)
    file.write_text(text)
    book = played.folder / "runs/operate/reports/record.jsonl"
    lines = book.read_text()
    book.write_text(lines.replace('"rule": "drift"', '"rule": "age"', 1))
    changed = operate(played, check=False)
    book.write_text(lines)
    assert changed.returncode == 1 and "does not fit its seal" in changed.stdout and "Traceback" not in changed.stdout
