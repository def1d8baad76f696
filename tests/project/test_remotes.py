"""Data has versions: a new day costs that day's objects, and what was pushed to a folder or to S3 comes back the same."""

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
import s3fs

from clones import Clone, contents

pytestmark = pytest.mark.slow
BANK = {"as_of": "2026-01-11", "ingest": {"customers": 100, "start": "2026-01-01"}}
KEYS = {"AWS_ACCESS_KEY_ID": "bank", "AWS_SECRET_ACCESS_KEY": "for this test alone", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture
def clone(make_clone) -> Clone:
    """Ten days of a bank, taken in."""
    made = make_clone(BANK)
    made.run("dvc", "repro", "-q", "ingest")
    return made


def objects(storage: Path) -> set[str]:
    """What lies in a folder remote."""
    return {str(file.relative_to(storage)) for file in storage.rglob("*") if file.is_file()}


def test_a_new_day_sends_only_its_own_files(clone):
    storage, raw = clone.folder.parent / "mlops_nb-storage", clone.folder / "data/raw"  # the folder that .dvc/config names
    clone.run("dvc", "push", "-q", "data/raw")
    files, sent = contents(raw), objects(storage)
    assert len(sent) == len(set(files.values())) + 1  # and the list of them
    clone.params({"as_of": "2026-01-12"})
    clone.run("dvc", "repro", "-q", "ingest")
    said = clone.run("dvc", "push", "data/raw").stdout
    new = contents(raw).keys() - files.keys()
    assert {Path(name).stem for name in new} == {"2026-01-11"} and {name: contents(raw)[name] for name in files} == files
    assert len(objects(storage) - sent) == len(new) + 1 and sent < objects(storage)
    assert f"{len(new) + 1} files pushed" in said


def test_a_wiped_clone_gets_its_data_back_from_the_folder(clone):
    before = contents(clone.folder / "data/raw")
    clone.run("dvc", "push", "-q", "data/raw")
    wipe_and_pull(clone)
    assert contents(clone.folder / "data/raw") == before


def wipe_and_pull(clone: Clone) -> None:
    """Lose the raw data and DVC's cache, and fetch them."""
    for folder in ("data/raw", ".dvc/cache"):
        shutil.rmtree(clone.folder / folder)
    clone.run("dvc", "pull", "-q", "data/raw")


@pytest.fixture
def s3(tmp_path):
    """A SeaweedFS server that speaks S3, and the address it has on loopback."""
    ports = free_ports(4)
    identity = {"name": "bank", "credentials": [{"accessKey": KEYS["AWS_ACCESS_KEY_ID"], "secretKey": KEYS["AWS_SECRET_ACCESS_KEY"]}], "actions": ["Admin"]}
    (tmp_path / "identities.json").write_text(json.dumps({"identities": [identity]}))
    words = ["weed", "server", f"-dir={tmp_path}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-master.port={ports[0]}", f"-volume.port={ports[1]}", "-volume.max=20",
             "-master.volumeSizeLimitMB=64", "-filer", f"-filer.port={ports[2]}", "-s3", f"-s3.port={ports[3]}", f"-s3.config={tmp_path}/identities.json"]
    with (tmp_path / "log").open("w") as log, subprocess.Popen(words, cwd=tmp_path, stdout=log, stderr=log) as server:
        try:
            wait_until_open(ports[3], tmp_path / "log")
            yield make_bucket(f"http://127.0.0.1:{ports[3]}")
        finally:
            server.kill()


def free_ports(count: int) -> list[int]:
    """Free ports whose neighbours ten thousand above, which the server takes for gRPC, are free as well, as far as one can tell."""
    found = []
    while len(found) < count:
        with socket.create_server(("127.0.0.1", 0)) as tried:
            port = tried.getsockname()[1] % 20_000 + 20_000
        with socket.socket() as lower, socket.socket() as upper:
            if port not in found and lower.connect_ex(("127.0.0.1", port)) and upper.connect_ex(("127.0.0.1", port + 10_000)):
                found.append(port)
    return found


def wait_until_open(port: int, log: Path) -> None:
    """Wait for a server, half a minute at most."""
    for _ in range(60):
        time.sleep(0.5)
        with socket.socket() as tried:
            if not tried.connect_ex(("127.0.0.1", port)):
                return
    raise AssertionError(log.read_text()[-2000:])


def make_bucket(address: str) -> str:
    """The address, where a bucket now is."""
    key, secret, region = KEYS.values()
    s3fs.S3FileSystem(key=key, secret=secret, endpoint_url=address, skip_instance_cache=True, client_kwargs={"region_name": region}).mkdir("bank")
    return address


def test_a_wiped_clone_gets_its_data_back_from_s3(clone, s3):
    before = contents(clone.folder / "data/raw")
    clone.env |= KEYS | {name: "127.0.0.1" for name in ("NO_PROXY", "no_proxy")}
    clone.run("dvc", "remote", "add", "-q", "-d", "s3", "s3://bank/versions")
    clone.run("dvc", "remote", "modify", "s3", "endpointurl", s3)
    clone.run("dvc", "push", "-q", "data/raw")
    wipe_and_pull(clone)
    assert contents(clone.folder / "data/raw") == before
    wrong = clone.env | {"AWS_SECRET_ACCESS_KEY": "guessed"}
    assert subprocess.run(["dvc", "status", "-c", "data/raw"], cwd=clone.folder, env=os.environ | wrong, capture_output=True).returncode
