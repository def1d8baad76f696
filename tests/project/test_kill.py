"""A run that is killed at any moment comes back by itself: the next `dvc repro` ends in the same bytes."""

import os
import random
import signal
import subprocess
import time

import psutil
import pytest

from clones import Clone, contents

CHANCE = random.Random(20)
MOMENTS = sorted(CHANCE.random() for _ in range(20))  # shares of a run's time
MIDDLE = MOMENTS.pop(10)


class Pipeline:
    """A copy of the project that has run once, with its result and how long it took."""

    def __init__(self, clone: Clone, seconds: float):
        self.clone, self.seconds = clone, seconds
        self.result = self.now()

    def now(self) -> tuple[str, dict[str, str], dict[str, str]]:
        """The lock, the data and the evidence."""
        runs = contents(self.clone.folder / "reports/runs")
        evidence = {name: md5 for name, md5 in runs.items() if name.endswith(".ipynb")}
        return (self.clone.folder / "dvc.lock").read_text(), contents(self.clone.folder / "data"), evidence

    def killed_at(self, share: float) -> None:
        """Run everything anew and kill the whole process group at this share of its time."""
        run = subprocess.Popen(["dvc", "repro", "--force", "--quiet"], cwd=self.clone.folder, env=self.clone.env,
                               start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            run.wait(share * self.seconds)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()

    def processes(self) -> list[psutil.Process]:
        """List the kernels that still run in the copy."""
        return [process for process in psutil.process_iter(["cwd", "cmdline", "status"])
                if process.info["status"] != psutil.STATUS_ZOMBIE and self.is_kernel(process.info)]

    def is_kernel(self, info: dict) -> bool: # of a process: cwd and cmdline
        """Tell whether a process is a kernel in the copy."""
        words = [*(info["cmdline"] or []), info["cwd"] or ""]
        return "kernel.py" in " ".join(words) and any(str(self.clone.folder) in word for word in words)


@pytest.fixture(scope="module")
def pipeline(small_run, copy_small_run) -> Pipeline:
    return Pipeline(copy_small_run(), small_run.seconds)


@pytest.mark.slow
@pytest.mark.parametrize("share", [MIDDLE, *(pytest.param(share, marks=pytest.mark.long) for share in MOMENTS)])
def test_a_killed_run_comes_back_by_itself(pipeline, share):
    pipeline.killed_at(share)
    time.sleep(1)
    assert pipeline.processes() == []
    done = pipeline.clone.run("dvc", "repro")
    assert "Traceback" not in done.stdout
    assert pipeline.now() == pipeline.result
