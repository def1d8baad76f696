"""The engine's promises, each broken on purpose: in a toy project of two files, as Papermill's command line runs it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import nbformat
import pexpect
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from mlops_nb.engine.pins import PINS

pytestmark = pytest.mark.slow  # a process or two for each test
KERNEL = {"kernelspec": {"display_name": "python3", "language": "python", "name": "python3"}}
COMMAND = [sys.executable, "-m", "papermill", "--engine", "stage", "toy.ipynb", "runs/toy.ipynb"]
# Where the system allows no namespaces, the second wall stands alone.
NO_NAMESPACES = [
    "unshare", "--map-root-user", "sh", "-c", 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"', "sh"]
TRIED = subprocess.run(["unshare", "--map-root-user", "--net", "--mount", "true"], capture_output=True)
ALLOWED = TRIED.returncode == 0
needs_namespaces = pytest.mark.skipif(not ALLOWED, reason="this system gives an ordinary user no namespaces")


class Project:
    """A repository with one stage, `toy`, that may read rows.csv and known/, and write model/."""

    def __init__(self, folder: Path):
        self.folder = folder
        files = {".git/HEAD": "", ".dvc/config": "",
                 "rows.csv": "a\n1\n", "secret.csv": "a\n2\n", "known/more.csv": "a\n3\n",
                 "bank/__init__.py": "", "bank/money.py": "cents = 100", "bank/secrets.py": "key = 1"}
        for file, text in files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text)
        self.declare()

    def declare(self, deps=("toy.ipynb", "rows.csv", "known", "bank/money.py"), outs=("runs/toy.ipynb",)) -> None:
        """Write dvc.yaml."""
        stage = {"cmd": "papermill", "deps": list(deps), "outs": list(outs)}
        (self.folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"toy": stage}}))

    def start(self, *sources: str, before=(), after=(), env=None, **kwargs) -> subprocess.Popen:
        """Run cells as the stage."""
        cells = [new_markdown_cell("## Working", id="head")]
        cells += [new_code_cell(source, id=f"cell{number}") for number, source in enumerate(sources)]
        nbformat.write(new_notebook(cells=cells, metadata=KERNEL), self.folder / "toy.ipynb")
        return subprocess.Popen([*before, *COMMAND, *after], cwd=self.folder, env=os.environ | (env or {}), text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kwargs)

    def run(self, *sources: str, **kwargs) -> tuple[int, str]:
        """Run cells as the stage: exit code, and what was printed."""
        process = self.start(*sources, **kwargs)
        printed, _ = process.communicate(timeout=60)
        assert "Traceback" not in printed
        return process.returncode, printed

    def outputs(self) -> list:
        """The outputs of each cell in the evidence."""
        cells = nbformat.read(self.folder / "runs/toy.ipynb", as_version=4).cells
        return [cell.outputs for cell in cells if cell.cell_type == "code"]

    def record(self) -> dict:
        """The record beside the evidence."""
        return json.loads((self.folder / "runs/toy.json").read_text())

    def failed(self) -> list[Path]:
        """The notebooks of failed runs."""
        return sorted((self.folder / "reports/failed").glob("*.ipynb"))


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path / "project")


def refused(project: Project, sources: list[str], message: str, **kwargs) -> None:
    """Check that the stage fails at its last cell, with this message, and keeps its notebook."""
    code, printed = project.run(*sources, **kwargs)
    assert code == 1, printed
    assert f"toy stopped at cell {len(sources)} of {len(sources)} (Working)" in printed
    assert message in printed
    [kept] = project.failed()
    assert str(kept.relative_to(project.folder)) in printed and "make debug STAGE=toy" in printed
    assert not (project.folder / "runs/toy.ipynb").exists()


# What it may do

def test_a_stage_uses_what_it_declared(project):
    project.declare(outs=["runs/toy.ipynb", "model"])
    code, printed = project.run("from pathlib import Path; from bank.money import cents",
                                "print(Path('rows.csv').read_text(), sorted(Path('known').iterdir()), cents)",
                                "Path('model').mkdir(); Path('model/weights').write_text('1')")
    assert code == 0, printed
    assert (project.folder / "model/weights").read_text() == "1"
    assert project.outputs()[1][0].text == "a\n1\n [PosixPath('known/more.csv')] 100\n"


def test_bytecode_beside_a_module_is_no_input(project):
    subprocess.run([sys.executable, "-m", "compileall", "-q", "bank"], cwd=project.folder, check=True)
    assert list(project.folder.glob("bank/__pycache__/money*"))
    code, printed = project.run("from bank.money import cents")
    assert code == 0, printed


def test_a_stage_may_use_temporary_files_threads_and_child_processes(project):
    child = "[sys.executable, '-c', 'print(open(\"rows.csv\").read())']"
    code, printed = project.run(
        "import tempfile, subprocess, sys; open(tempfile.mkstemp()[1], 'w').write('x')",
        f"print(subprocess.run({child}, text=True, capture_output=True, check=True).stdout)",
        "from concurrent.futures import ProcessPoolExecutor as Pool\nimport math\n"
        "with Pool(2) as pool: print(list(pool.map(math.sqrt, [4, 9])))",
        "import socket; socket.socketpair(); print('local')")
    assert code == 0, printed


# Undeclared reads

READS = {
    "open": "open('secret.csv').read()",
    "absolute path": "import os; open(os.path.abspath('secret.csv')).read()",
    "by way of the parent": "import os; open(f'../{os.path.basename(os.getcwd())}/secret.csv').read()",
    "exception swallowed": "try: open('secret.csv')\nexcept OSError: pass",
    "pandas": "import pandas; pandas.read_csv('secret.csv')",
    "in a thread": "import threading\nt = threading.Thread(target=lambda: open('secret.csv'))\nt.start(); t.join()",
    "child process": "import subprocess; subprocess.run(['cat', 'secret.csv'])",
    "shell": "!cat ./secret.csv",
    "bash cell": "%%bash\ncat ./secret.csv",
    "DuckDB": "import duckdb; duckdb.sql(\"from 'secret.csv'\").fetchall()",
    "DuckDB with a pattern": "import duckdb; duckdb.sql(\"from read_csv('./secret*.csv')\").fetchall()",
    "git": "import subprocess; subprocess.run(['ls', '.git'])",
}


@pytest.mark.parametrize("source", READS.values(), ids=READS)
def test_an_undeclared_read_is_refused(project, source):
    message = "It read .git" if ".git" in source else "It read secret.csv, which dvc.yaml does not declare for toy"
    refused(project, ["'fine'", source], message)


@needs_namespaces
@pytest.mark.parametrize("name", ["open", "child process", *(pytest.param(name, marks=pytest.mark.long) for name in (
    "absolute path", "exception swallowed", "pandas", "DuckDB"))])
def test_an_undeclared_read_is_refused_without_namespaces(project, name):
    refused(project, [READS[name]], "It read secret.csv", before=NO_NAMESPACES)


@needs_namespaces
def test_native_code_cannot_reach_the_tree_by_an_absolute_path(project):
    source = f"import ctypes; ctypes.CDLL(None).open(b'{project.folder}/secret.csv', 0)"
    code, printed = project.run(source)
    assert code == 0, printed
    assert project.outputs()[0][0].data["text/plain"] == "-1"


# Undeclared writes

WRITES = {
    "open": "open('new.csv', 'w').write('x')",
    "exception swallowed": "try: open('new.csv', 'w')\nexcept OSError: pass",
    "folder": "import os; os.makedirs('new.csv')",
    "rename": "import os; os.rename('rows.csv', 'new.csv')",
    "child process": "import subprocess; subprocess.run(['touch', 'new.csv'])",
    "DuckDB": "import duckdb; duckdb.sql(\"copy (select 1) to 'new.csv'\")",
    "beside an output": "open('model.csv', 'w').write('x')",
}


@pytest.mark.parametrize("source", WRITES.values(), ids=WRITES)
def test_an_undeclared_write_is_refused(project, source):
    project.declare(outs=["runs/toy.ipynb", "model"])
    messages = {"os.rename": "It wrote rows.csv", "model.csv": "It wrote model.csv"}
    refused(project, [source], next((text for part, text in messages.items() if part in source), "It wrote new.csv"))
    assert not (project.folder / "new.csv").exists()
    assert (project.folder / "rows.csv").exists()


@pytest.mark.parametrize("source", [
    "open('rows.csv', 'a').write('x')",
    "import subprocess; subprocess.run('echo x >> rows.csv', shell=True)",
], ids=["open", "child process"])
def test_an_input_is_not_to_be_written(project, source):
    refused(project, [source], "It wrote rows.csv")
    assert (project.folder / "rows.csv").read_text() == "a\n1\n"


# Undeclared imports

@pytest.mark.parametrize("source", [
    "import bank.secrets", "from bank import secrets", "try: from bank.secrets import key\nexcept Exception: pass"])
def test_an_undeclared_import_is_refused(project, source):
    refused(project, [source], "It imported bank/secrets.py")


@needs_namespaces
def test_an_undeclared_import_is_refused_without_namespaces(project):
    refused(project, ["import bank.secrets"], "It imported bank/secrets.py", before=NO_NAMESPACES)


# The network

CONNECTIONS = {
    "socket": ("import socket; socket.create_connection(('192.0.2.1', 80), 1)", "192.0.2.1:80"),
    "name": ("import socket; socket.getaddrinfo('example.org', 80)", "example.org:80"),
    "exception swallowed": (
        "import urllib.request\ntry: urllib.request.urlopen('http://example.org')\nexcept OSError: pass",
        "example.org"),
}
CHILD = """
import subprocess, sys
subprocess.run([sys.executable, '-c', 'import socket; socket.create_connection(("192.0.2.1", 80), 1)'])
"""


@pytest.mark.parametrize("source, address", CONNECTIONS.values(), ids=CONNECTIONS)
def test_a_connection_is_refused(project, source, address):
    refused(project, [source], f"It opened a connection to {address}")


@needs_namespaces
def test_a_child_process_has_no_network_and_is_found_out(project):
    refused(project, [CHILD], "It opened a connection to an address that native code or a child process chose")


SERVED = '''
import http.server, subprocess, sys, urllib.request
code = """import http.server
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
print(server.server_port, flush=True)
server.handle_request()"""
child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
try: urllib.request.urlopen(f'http://127.0.0.1:{child.stdout.readline().strip()}')
except urllib.error.HTTPError as error: print(error.code)
'''


@needs_namespaces
def test_a_stage_talks_to_its_own_processes(project):
    code, printed = project.run(SERVED)
    assert code == 0 and project.outputs()[0][0].text == "501\n", printed


@needs_namespaces
def test_a_stage_does_not_reach_a_server_of_the_machine(project):
    with socket.create_server(("127.0.0.1", 0)) as outside:
        source = f"import socket; socket.create_connection(('127.0.0.1', {outside.getsockname()[1]}), 1)"
        refused(project, [source], "ConnectionRefusedError")


@needs_namespaces
def test_without_namespaces_the_loopback_is_refused_too(project):
    refused(project, [SERVED], "It opened a connection to 127.0.0.1", before=NO_NAMESPACES)


# Parameters

@pytest.mark.parametrize("options, message", [
    (["-p", "shrae", "1"], "did you mean 'share'?"),
    ([], "was not given"),
    (["-p", "share", "much"], "give a number, such as 0.5"),
], ids=["unknown", "missing", "wrong type"])
def test_a_bad_parameter_stops_the_run_before_it_begins(project, options, message):
    process = project.start("raise SystemExit('it ran')")
    process.communicate()
    notebook = nbformat.read(project.folder / "toy.ipynb", as_version=4)
    notebook.cells.insert(0, new_code_cell("share = 0.5", metadata={"tags": ["parameters"]}))
    nbformat.write(notebook, project.folder / "toy.ipynb")
    done = subprocess.run([*COMMAND, *options], cwd=project.folder, capture_output=True, text=True)
    assert done.returncode == 1
    assert "toy was not started" in done.stderr and message in done.stderr
    assert "it ran" not in done.stderr and "Traceback" not in done.stderr


def test_a_notebook_that_no_stage_declares_is_not_run(project):
    project.declare(outs=["runs/other.ipynb"])
    code, printed = project.run("1")
    assert code == 1 and "declare it there" in printed


# Inputs that do not stand still

def test_an_input_that_changes_meanwhile_fails_the_stage(project):
    process = project.start("import time; time.sleep(3); print(open('rows.csv').read())")
    time.sleep(2.5)
    (project.folder / "rows.csv").write_text("a\n9\n")
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "rows.csv changed while it ran" in printed
    kept = nbformat.read(project.failed()[0], as_version=4)
    assert kept.cells[-1].outputs[0].text == "a\n1\n\n"  # what it saw stood still


def test_an_input_saved_again_as_it_was_fails_nothing(project):
    process = project.start("import time; time.sleep(3)")
    time.sleep(2.5)
    (project.folder / "rows.csv").write_text("a\n1\n")
    process.communicate(timeout=60)
    assert process.returncode == 0


# Outputs: all or none

def test_a_failing_stage_publishes_nothing(project):
    project.declare(outs=["runs/toy.ipynb", "model"])
    (project.folder / "model").mkdir()
    (project.folder / "model/old").touch()
    writing = "from pathlib import Path; Path('model').mkdir(); Path('model/new').touch()"
    refused(project, [writing, "1 / 0"], "ZeroDivisionError")
    assert [file.name for file in (project.folder / "model").iterdir()] == ["old"]


def test_an_output_that_was_not_written_fails_the_stage(project):
    project.declare(outs=["runs/toy.ipynb", "model"])
    code, printed = project.run("1")
    assert code == 1 and "It did not write model, which dvc.yaml declares" in printed


# A cell that does not finish

def test_a_kernel_that_dies_is_a_failure(project):
    refused(project, ["1", "import os; os._exit(0)"], "The kernel died")


def test_a_kernel_that_is_killed_says_its_last_words(project):
    refused(project, ["import os; os.system('echo out of luck >&2'); os.kill(os.getpid(), 9)"], "out of luck")


def test_a_cell_that_takes_too_long_is_a_failure(project):
    refused(project, ["while True: pass"], "did not finish within 1 s", after=["--execution-timeout", "1"])


def test_a_cell_that_ends_the_program_is_a_failure(project):
    refused(project, ["raise SystemExit(0)"], "SystemExit")


CLASS = "class Own(Exception):\n    "
FAILURES = {
    "line magic": ("%nosuchmagic", "UsageError: Line magic function `%nosuchmagic` not found."),
    "cell magic": ("%%sql\nselect 1", "UsageError: Cell magic `%%sql` not found."),
    "group": ("raise ExceptionGroup('two of them', [OSError(1), ValueError(2)])", "ExceptionGroup: two of them"),
    "debugger": ("breakpoint()", "BdbQuit"),
    "handler": ("get_ipython().set_custom_exc((KeyError,), lambda *_, **__: print('handled'))\n{}['x']",
                "KeyError: 'x'"),
    "no traceback": (CLASS + "def _render_traceback_(self): pass\nraise Own('stop')", "Own: stop"),
    "no words": (CLASS + "def __str__(self): raise OSError('mute')\nraise Own", "OSError: mute"),  # as IPython has it
    "falsy": (CLASS + "def __bool__(self): return False\nraise Own('empty')", "Own: empty"),
    "half a character": ("print('\\ud800'); raise ValueError('row \\ud800')", "ValueError: row \\ud800"),
    "shown": ("%%time\nraise ValueError('no labels')", "ValueError: no labels"),
    "exit": ("exit", "SystemExit"),
    "bytes": ("import sys; sys.stdout.write(b'x')", "TypeError"),
}


@pytest.mark.parametrize("source, message", FAILURES.values(), ids=FAILURES)
def test_a_failed_cell_is_a_failure_whatever_it_shows(project, source, message):
    refused(project, ["1", source], message)
    kept = nbformat.read(project.failed()[0], as_version=4)
    assert any("ename" in output for output in kept.cells[-1].outputs)


def test_half_a_character_is_text_like_any_other(project):
    code, printed = project.run("import sys; print('row \\ud800'); print('\\udcff', file=sys.stderr); '\\udfff 😀'")
    assert code == 0, printed
    assert project.outputs()[0][0].text == "row \\ud800\n"
    assert project.outputs()[0][1].data["text/plain"] == "'\\udfff 😀'"


def test_outputs_that_cannot_be_published_are_a_failure(project):
    project.declare(outs=["runs/toy.ipynb", "model/weights"])
    (project.folder / "model").touch()
    source = "import os; os.makedirs('model', exist_ok=True); open('model/weights', 'w').write('1')"
    code, printed = project.run(source)
    assert code == 1 and "toy failed.\n" in printed and "File exists" in printed
    assert len(project.failed()) == 1


def test_no_cell_runs_after_an_error_that_was_only_shown(project):
    project.declare(outs=["runs/toy.ipynb", "model"])
    (project.folder / "model").write_text("good")
    code, printed = project.run("%%time\nraise ValueError('no labels')", "open('model', 'w').write('bad')")
    assert code == 1 and "toy stopped at cell 1 of 2" in printed
    assert (project.folder / "model").read_text() == "good"


# It ends with its last cell

LEFT_RUNNING = {
    "joblib": "from joblib import Parallel, delayed; Parallel(n_jobs=2)(delayed(abs)(i) for i in range(3))",
    "open pools": """
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pool
one, two = ProcessPoolExecutor(2), Pool(2)
list(one.map(abs, range(3))), two.map(abs, range(3))""",
    "busy": """
