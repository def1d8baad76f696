"""Fixtures that several tests share."""

import shutil
import signal
import subprocess
from collections import Counter

import pytest

from clones import PROJECT, Clone

# A shell's background job ignores interrupts, and so would all that it starts; some tests interrupt what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)  # once those left out are gone
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first, then those with many tests, so that both workers end at about the same time."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    count = Counter(item.path for item in items if item.path not in slow)
    items.sort(key=lambda item: (item.path not in slow, -count[item.path]))


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
