"""`make lab` and git's part in it: what a researcher saves, merges and commits, on a copy of the project."""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import pytest
import requests
from jupyter_client import BlockingKernelClient
from nbformat.v4 import new_code_cell, new_notebook, new_output
from websocket import create_connection

from clones import PROJECT
from mlops_nb.workbench.notebooks import is_clean

STAGES = sorted(path.stem for path in (PROJECT / "nbs" / "stages").glob("*.ipynb"))


def as_a_users(clone):
    "The clone with the original's environment at its place, and nothing around it that pytest or make has set."
    (clone.folder / ".venv").symlink_to(PROJECT / ".venv")
    (clone.folder / ".git/info").mkdir(exist_ok=True)
    (clone.folder / ".git/info/exclude").write_text(".venv\n")
    names = [f"GIT_{role}_{part}" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")]
    clone.env = {"HOME": clone.env["HOME"], "PATH": os.defpath, "LC_ALL": "C.UTF-8", "GIT_EDITOR": "true",
                 **dict.fromkeys(names, "tester@example.com")}
    return clone


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def executed(notebook: dict) -> dict:
    "The notebook as JupyterLab holds it after every cell was run."
    shown = {"output_type": "stream", "name": "stdout", "text": "seen"}
    cells = [cell | {"metadata": cell["metadata"] | {"scrolled": True},
                     **({"outputs": [shown], "execution_count": 3} if cell["cell_type"] == "code" else {})}
             for cell in notebook["cells"]]
    return notebook | {"cells": cells, "metadata": notebook["metadata"] | {"language_info": {"name": "python"}}}


# JupyterLab

class Lab:
    "A running server, and the folder it serves."

    def __init__(self, folder: Path, log: Path, url: str, token: str):
        self.folder, self.log, self.url, self.token = folder, log, url, token

    def ask(self, method: str, path: str, token: str | None = None, **more) -> requests.Response:
        token = self.token if token is None else token
        headers = {"Authorization": f"token {token}"}
        return requests.request(method, self.url + path, headers=headers, timeout=30, **more)

    def open(self, path: str) -> dict:
        return self.ask("GET", f"api/contents/{path}").json()["content"]

    def save(self, path: str, notebook: dict) -> requests.Response:
        return self.ask("PUT", f"api/contents/{path}", json={"type": "notebook", "format": "json", "content": notebook})

    def kernel_says(self, notebook: str, code: str) -> str:
        "What a cell of this notebook prints."
        session = self.ask("POST", "api/sessions", json={"path": notebook, "name": Path(notebook).name,
                                                        "type": "notebook", "kernel": {"name": "python3"}}).json()
        file = self.folder / f"jupyter/state/runtime/kernel-{session['kernel']['id']}.json"
        client = BlockingKernelClient(connection_file=str(file))
        client.load_connection_file()
        client.start_channels()
        outputs = []
        try:
            client.wait_for_ready(timeout=30)
            client.execute_interactive(code, timeout=30, output_hook=lambda message: outputs.append(message["content"]))
        finally:
            client.stop_channels()
            self.ask("DELETE", f"api/sessions/{session['id']}")
        return "".join(output.get("text") or "\n".join(output.get("traceback", ())) for output in outputs)


@pytest.fixture(scope="module")
def lab(make_clone):
    clone = as_a_users(make_clone())
    home = Path(clone.env["HOME"])
    (home / ".jupyter").mkdir()
    refusal = "raise SystemExit('the configuration of the user was read')"
    (home / ".jupyter/jupyter_server_config.py").write_text(refusal)
    at_home = contents(home)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log_file = home.parent / "lab.log"
    with log_file.open("w") as log:
        command = [clone.folder / "jupyter/start", "--no-browser", f"--port={port}"]
        server = subprocess.Popen(command, cwd=home, env=clone.env | {"JUPYTER_CONFIG_PATH": str(home / ".jupyter")},
                                  stdout=log, stderr=log)
        try:
            facts = announced(clone.folder / f"jupyter/state/runtime/jpserver-{server.pid}.json", server, log_file)
            yield Lab(clone.folder, log_file, facts["url"], facts["token"])
        finally:
            server.terminate()
            server.wait(timeout=20)
    assert contents(home) == at_home, "something was written to the user's home"


def announced(file: Path, server: subprocess.Popen, log: Path) -> dict:
    "What the server says of itself once it is up."
    deadline = time.monotonic() + 30
    while not file.exists() or not file.read_text():
        assert server.poll() is None and time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    return json.loads(file.read_text())


def test_make_lab_starts_this_server():
    recipe = subprocess.run(["make", "--dry-run", "lab"], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert "jupyter/start" in recipe.stdout


def test_only_this_machine_with_the_token(lab):
    assert lab.url.startswith("http://127.0.0.1:") and len(lab.token) >= 40
    for token in ("", "guess"):
        assert lab.ask("GET", "api/contents/nbs", token=token).status_code == 403
        assert lab.ask("PUT", "api/contents/nbs/x.ipynb", token=token, json={"type": "file"}).status_code == 403
    assert lab.ask("GET", "api/contents/nbs").ok


def test_lab_asks_nobody_outside(lab):
    schema = lab.ask("GET", "lab/api/settings/@jupyterlab/apputils-extension:notification").json()["schema"]
    settings = schema["properties"]
    assert (settings["fetchNews"]["default"], settings["checkForUpdates"]["default"]) == ("false", False)
    assert '"news": {"disabled": true}' in lab.ask("GET", "lab").text
    assert lab.ask("GET", "lab/api/update").json() == {"notification": None}
    assert "'readonly'" in lab.log.read_text()


def test_lab_opens_among_the_notebooks(lab):
    assert requests.get(lab.url, params={"token": lab.token}, timeout=30).url.split("?")[0] == lab.url + "lab/tree/nbs"


def test_a_library_notebook_is_cleaned_and_exported(lab):
    path, module = lab.folder / "nbs/library/base/10_errors.ipynb", lab.folder / "mlops_nb/base/errors.py"
    original = (PROJECT / "mlops_nb/base/errors.py").read_bytes()
    notebook = executed(lab.open("nbs/library/base/10_errors.ipynb"))
    cell = next(cell for cell in notebook["cells"] if "def did_you_mean" in cell["source"])
    cell["source"] += '\n\ndef just_added() -> int:\n    "A number."\n    return 7'
    assert lab.save("nbs/library/base/10_errors.ipynb", notebook).ok
    assert is_clean(path) and "just_added" in path.read_text()
    assert "def just_added" in module.read_text() and "'just_added'" in module.read_text()
    assert "errors.just_added" in (lab.folder / "mlops_nb/_modidx.py").read_text()
    assert (PROJECT / "mlops_nb/base/errors.py").read_bytes() == original

    exported = module.read_bytes()
    cell["source"] += "\n\ndef half_wri("
    assert lab.save("nbs/library/base/10_errors.ipynb", notebook).ok
    assert "half_wri" in path.read_text()
    assert module.read_bytes() == exported


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_notebook_that_was_run_is_saved_as_it_was(lab, stage):
    path = lab.folder / f"nbs/stages/{stage}.ipynb"
    before = path.read_bytes()
    assert lab.save(f"nbs/stages/{stage}.ipynb", executed(lab.open(f"nbs/stages/{stage}.ipynb"))).ok
    assert path.read_bytes() == before


def test_the_scratch_room_keeps_what_it_shows(lab):
    notebook = executed(lab.open("nbs/library/base/10_errors.ipynb"))
    assert lab.save("nbs/explore/idea.ipynb", notebook).ok
    kept = json.loads((lab.folder / "nbs/explore/idea.ipynb").read_text())
    assert [cell.get("outputs") for cell in kept["cells"] if cell["cell_type"] == "code"][0][0]["text"] == ["seen"]


def test_evidence_is_not_saved(lab):
    path = lab.folder / "reports/runs/train.ipynb"
    path.parent.mkdir(parents=True)
    shutil.copy(lab.folder / "nbs/stages/train.ipynb", path)
    before = path.read_bytes()
    refused = lab.save("reports/runs/train.ipynb", executed(lab.open("reports/runs/train.ipynb")))
    assert refused.status_code == 403 and "Save a copy in nbs/explore" in refused.json()["message"]
    assert path.read_bytes() == before


def test_an_idea_starts_with_the_data_and_mlflow_at_hand(lab):
    clean_folder = lab.folder / "data/clean"
    clean_folder.mkdir(parents=True)
    (clean_folder / "kinds.json").write_text('{"atm": 1}')
    said = json.loads(lab.kernel_says("nbs/explore/idea.ipynb", """
import json, os
from mlops_nb.explore import load
names = "MLFLOW_TRACKING_URI", "MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"
print(json.dumps([os.getcwd(), load("clean/kinds"), load.__code__.co_filename, *map(os.environ.get, names)]))"""))
    assert said == [str(lab.folder), {"atm": 1}, str(lab.folder / "mlops_nb/explore.py"),
                    f"sqlite:///{lab.folder}/mlflow.db", "true", "1"]


def test_a_stage_run_by_hand_leaves_the_pipelines_output_alone(lab):
    raw = lab.folder / "data/raw"
    raw.mkdir(parents=True)
    (raw / "kept").touch()
    said = lab.kernel_says("nbs/stages/clean.ipynb", """
from pathlib import Path
Path("data/clean").mkdir()
Path("data/clean/by_hand").touch()
print(Path.cwd(), [path.name for path in Path("data/raw").iterdir()])""")
    assert said.split() == [str(lab.folder / "nbs/explore/stages/clean"), "['kept']"]
    assert not (lab.folder / "data/clean/by_hand").exists()


@pytest.fixture
def reopened(lab):
    "The kernel that `make debug` leaves waiting, as the server lists it."
    error = new_output("error", ename="", evalue="", traceback=[])
    failed = [new_code_cell("import time; share = 0"), new_code_cell("1 / share", outputs=[error])]
    kept = lab.folder / "reports/failed/ingest-20261123T142641000000.ipynb"
    kept.parent.mkdir(parents=True)
    nbformat.write(new_notebook(cells=failed, metadata={"failed_cell": 1, "unfinished": False}), kept)
    state = lab.folder / "jupyter/state"
    env = {"PYTHONPATH": str(lab.folder), "JUPYTER_RUNTIME_DIR": f"{state}/runtime", "IPYTHONDIR": f"{state}/ipython"}
    printed = subprocess.run([sys.executable, "-m", "mlops_nb.workbench.debug", "--stage", "ingest"], cwd=lab.folder,
                             env=os.environ | env, capture_output=True, text=True, check=True).stdout
    try:
        [kernel] = [kernel for kernel in lab.ask("GET", "api/kernels").json() if kernel["name"] == "debug ingest"]
        yield kernel["id"]
    finally:
        subprocess.run(["kill", *re.findall(r"kill (\d+)", printed)], capture_output=True)


def test_a_reopened_stage_is_a_kernel_like_the_others(lab, reopened):
    channels = create_connection(f"{lab.url.replace('http', 'ws', 1)}api/kernels/{reopened}/channels", timeout=30,
                                 header=[f"Authorization: token {lab.token}"])

    def runs(code: str) -> str:
        header = {"msg_id": code, "msg_type": "execute_request", "session": "test", "username": "test",
                  "version": "5.3"}
        channels.send(json.dumps({"header": header, "parent_header": {}, "metadata": {}, "channel": "shell",
                                  "content": {"code": code, "stop_on_error": False}}))
        answers = iter(lambda: json.loads(channels.recv()), None)
        return next(answer["content"]["status"] for answer in answers
                    if answer["msg_type"] == "execute_reply" and answer["parent_header"]["msg_id"] == code)

    assert runs("assert share == 0") == "ok"
    threading.Timer(1, lambda: lab.ask("POST", f"api/kernels/{reopened}/interrupt")).start()
    assert runs("time.sleep(20)") == "error"
    assert lab.ask("POST", f"api/kernels/{reopened}/restart").status_code == 500
    assert runs("assert share == 0") == "ok"
    channels.close()
    assert lab.ask("DELETE", f"api/kernels/{reopened}").status_code == 204
    assert reopened not in [kernel["id"] for kernel in lab.ask("GET", "api/kernels").json()]
    deadline = time.monotonic() + 10
    while left := [path for path in (lab.folder / ".dvc/tmp/stages").iterdir() if path.is_dir()]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


# git

class Repository:
    "A clone with its hooks installed."

    def __init__(self, clone):
        self.clone = as_a_users(clone)
        clone.run("make", "hooks")

    def git(self, *words: str, fails: bool = False) -> str:
        done = self.clone.run("git", *words, check=False)
        assert bool(done.returncode) == fails, done.stdout
        return done.stdout

    def path(self, name: str) -> Path:
        return self.clone.folder / "nbs" / f"{name}.ipynb"

    def sources(self, name: str) -> list[str]:
        "The cells of a notebook, which must be a valid one."
        notebook = json.loads(self.path(name).read_text())
        nbformat.validate(notebook)
        return ["".join(cell["source"]) for cell in notebook["cells"]]

    def replace(self, name: str, old: str, new: str) -> None:
        text = self.path(name).read_text()
        assert old in text
        self.path(name).write_text(text.replace(old, new))

    def two_branches(self, ours: str, theirs: tuple[str, str] | str, subject: str = "theirs") -> None:
        "Reword a question on main, and that or something else on the branch `other`; main is checked out."
        question = "Which rows"
        theirs = theirs if isinstance(theirs, tuple) else (question, theirs)
        for branch, change, message in (("other", theirs, subject), ("main", (question, ours), "ours")):
            self.git("checkout", "--quiet", *(["-b"] if branch == "other" else []), branch)
            self.replace("stages/clean", *change)
            self.git("commit", "--quiet", "--all", f"--message={message}")


@pytest.fixture
def repository(make_clone):
    repository = Repository(make_clone())
    yield repository
    assert contents(Path(repository.clone.env["HOME"])) == {}, "something was written to the user's home"


@pytest.mark.slow
def test_changes_of_different_cells_are_merged(repository):
    repository.two_branches("Whose rows", ("Rows in = clean", "Received = clean"))
    repository.git("merge", "other")
    text = "".join(repository.sources("stages/clean"))
    assert "Whose rows" in text and "Received = clean" in text
    assert is_clean(repository.path("stages/clean"))
    assert repository.git("status", "--short") == ""


@pytest.mark.slow
def test_changes_of_one_cell_lie_side_by_side_until_somebody_chooses(repository):
    repository.two_branches("Whose rows", "What rows")
    assert "choose between the cells" in repository.git("merge", "other", fails=True)
    cells = repository.sources("stages/clean")
    marks = [cell for cell in cells if cell[:4] in ("`<<<", "`===", "`>>>")]
    assert len(marks) == 3 and sum("ose rows" in cell or "What rows" in cell for cell in cells) == 2

    repository.git("add", "--all")
    assert "holds the marks of a conflict" in repository.git("commit", "--message=merged", fails=True)
    notebook = json.loads(repository.path("stages/clean").read_text())
    chosen = [cell for cell, source in zip(notebook["cells"], cells)
              if source not in marks and "What rows" not in source]
    repository.path("stages/clean").write_text(json.dumps(notebook | {"cells": chosen}))
    repository.clone.run(".githooks/tidy")
    repository.git("commit", "--all", "--message=merged")
    assert is_clean(repository.path("stages/clean"))


@pytest.mark.slow
def test_a_rebase_loses_no_side_whatever_the_commit_is_called(repository):
    repository.git("config", "--local", "merge.conflictStyle", "diff3")
    repository.two_branches("Whose rows", "What rows", subject="don't lose me")
    repository.git("checkout", "--quiet", "other")
    assert "don't lose me" in repository.git("rebase", "main", fails=True)
    text = "".join(repository.sources("stages/clean"))
    assert "Whose rows" in text and "What rows" in text and "Which rows" not in text


def test_without_an_environment_git_still_works(repository):
    (repository.clone.folder / ".venv").unlink()
    repository.two_branches("Whose rows", "What rows")
    assert "make env" in repository.git("merge", "other", fails=True)
    assert "<<<<<<< HEAD" in repository.path("stages/clean").read_text()
    repository.git("checkout", "--ours", ".")
    repository.git("add", "--all")
    assert "Notebooks not checked" in repository.git("commit", "--message=merged")


@pytest.mark.slow
def test_a_commit_holds_clean_notebooks_and_their_modules(repository):
    errors = repository.path("library/base/10_errors")
    errors.write_text(json.dumps(executed(json.loads(errors.read_text()))))
    (repository.clone.folder / "mlops_nb/base/files.py").write_text("def written_by_hand(): pass\n")
    repository.git("add", "--all")
    printed = repository.git("commit", "--message=careless", fails=True)
    assert "nbs/library/base/10_errors.ipynb is not clean" in printed
    assert "mlops_nb/base/files.py is not what its notebook exports" in printed
    assert ".githooks/tidy" in printed and "Traceback" not in printed
    repository.clone.run(".githooks/tidy")
    repository.git("add", "--all")
    assert repository.git("status", "--short") == ""


@pytest.mark.slow
def test_a_commit_is_judged_by_what_is_staged(repository):
    repository.replace("library/base/10_errors", "n=1)", "n=2)")
    repository.git("add", "--all")
    repository.clone.run(".githooks/tidy")
    assert "mlops_nb/base/errors.py is not what" in repository.git("commit", "--message=half of it", fails=True)
    repository.git("commit", "--all", "--message=both")


@pytest.mark.slow
def test_a_researchers_scratch_notebook_is_neither_exported_nor_cleaned(repository):
    copy = repository.path("explore/copy")
    original = json.loads(repository.path("library/base/10_errors").read_text())
    copy.write_text(json.dumps(executed(original)).replace("n=1)", "n=2)"))
    before = copy.read_bytes()
    repository.clone.run(".githooks/tidy")
    assert copy.read_bytes() == before
    assert repository.git("status", "--short") == ""


def test_the_hook_after_a_merge_succeeds(make_clone):
    clone = as_a_users(make_clone())
    assert clone.run(".githooks/post-merge").stdout == ""
    assert clone.run("git", "status", "--porcelain").stdout == ""