import atexit, multiprocessing, os, subprocess, tempfile, threading, time
from concurrent.futures import ProcessPoolExecutor
pool = ProcessPoolExecutor(1); pool.submit(time.sleep, 1000)
multiprocessing.Process(target=time.sleep, args=(1000,)).start()
subprocess.Popen(["sleep", "1000"], preexec_fn=int); os.fork() or time.sleep(1000)
threading.Thread(target=time.sleep, args=(1000,)).start()
folder = tempfile.TemporaryDirectory(); print(folder.name)
atexit.register(time.sleep, 1000)""",
}


def processes_of(project: Project) -> list[str]:
    """What the processes that were started for a project's stage are called."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            if f"FOLDER={project.folder}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_text())
    return found


@pytest.mark.parametrize("source", LEFT_RUNNING.values(), ids=LEFT_RUNNING)
def test_a_stage_ends_with_its_last_cell(project, source):
    code, printed = project.run(source, "2", env={"FOLDER": str(project.folder)})
    assert code == 0 and project.record()["seconds"] < 20, printed
    assert soon(lambda: not processes_of(project))
    if "TemporaryDirectory" in source:
        assert not Path(project.outputs()[0][0].text.strip()).exists()


def test_a_kernel_that_dies_does_not_leave_its_children(project):
    source = "import os, time; os.fork() or time.sleep(1000); os.kill(os.getpid(), 9)"
    refused(project, ["1", source], "The kernel died", env={"FOLDER": str(project.folder)})
    assert soon(lambda: not processes_of(project))


