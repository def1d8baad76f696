"""Data has versions: a new day sends that day's objects, and what was pushed to a folder or to S3 comes back."""

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
import s3fs

from clones import Clone, contents, copy_folder

pytestmark = pytest.mark.slow
BANK = {"as_of": "2026-01-11", "ingest": {"customers": 100, "start": "2026-01-01"}}
KEYS = {"AWS_ACCESS_KEY_ID": "bank", "AWS_SECRET_ACCESS_KEY": "for this test alone", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def ingested(make_clone) -> Path:
    """The folder of a copy in which ten days of a bank have been ingested."""
    clone = make_clone(BANK)
    clone.run("dvc", "repro", "-q", "ingest")
    return clone.folder


@pytest.fixture
def clone(ingested, tmp_path) -> Clone:
    """That copy, in a folder of its own."""
    copy_folder(ingested.parent, tmp_path)
    return Clone(tmp_path / ingested.name)


def objects(storage: Path) -> set[str]:
    """List the files of a folder remote."""
    return {str(file.relative_to(storage)) for file in storage.rglob("*") if file.is_file()}


def test_a_new_day_sends_only_its_own_files(clone):
    storage, raw = clone.folder.parent / "mlops_nb-storage", clone.folder / "data/raw"  # .dvc/config names the first
    clone.run("dvc", "push", "-q", "data/raw")
    files, sent = contents(raw), objects(storage)
    assert len(sent) == len(set(files.values())) + 1  # and the list of them
    clone.params({"as_of": "2026-01-12"})
    clone.run("dvc", "repro", "-q", "ingest")
    printed = clone.run("dvc", "push", "data/raw").stdout
    after = contents(raw)
    new = after.keys() - files.keys()
    assert {Path(name).stem for name in new} == {"2026-01-11"} and {name: after[name] for name in files} == files
    assert len(objects(storage) - sent) == len(new) + 1 and sent < objects(storage)
    assert f"{len(new) + 1} files pushed" in printed


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
    credentials = {"accessKey": KEYS["AWS_ACCESS_KEY_ID"], "secretKey": KEYS["AWS_SECRET_ACCESS_KEY"]}
    identity = {"name": "bank", "credentials": [credentials], "actions": ["Admin"]}
    (tmp_path / "identities.json").write_text(json.dumps({"identities": [identity]}))
    command = ["weed", "server", f"-dir={tmp_path}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
               f"-master.port={ports[0]}", "-master.volumeSizeLimitMB=64", f"-volume.port={ports[1]}", "-volume.max=20",
               "-filer", f"-filer.port={ports[2]}",
               "-s3", f"-s3.port={ports[3]}", f"-s3.config={tmp_path}/identities.json"]
    with (tmp_path / "log").open("w") as log, subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log) as server:
        try:
            wait_until_open(ports[3], tmp_path / "log")
            yield make_bucket(f"http://127.0.0.1:{ports[3]}")
        finally:
            server.kill()


def free_ports(count: int) -> list[int]:
    """Find free ports; the server takes those ten thousand above for gRPC, so they are to be free as well."""
    ports = []
    while len(ports) < count:
        with socket.create_server(("127.0.0.1", 0)) as tried:
            port = tried.getsockname()[1] % 20_000 + 20_000
        with socket.socket() as lower, socket.socket() as upper:
            is_free = lower.connect_ex(("127.0.0.1", port)) and upper.connect_ex(("127.0.0.1", port + 10_000))
            if port not in ports and is_free:
                ports.append(port)
    return ports


def wait_until_open(port: int, log: Path) -> None:
    """Wait for a server, half a minute at most."""
    for _ in range(60):
        time.sleep(0.5)
        with socket.socket() as tried:
            if not tried.connect_ex(("127.0.0.1", port)):
                return
    raise AssertionError(log.read_text()[-2000:])


def make_bucket(address: str) -> str:
    """Make a bucket at an address, and return the address."""
    key, secret, region = KEYS.values()
    store = s3fs.S3FileSystem(key=key, secret=secret, endpoint_url=address, skip_instance_cache=True,
                              client_kwargs={"region_name": region})
    store.mkdir("bank")
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
    refused = subprocess.run(["dvc", "status", "-c", "data/raw"], cwd=clone.folder, env=os.environ | wrong,
                             capture_output=True)
    assert refused.returncode
