"""`make debug` on a toy pipeline: the kernel that waits, what it can reach, and that nothing stays when it ends."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pexpect
import psutil
import pytest
from jupyter_client import BlockingKernelClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from clones import PROJECT

COMMAND = [sys.executable, "-m", "mlops_nb.workbench.debug", "--stage"]
WORK = """from pathlib import Path
from dividing import divide
Path("data/share").write_text("overwritten")
divide(1, share)"""


def failing(source: str, error: bool = True) -> nbformat.NotebookNode:
    """A notebook as the engine keeps it: its third code cell has failed, or did not end."""
    outputs = [new_output("error", ename="ZeroDivisionError", evalue="division by zero", traceback=[])] if error else []
    return new_notebook(metadata={"failed_cell": 3, "unfinished": not error}, cells=[
        new_code_cell("share = 0.5", metadata={"tags": ["parameters"]}),
        new_code_cell("share = 0", metadata={"tags": ["injected-parameters"]}),
        new_markdown_cell("## Dividing"), new_code_cell(source, outputs=outputs), new_code_cell("after = True")])


class Toy:
    """A project with one stage, what it keeps of failures, and the kernels that wait in it."""

    def __init__(self, folder: Path):
        self.folder, self.runtime = folder / "project", folder / "runtime"
        (self.folder / "data").mkdir(parents=True)
        (self.folder / "reports/failed").mkdir(parents=True)
        (self.folder / ".dvc").mkdir()
        (self.folder / "dvc.yaml").write_text("stages: {two-halves: {cmd: papermill, deps: [data, {dividing.py: {}}]}}")
        (self.folder / "data/kept").write_text("kept")
        (self.folder / "dividing.py").write_text("def divide(whole, part):\n    return whole / part\n")
        self.env = os.environ | {"JUPYTER_RUNTIME_DIR": str(self.runtime), "IPYTHONDIR": str(folder / "ipython"),
                                 "PYTHONPATH": str(PROJECT)}

    def keep(self, notebook: nbformat.NotebookNode, when: str = "20261123T142641000000") -> None:
        nbformat.write(notebook, self.folder / f"reports/failed/two-halves-{when}.ipynb")

    def debug(self, stage: str = "two-halves", status: int = 0) -> str:
        """What the command prints."""
        done = subprocess.run([*COMMAND, stage], cwd=self.folder, env=self.env, text=True, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == status, done.stdout
        assert status == 0 or "Traceback" not in done.stdout
        return done.stdout

    def left(self) -> list[Path]:
        """Connection files and scratch folders."""
        return [*self.runtime.glob("external_kernels/*"), *self.folder.glob(".dvc/tmp/stages/*")]

    def kernels(self) -> list[psutil.Process]:
        """The processes that run in this project."""
        return [process for process in psutil.process_iter(["cmdline"])
                if str(self.runtime) in " ".join(process.info["cmdline"] or [])]

    def nothing_left(self) -> bool:
        """Whether kernels, files and folders are gone, now or within seconds."""
        deadline = time.monotonic() + 10
        while (self.left() or self.kernels()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return not self.left() and not self.kernels()

    def asks(self, expression: str) -> str:
        """The value that an expression has in the kernel that waits."""
        [file] = self.runtime.glob("external_kernels/*.json")
        client = BlockingKernelClient(connection_file=str(file))
        client.load_connection_file()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=30)
            reply = client.execute("", user_expressions={"asked": expression}, reply=True, timeout=30)
        finally:
            client.stop_channels()
        value = reply["content"]["user_expressions"]["asked"]
        return value["data"]["text/plain"] if value["status"] == "ok" else value["ename"]


@pytest.fixture
def toy(tmp_path):
    toy = Toy(tmp_path)
    yield toy
    for process in toy.kernels():
        process.kill()


@pytest.fixture(scope="module")
def waiting(tmp_path_factory):
    """A project in which the kernel of a failed stage waits, and what the command has printed."""
    toy = Toy(tmp_path_factory.mktemp("waiting"))
    toy.keep(failing("1 + 1"), when="20261122T235959000000")
    toy.keep(failing(WORK))
    try:
        yield toy, toy.debug()
    finally:
        for process in toy.kernels():
            process.kill()


def test_the_stage_stops_where_it_failed(waiting):
    toy, printed = waiting
    assert "cell 1 of 4\ncell 2 of 4\ncell 3 of 4 (Dividing)\n" in printed and "cell 4 of 4" not in printed
    assert "dividing.py" in printed and "ZeroDivisionError: division by zero" in printed and "\x1b" not in printed
    assert "It stopped at cell 3 of 4 (Dividing)" in printed
    assert (toy.asks("share"), toy.asks("after")) == ("0", "NameError")


def test_the_kernel_has_a_stages_environment_and_the_projects_modules(waiting):
    toy, _ = waiting
    assert toy.asks("__import__('os').environ['MKL_CBWR']") == "'COMPATIBLE'"
    assert toy.asks("divide.__code__.co_filename") == repr(str(toy.folder / "dividing.py"))


def test_the_working_tree_stays_as_it_is(waiting):
    toy, _ = waiting
    assert [path.name for path in (toy.folder / "data").iterdir()] == ["kept"]
    assert toy.asks("Path('data/kept').read_text(), Path('data/share').read_text()") == "('kept', 'overwritten')"


@pytest.mark.slow
def test_a_console_attaches_debugs_and_ends_it(toy):
    toy.keep(failing(WORK))
    [command] = re.findall(r"in a terminal +(.+)", toy.debug())
    console = pexpect.spawn(f"{command} --simple-prompt", env=toy.env, encoding="utf-8", timeout=60)
    console.expect(r"In \[")
    for typed, shown in ("%debug", "ipdb>"), ("p whole, part", r"\(1, 0\)"), ("q", r"In \["), ("quit", pexpect.EOF):
        console.sendline(typed)
        console.expect(shown)
    assert toy.nothing_left()


@pytest.mark.slow
@pytest.mark.parametrize("end", ["kill", "memory"])
def test_a_kernel_that_ends_leaves_nothing_behind(toy, end):
    toy.keep(failing(WORK))
    [pid] = map(int, re.findall(r"kill (\d+)", toy.debug()))
    assert toy.left()
    os.kill(pid, signal.SIGTERM if end == "kill" else signal.SIGKILL)
    assert toy.nothing_left()


@pytest.mark.slow
def test_a_cell_that_does_not_fail_again(toy):
    toy.keep(failing("half = 1 / 2"))
    assert "It did not fail this time" in toy.debug()
    assert (toy.asks("half"), toy.asks("after")) == ("0.5", "NameError")


@pytest.mark.slow
def test_another_cell_fails_first(toy):
    notebook = failing(WORK)
    notebook.cells[1].source = "import gone"
    toy.keep(notebook)
    printed = toy.debug()
    assert "It stopped at cell 2 of 4" in printed and "cell 3 of 4" not in printed


@pytest.mark.slow
def test_a_cell_in_which_the_kernel_died_is_left_to_the_user(toy):
    toy.keep(failing("import os; os._exit(1)", error=False))
    assert "The cell that did not end was left out." in toy.debug()
    assert toy.asks("share") == "0"


@pytest.mark.slow
def test_a_kernel_that_dies_on_the_way_is_a_message(toy):
    toy.keep(failing("import os; os._exit(1)"))
    assert "The kernel died in cell 3 of 4 (Dividing)" in toy.debug(status=1)
    assert toy.nothing_left()


@pytest.mark.slow
def test_a_command_that_is_stopped_leaves_nothing_behind(toy):
    toy.keep(failing("import time; time.sleep(60)"))
    command = pexpect.spawn(sys.executable, [*COMMAND[1:], "two-halves"], cwd=str(toy.folder), env=toy.env,
                            encoding="utf-8", timeout=60)
    command.expect("cell 3 of 4")
    command.sendintr()
    command.expect(pexpect.EOF)
    assert toy.nothing_left()


@pytest.mark.parametrize("stage, message", [
    ("", "No stage was named"), ("two-halfs", "did you mean 'two-halves'?"), ("renamed", "dvc.yaml has no stage")])
def test_what_cannot_be_reopened_is_a_message(toy, stage, message):
    toy.keep(failing(WORK))
    nbformat.write(failing(WORK), toy.folder / "reports/failed/renamed-20261123T142641000000.ipynb")
    assert message in toy.debug(stage, status=1)
    assert toy.nothing_left()