# The same bytes, wherever it runs

RESTLESS = """
import os, sys, matplotlib.pyplot as plt
print(os.getcwd(), file=sys.stderr); print(os.getcwd()); print(hash("card")); print({"a", "b", "c"})
object(), plt.plot([1, 2])
"""


def test_the_evidence_is_the_same_elsewhere(project, tmp_path):
    elsewhere = Project(tmp_path / "another/place")
    assert project.run(RESTLESS)[0] == 0
    other = {"TZ": "Asia/Kolkata", "LC_ALL": "C", "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "2", "HOME": str(tmp_path)}
    assert elsewhere.run(RESTLESS, env=other, umask=0o077)[0] == 0
    evidence = [(place.folder / "runs/toy.ipynb").read_text() for place in (project, elsewhere)]
    assert evidence[0] == evidence[1]
    assert str(tmp_path) not in evidence[0] and '"stderr"' not in evidence[0]
    assert [output.output_type for output in project.outputs()[0]] == ["stream", "execute_result", "display_data"]


def test_the_pins_hold_whatever_the_user_has_set(project):
    other = dict.fromkeys(PINS, "3") | {"LC_ALL": "C", "TZ": "Asia/Kolkata"}
    source = f"import os; print({{name: os.environ[name] for name in {list(PINS)}}} == {PINS})"
    code, printed = project.run(source, env=other)
    assert code == 0, printed
    assert project.outputs()[0][0].text == "True\n"


def test_the_record_tells_when_where_and_with_what(project):
    project.run("import numpy")
    record = project.record()
    assert record["stage"] == "toy" and record["seconds"] > 0 and len(record["cell_seconds"]) == 1
    assert record["machine"]["cores"] == os.cpu_count()
    assert "numpy" in record["versions"] and record["peak_bytes"] > 10**7
    assert record["uncovered"] == "" or not ALLOWED


SHOWING = [
    "import pandas; pandas.DataFrame({'a': [1]})",
    "print('one'); print('two')",
    "from IPython.display import HTML; display(HTML('<b>x</b>'), 2)",
    "import matplotlib.pyplot as plt; plt.plot([1, 2]);",
    "3;",
    "",
    "await __import__('asyncio').sleep(0, 'later')",
    "%%bash\necho low",
    "shown = display('first', display_id='one')",
    "shown.update('second')",
    "from IPython.display import clear_output; print(1); clear_output(); print(2)",
]


def test_a_notebook_shows_what_plain_papermill_shows(project):
    assert project.run(*SHOWING)[0] == 0
    ours = project.outputs()
    plainly = [sys.executable, "-m", "papermill", "toy.ipynb", "runs/toy.ipynb", "--no-progress-bar"]
    subprocess.run(plainly, cwd=project.folder, capture_output=True, check=True)
    plain = [[{**output, "metadata": {}} for output in outputs] for outputs in project.outputs()]
    assert [[{**output, "metadata": {}} for output in outputs] for outputs in ours] == plain


CHILDREN = ["""
import multiprocessing, os, subprocess, sys
def work(i): print("pool", i)
with multiprocessing.get_context("fork").Pool(1) as pool: pool.map(work, range(2))
if not os.fork():
    print("fork"); os._exit(0)
os.wait(); None""", """
child = subprocess.Popen([sys.executable, "-c", "import time; print('still running'); time.sleep(1000)"])
import time; time.sleep(1)""", "print('last')"]


def test_what_child_processes_print_is_there(project):
    code, printed = project.run(*CHILDREN)
    assert code == 0, printed
    assert [cell[0].text for cell in project.outputs()] == ["pool 0\npool 1\nfork\n", "still running\n", "last\n"]


def test_cells_without_ids_are_named_by_their_place(project):
    nbformat.write(new_notebook(cells=[new_code_cell("1"), new_code_cell("2")], metadata=KERNEL),
                   project.folder / "toy.ipynb")
    notebook = json.loads((project.folder / "toy.ipynb").read_text()) | {"nbformat_minor": 0}
    for cell in notebook["cells"]:
        del cell["id"]
    (project.folder / "toy.ipynb").write_text(json.dumps(notebook))
    subprocess.run(COMMAND, cwd=project.folder, capture_output=True, check=True)
    cells = nbformat.read(project.folder / "runs/toy.ipynb", as_version=4).cells
    assert [cell.id for cell in cells] == ["cell-0", "cell-1"]


# Watching it

def test_a_terminal_gets_one_live_line(project):
    project.run("1")  # how long to expect
    source = "import sys, time; print('halfway', file=sys.stderr); time.sleep(0.5); print('answer')"
    cells = [new_markdown_cell("## Working"), new_code_cell(source)]
    nbformat.write(new_notebook(cells=cells, metadata=KERNEL), project.folder / "toy.ipynb")
    shown, status = pexpect.run(" ".join(COMMAND), withexitstatus=True, timeout=60, dimensions=(40, 110),
                                cwd=str(project.folder))
    assert status == 0
    assert b"\x1b[2Ktoy 1/1 Working  0:00 of about 0:00  halfway" in shown and b"toy: done" in shown
    assert shown.count(b"toy 1/1 Working\r\n") == 0
    assert [output.text for output in project.outputs()[0]] == ["answer\n"]


def test_a_log_gets_one_line_a_cell(project):
    code, printed = project.run("import sys\nfor i in range(1000): print('muttering', file=sys.stderr)", "2")
    assert code == 0
    labels = [line.split(":")[0] for line in printed.splitlines() if line.startswith("toy")]
    assert labels == ["toy 1/2 Working", "toy 2/2 Working", "toy"]
    assert "muttering" not in printed


def test_an_interrupted_run_is_a_failure_that_is_kept(project):
    process = project.start("1", "import time; time.sleep(60)", start_new_session=True)
    assert any(line.startswith("toy 1/2") for line in process.stdout)  # the next cell begins
    os.killpg(process.pid, signal.SIGINT)
    printed, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "Interrupted" in printed and len(project.failed()) == 1


def test_nothing_outlives_a_run_that_was_killed(project):
    source = "import os, time; open(f'{os.environ[\"HOME\"]}/pid', 'w').write(str(os.getpid())); time.sleep(60)"
    process = project.start(source, env={"HOME": str(project.folder.parent)})
    noted = project.folder.parent / "pid"
    while not (noted.exists() and noted.read_text()):
        time.sleep(0.1)
    process.kill()
    process.communicate()
    time.sleep(0.5)
    state = Path("/proc", noted.read_text(), "stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"  # ended, and perhaps not yet buried


# Nothing is carried over

SPOIL = """
import math, numpy, os, sys
math.pi = numpy.pi = 3; os.environ['LEFT'] = '1'; sys.path.append('left'); left = 1
"""
LOOK = """
import math, numpy, os, pyarrow, sys
print(math.pi == numpy.pi > 3, 'LEFT' in os.environ, 'left' in sys.path, 'left' in globals())
"""


class Pipeline(Project):
    """A DVC repository of three stages in a row, whose kernels are made as in any `dvc repro`."""

    def __init__(self, folder: Path, sources: dict[str, str]):
        super().__init__(folder)
        stages, before = {}, []
        for stage, source in sources.items():
            stages[stage] = {"cmd": f"papermill --engine stage {stage}.ipynb runs/{stage}.ipynb",
                             "deps": [f"{stage}.ipynb", *before], "outs": [f"runs/{stage}.ipynb"]}
            before = [f"runs/{stage}.ipynb"]
            notebook = new_notebook(cells=[new_code_cell(source, id="cell")], metadata=KERNEL)
            nbformat.write(notebook, folder / f"{stage}.ipynb")
        (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
        subprocess.run(["dvc", "init", "--no-scm", "--force", "--quiet"], cwd=folder, check=True)

    def start_repro(self, before=()) -> subprocess.Popen:
        """`dvc repro`, begun."""
        env = os.environ | {"FOLDER": str(self.folder)}
        return subprocess.Popen([*before, "dvc", "repro"], cwd=self.folder, env=env, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def repro(self, before=()) -> tuple[int, str]:
        """`dvc repro`: exit code, and what was printed."""
        process = self.start_repro(before)
        printed, _ = process.communicate(timeout=120)
        return process.returncode, printed

    def kernels_ahead(self) -> int:
        """How many kernels made ahead are alive."""
        alive = 0
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended meanwhile
                ours = f"FOLDER={self.folder}".encode() in (process / "environ").read_bytes().split(b"\0")
                alive += ours and b"ahead" in (process / "cmdline").read_bytes().split(b"\0")
        return alive

    def records(self, name: str) -> list[str]:
        """What the records of the stages that ended say under a name."""
        return [json.loads(record.read_text())[name] for record in sorted((self.folder / "runs").glob("*.json"))]


@pytest.mark.parametrize("before", [[], NO_NAMESPACES] if ALLOWED else [[]], ids=["namespaces", "none"][:1 + ALLOWED])
def test_kernels_made_ahead_share_nothing(tmp_path, before):
    pipeline = Pipeline(tmp_path / "project", {"a": SPOIL, "b": SPOIL, "c": LOOK})
    code, printed = pipeline.repro(before)
    assert code == 0, printed
    assert pipeline.records("kernel") == ["was started", "was waiting", "was waiting"]
    # pyarrow brings a thread, after which no namespace can be entered
    assert any(pipeline.records("uncovered")) == (bool(before) or not ALLOWED)
    [cell] = nbformat.read(pipeline.folder / "runs/c.ipynb", as_version=4).cells
    assert cell.outputs[0].text == "True False False False\n"


@pytest.mark.parametrize("source, message", [
    ("open('secret.csv')", "It read secret.csv"),
    pytest.param(CHILD, "It opened a connection", marks=needs_namespaces),
], ids=["read", "network"])
def test_a_kernel_that_waited_is_closed_off_like_any_other(tmp_path, source, message):
    pipeline = Pipeline(tmp_path / "project", {"a": "1", "b": "2", "c": source})
    code, printed = pipeline.repro()
    assert code == 255 and message in printed and "c stopped at cell 1 of 1" in printed
    assert pipeline.records("kernel") == ["was started", "was waiting"]


def test_a_kernel_that_ends_before_it_answers_is_not_waited_for(project, monkeypatch):
    waiting = project.folder / ".dvc/tmp/stages"
    waiting.mkdir(parents=True)
    monkeypatch.chdir(waiting)
    with socket.socket(socket.AF_UNIX) as ending:
        ending.bind("toy.socket")
        ending.listen(1)
        process = project.start("print('ran')")
        time.sleep(2)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 0, printed
    assert project.record()["kernel"] == "was started"


def test_kernels_that_nobody_came_for_end_with_dvc(tmp_path):
    pipeline = Pipeline(tmp_path / "project", {"a": "import time; time.sleep(3)", "b": "1 / 0", "c": "3"})
    process = pipeline.start_repro()
    assert soon(lambda: pipeline.kernels_ahead() >= 2)
    process.communicate(timeout=60)
    assert process.returncode == 255
    assert soon(lambda: not pipeline.kernels_ahead())


def soon(holds) -> bool:
    """Whether something comes true within half a minute."""
    return any(holds() or time.sleep(0.2) for _ in range(150))


def test_one_stage_leaves_nothing_for_the_next(project):
    project.declare(outs=["runs/toy.ipynb", "model"])
    writing = "open('model', 'w').write('x');"
    assert project.run(f"import math, os; math.pi = 3; os.environ['LEFT'] = '1'; left = 1; {writing}")[0] == 0
    code, printed = project.run(
        "import math, os; print(math.pi, 'LEFT' in os.environ, 'left' in globals(), os.path.exists('model'))", writing)
    assert code == 0, printed
    assert project.outputs()[0][0].text == "3.141592653589793 False False False\n"
