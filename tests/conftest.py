"""Fixtures that several tests share."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from clones import PROJECT, SMALL, Clone, SmallRun, copy_folder

# A shell's background job ignores interrupts, and so would all that it starts; some tests interrupt what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)  # once those left out are gone
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files whose tests run the pipeline come first, then those with slow tests, then those with many, so that both
    workers end at about the same time."""
    slow = [item for item in items if item.get_closest_marker("slow")]
    run = [item for item in slow if {"make_clone", "copy_small_run"} & set(item.fixturenames)]
    counts = [Counter(item.path for item in some) for some in (run, slow, items)]
    items.sort(key=lambda item: [-count[item.path] for count in counts])


@pytest.fixture(scope="session")
def make_clone(tmp_path_factory):
    """A function that copies the project into a folder of its own."""

    def make(changes: dict | None = None, name: str = "project") -> Clone:
        folder = tmp_path_factory.mktemp("clone") / name
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=PROJECT,
                                capture_output=True, text=True, check=True)
        for name in filter(None, listed.stdout.split("\0")):
            if (PROJECT / name).is_file() or (PROJECT / name).is_symlink():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(PROJECT / name, folder / name, follow_symlinks=False)
        clone = Clone(folder)
        (folder.parent / "home").mkdir()
        (folder / "dvc.lock").unlink(missing_ok=True)
        clone.run("git", "init", "-q", "-b", "main")
        clone.params(changes or {})
        clone.commit("copy")
        return clone

    return make


@pytest.fixture(scope="session")
def small_run(make_clone, tmp_path_factory) -> SmallRun:
    """The pipeline, run once on the small bank and committed; the worker that asks first makes it for all."""
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    with (shared / "small_run.json").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        if not (made := file.read()):
            clone, began = make_clone(SMALL), time.monotonic()
            made = json.dumps([str(clone.folder), clone.ran(), time.monotonic() - began])
            clone.commit("ran")
            file.write(made)
    folder, stages, seconds = json.loads(made)
    return SmallRun(Path(folder), stages, seconds)


@pytest.fixture(scope="session")
def copy_small_run(small_run, tmp_path_factory):
    """A function that copies that run into a folder of its own; changed parameters rerun the stages they touch."""

    def copy(changes: dict | None = None) -> Clone:
        folder = tmp_path_factory.mktemp("run") / "project"
        copy_folder(small_run.folder, folder)
        (folder.parent / "home").mkdir()
        clone = Clone(folder)
        if changes:
            clone.params(changes)
            clone.commit("changes")
        return clone

    return copy
