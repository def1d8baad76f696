"""Whom the registry believes: bundles that were changed, keys that were retired, records that were rewritten, and
changes that were interrupted at any moment. The stages are stand-ins; keys, signatures and the record are real."""

import errno
import json
import os
import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mlops_nb.base import params as params_module
from mlops_nb.base.errors import UserError
from mlops_nb.base.files import write_json
from mlops_nb.base.keys import (PUBLISHED, FOLDER, MACHINE, PERSON, SIMULATED_BANK, Key, TrustedKey, check_signature,
                                make_key, sign, signing_key, trusted_keys)
from mlops_nb.base.params import dump_yaml, read_params
from mlops_nb.base.record import FORM, RECORD, Record, _sealed, check_anchor, head, open_record, read_entries
from mlops_nb.base.record import main as audit
from mlops_nb.registry import champion
from mlops_nb.registry.champion import approve, history, promote, rollback
from mlops_nb.registry.contents import DESCRIPTION, REQUIRED, VERSION, file_hashes
from mlops_nb.registry.signatures import SIGNATURES, check_bundle, sign_bundle

FIRST, SECOND = "a" * 32 + ".dir", "b" * 32 + ".dir"
TODAY = datetime.now(UTC).date()


def make_bundle(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    for name in REQUIRED[1:]:
        (folder / name).write_text(f"{text} {name}")
    write_json({"version": VERSION, "candidate": text, "threshold": 0.5, "files": file_hashes(folder),
                "calibration": {"slope": 1.0, "intercept": 0.0}}, folder / DESCRIPTION)
    return folder


def describe(bundle: Path, **values) -> None:
    write_json(json.loads((bundle / DESCRIPTION).read_text()) | values, bundle / DESCRIPTION)


def replace_model(bundle: Path) -> None:
    """Another model, with its hash where it belongs."""
    (bundle / "model.onnx").write_text("another")
    describe(bundle, files=file_hashes(bundle))


def lead_out(bundle: Path) -> None:
    """A file's name leads to a file of somebody else, with the right hash."""
    (bundle.parent / "secret").write_text("secret")
    describe(bundle, files=file_hashes(bundle) | {"../secret": "0" * 64})


CHANGES = {
    **{f"a byte more in {name}": lambda bundle, name=name: (bundle / name).open("a").write("!") for name in REQUIRED},
    **{f"{name} gone": lambda bundle, name=name: (bundle / name).unlink() for name in REQUIRED},
    "another threshold": lambda bundle: describe(bundle, threshold=0.99),
    "the order of scores reversed": lambda bundle: describe(bundle, calibration={"slope": -1.0, "intercept": 0.0}),
    "another owner": lambda bundle: describe(bundle, owner="nobody"),
    "no hashes": lambda bundle: describe(bundle, files={}),
    "hashes that are no table": lambda bundle: describe(bundle, files=None),
    "another model with its hash": replace_model,
    "a file more": lambda bundle: (bundle / "more.py").write_text(""),
    "a folder more": lambda bundle: (bundle / "more").mkdir(),
    "a name that leads out": lead_out,
    "half a description": lambda bundle: (bundle / DESCRIPTION).write_text("{"),
    "brackets without end": lambda bundle: (bundle / DESCRIPTION).write_text("[" * 100_000),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_bundle_that_was_changed_is_refused(tmp_path, change):
    bundle, trusted = make_bundle(tmp_path / "bundle", "xgboost"), trusted_keys({"trust": {"keys": SIMULATED_BANK}})
    sign_bundle(bundle, tmp_path, PUBLISHED)
    check_bundle(bundle, tmp_path, trusted)
    change(bundle)
    with pytest.raises(UserError):
        check_bundle(bundle, tmp_path, trusted)


def test_keys_are_rotated_retired_and_revoked(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER, str(tmp_path / "keys"))
    old, new, bundle = make_key("old"), make_key("new"), make_bundle(tmp_path / "bundle", "xgboost")
    was = TrustedKey("old", old.public, PERSON, TODAY - timedelta(days=9))
    sign_bundle(bundle, tmp_path, signing_key([was], PERSON))
    tomorrow = TrustedKey("old", old.public, PERSON, was.since, TODAY + timedelta(days=1))
    assert check_bundle(bundle, tmp_path, [tomorrow]).name == "old"  # retired tomorrow: what it signed stays valid
    for trusted, told in (([TrustedKey("old", old.public, PERSON, was.since, TODAY)], "until"),
                          ([TrustedKey("old", old.public, PERSON, TODAY + timedelta(days=1))], "trusted from"),
                          ([TrustedKey("new", new.public, PERSON, was.since)], "not trusted")):
        with pytest.raises(UserError, match=told):
            check_bundle(bundle, tmp_path, trusted)
    today = [TrustedKey("old", old.public, PERSON, was.since, TODAY), TrustedKey("new", new.public, PERSON, TODAY)]
    sign_bundle(bundle, tmp_path, signing_key(today, PERSON))
    assert check_bundle(bundle, tmp_path, today).name == "new"
    with pytest.raises(UserError, match="no machine's key to sign with"):
        signing_key(today, MACHINE)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder in which a first model is champion and a second one is proposed."""
    place, bundles = tmp_path / "project", {FIRST: "tree", SECOND: "xgboost"}
    for name, kind in bundles.items():
        make_bundle(tmp_path / name, kind)
    monkeypatch.setattr(champion, "fetch_bundle", lambda bundle, out, project: shutil.copytree(
        tmp_path / bundle, out, dirs_exist_ok=True))
    monkeypatch.setattr(champion, "try_bundle", lambda bundle: None)
    monkeypatch.setattr(champion, "_dvc", stages)
    (place / "reports/register").mkdir(parents=True)
    write_json({"verdict": "proposed", "candidate": "model", "checks": []}, place / "reports/register/decision.json")
    (place / "params.yaml").write_text(
        dump_yaml({"register": {"incumbent": None, "mode": "propose"}, "trust": {"keys": SIMULATED_BANK}}))
    propose(place, FIRST)
    approve("a first one", place)
    propose(place, SECOND)
    return place


def propose(place: Path, bundle: str) -> None:
    outs = "".join(f"{{path: {path}, md5: {md5}}}, " for path, md5 in (
        ("data/bundle", bundle), ("reports/register", "1f.dir")))
    (place / "dvc.lock").write_text(f"stages: {{register: {{outs: [{outs}]}}}}")


def stages(place: Path, *words: str) -> int:
    """What the stage `incumbent` leaves of a champion."""
    if words[0] == "repro":
        (place / "data/incumbent").mkdir(parents=True, exist_ok=True)
        write_json({"candidate": read_params(place)["register"]["incumbent"]}, place / "data/incumbent/bundle.json")
    return 0


class Killed(BaseException):
    """The end of the process."""


def interrupt(patch: pytest.MonkeyPatch, at: int, error: BaseException) -> list[int]:
    """Raise the error at one of the moments at which something is written; how many there were, so far."""
    moments = [0]

    def around(write):
        def watched(*args, **kwargs):
            for late in (False, True):
                done = write(*args, **kwargs) if late else None
                moments[0] += 1
                if moments[0] == at:
                    raise error
            return done
        return watched

    for place, name in ((Record, "add"), (params_module, "replace_text"), (os, "fsync"), (os, "truncate"),
                        (champion, "sign_bundle"), (champion, "_dvc")):
        patch.setattr(place, name, around(getattr(place, name)))
    return moments


ACTIONS = {"approve": lambda place: approve("better", place), "rollback": lambda place: rollback("worse", place)}


def is_whole(place: Path, entries: list[dict]) -> bool:
    """Whether nothing is half: the parameters are readable, and name a bundle that the record speaks of."""
    return read_params(place)["register"]["incumbent"] in [change["to"] for change in history(entries)]


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("error", [Killed(), FULL], ids=["kill", "full disk"])
@pytest.mark.parametrize("action", ACTIONS)
def test_a_change_is_made_or_not_wherever_it_is_interrupted(folder, tmp_path, action, error):
    if action == "rollback":
        approve("better", folder)
    at, done, changes = 0, False, len(history(read_entries(folder)))
    while not done:
        at += 1
        place = tmp_path / f"at_{at}"
        shutil.copytree(folder, place)
        before = head(read_entries(place))
        with pytest.MonkeyPatch.context() as patch:
            moments = interrupt(patch, at, error)
            try:
                ACTIONS[action](place)
                done = True
            except (Killed, OSError):
                assert moments[0] == at
        entries = read_entries(place)
        check_anchor(entries, before, "the test")  # nothing is lost
        assert is_whole(place, entries)
        if not done and entries[-1]["kind"] == "change":  # the next command completes it
            approve("again", place)
        elif not done and len(history(entries)) == changes:  # or there was none yet
            ACTIONS[action](place)
        last = history(read_entries(place))[-1]
        assert read_params(place)["register"]["incumbent"] == last["to"] == (SECOND if action == "approve" else FIRST)
        assert len(history(read_entries(place))) == changes + 1
        assert [*place.rglob("*.new")] == []
    assert at > 10


def rewritten(entries: list[dict], key: Key, **changes) -> str:
    """The record with something else in its first entry, chained anew and signed with a key of one's own."""
    lines = []
    for entry in entries:
        content = {name: value for name, value in entry.items()
                   if name not in ("form", "version", "number", "before", "time", "key", "hash", "signature")}
        lines.append(_sealed(content | (changes if not lines else {}), lines, key))
    return "".join(json.dumps(line, sort_keys=True) + "\n" for line in lines)


@pytest.mark.parametrize("to", ["e" * 32 + ".dir", FIRST])
def test_a_rewritten_history_steers_no_rollback(folder, to):
    approve("better", folder)
    eve, file = Key("eve", Ed25519PrivateKey.generate()), folder / RECORD
    file.write_text(rewritten(read_entries(folder), eve, to=to))
    for use in (lambda: rollback("worse", folder), lambda: approve("again", folder), lambda: read_entries(folder)):
        with pytest.raises(UserError, match="signed by a key that is not trusted"):
            use()
    assert read_params(folder)["register"]["incumbent"] == SECOND


def test_one_edited_line_is_noticed(folder):
    (folder / RECORD).write_text((folder / RECORD).read_text().replace(FIRST, "e" * 32 + ".dir"))
    with pytest.raises(UserError, match="line 1 does not fit its seal"):
        rollback("worse", folder)


def git(place: Path, *words: str) -> None:
    subprocess.run(["git", "-c", "user.name=test", "-c", "user.email=test@localhost", *words], cwd=place, check=True,
                   capture_output=True)


@pytest.mark.parametrize("kept", [0, 1, None], ids=["emptied", "cut", "deleted"])
def test_a_record_that_was_cut_is_noticed_by_what_git_has(folder, kept, monkeypatch, capsys):
    git(folder, "init", "-q")
    git(folder, "add", RECORD)
    git(folder, "commit", "-qm", "a champion")
    approve("better", folder)  # what is newer than the commit may stay
    anchor, file = head(read_entries(folder)), folder / RECORD
    lines = file.read_text().splitlines(keepends=True)
    file.unlink() if kept is None else file.write_text("".join(lines[:kept]))
    with pytest.raises(UserError, match="it was cut, or written anew"):
        rollback("worse", folder)
    file.write_text("".join(lines[:2]))  # as git has it: only what was told elsewhere shows the rest
    monkeypatch.chdir(folder)
    audit()
    monkeypatch.setenv("HEAD", anchor)
    with pytest.raises(SystemExit):
        audit()
    assert "each as it was signed" in (told := capsys.readouterr()).out and anchor in told.err


def test_no_machine_approves(folder, monkeypatch, tmp_path):
    monkeypatch.setenv(FOLDER, str(tmp_path / "keys"))
    listed = {"robot": {"public": make_key("robot").public, "kind": MACHINE, "since": str(TODAY), "until": None}}
    params = read_params(folder) | {"trust": {"keys": listed | SIMULATED_BANK}}
    (folder / "params.yaml").write_text(dump_yaml(params))
    with open_record(folder, MACHINE) as book:
        assert book.key.name == "robot"
        book.add("change", action="approved", reason="", commit="", decision="", params={},
                 **{"from": FIRST, "to": SECOND})
    with pytest.raises(UserError, match="robot, of a machine"):
        read_entries(folder)


def test_the_gate_promotes_with_the_machines_key_and_with_none_it_says_how_to_make_one(folder, monkeypatch, tmp_path):
    monkeypatch.setenv(FOLDER, str(tmp_path / "keys"))
    write_json({"verdict": "promoted", "candidate": "model", "checks": []}, folder / "reports/register/decision.json")
    own = {"ada": {"public": make_key("ada").public, "kind": PERSON, "since": str(TODAY), "until": None},
           "everybody": next(iter(SIMULATED_BANK.values())) | {"until": str(TODAY)}}
    (folder / "params.yaml").write_text(dump_yaml(read_params(folder) | {"trust": {"keys": own}}))
    with pytest.raises(UserError, match="KIND=machine"):
        promote(folder)
    assert read_params(folder)["register"]["incumbent"] == FIRST


def test_a_former_champion_that_nobody_vouches_for_does_not_come_back(folder):
    approve("better", folder)
    for signature in (folder / SIGNATURES).iterdir():
        signature.unlink()
    with pytest.raises(UserError, match="signed by nobody"):
        rollback("worse", folder)
    assert read_params(folder)["register"]["incumbent"] == SECOND


def test_while_one_approves_nobody_else_does(folder):
    with open_record(folder, PERSON), pytest.raises(UserError, match="written by somebody else"):
        approve("at the same time", folder)
    assert "xgboost" not in str(read_params(folder))  # nothing was changed


def test_times_do_not_go_back(folder):
    entries = read_entries(folder)
    earlier = _sealed({"kind": "wait", "day": "2026-03-01", "time": "2020-01-01T00:00:00+00:00"}, entries, PUBLISHED)
    with (folder / RECORD).open("a") as file:
        file.write(json.dumps(earlier, sort_keys=True) + "\n")
    with pytest.raises(UserError, match="does not fit its seal"):
        read_entries(folder)


def test_a_signature_of_another_form_is_no_entry():
    statement = sign({"form": "bundle signature", "time": "2026-05-01T00:00:00+00:00"}, PUBLISHED)
    with pytest.raises(UserError, match="no record entry"):
        check_signature(statement, FORM, [TrustedKey("everybody", PUBLISHED.public, "public", date(2026, 1, 1))])
