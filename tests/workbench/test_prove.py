"""The proof that a committed dvc.lock is repeatable, on a small project that knows nothing of ours."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

pytestmark = pytest.mark.slow

# The alphabet is not the pipeline's order: rows, then list, then count.
SCRIPTS = {
    "words.py": 'SAME = "the same"\n',
    ".gitignore": "seen.json\n__pycache__\n",
    "rows.py": """
import json, os
import pyarrow as pa, pyarrow.parquet as pq
from pathlib import Path
Path("seen.json").write_text(json.dumps(dict(os.environ, umask=os.umask(0))))
Path("data").mkdir(exist_ok=True)
pq.write_table(pa.table({"card": ["a", "b", "c"], "cents": [100, 200, 300]}), "data/rows.parquet")
""",
    "steps/list.py": """
from pathlib import Path
from words import SAME
folder = Path("data/listed")
folder.mkdir(exist_ok=True)
for name in "abc":
    folder.joinpath(f"{name}.txt").write_text(f"file {name}\\n{SAME}\\n")
""",
    "count.py": """
import json
from pathlib import Path
Path("count.json").write_text(json.dumps({"files": 3, "unit": "files"}, indent=2))
""",
    "dvc.yaml": """
stages:
  count:
    cmd: python count.py
    deps: [count.py, data/listed]
    outs:
    - count.json:
        cache: false
  list:
    cmd: python steps/list.py
    deps: [steps/list.py, words.py, data/rows.parquet]
    params: [words]
    outs: [data/listed]
  rows:
    cmd: python rows.py
    deps: [rows.py]
    outs: [data/rows.parquet]
""",
    "params.yaml": "words: 2\n",
}


class Project:
    """A git repository with a pipeline of three stages that take no time."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.env = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "DVC_SITE_CACHE_DIR": str(folder.parent / "site"),
                                 "TMPDIR": str(folder.parent / "tmp"), "DVC_NO_ANALYTICS": "1", "IN_TEST": "1",
                                 "PYTHONPATH": str(folder), "TZ": "UTC", "HOME": str(folder.parent)}

    def run(self, *words: str, folder: str = ".", **changes: str) -> subprocess.CompletedProcess:
        return subprocess.run(words, cwd=self.folder / folder, env=self.env | changes, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def done(self, *words: str, **changes: str) -> None:
        done = self.run(*words, **changes)
        assert done.returncode == 0, done.stdout

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text()
        assert old in text
        (self.folder / name).write_text(text.replace(old, new))

    def repro_and_commit(self) -> None:
        self.done("dvc", "repro", "--quiet")
        self.commit()

    def commit(self) -> None:
        self.done("git", "add", "--all")
        who = ("-c", "user.name=test", "-c", "user.email=test@localhost")
        self.done("git", *who, "commit", "--quiet", "--message=test")

    def proof(self, *options: str, folder: str = ".", **changes: str) -> tuple[int, str]:
        """Prove: exit code and what was printed. Nothing is left behind, and there is never a traceback."""
        before = self.state()
        done = self.run("mlops-prove", *options, folder=folder, **changes)
        assert "Traceback" not in done.stdout
        assert self.state() == before
        assert "--keep" in options or list((self.folder.parent / "tmp").iterdir()) == []
        return done.returncode, done.stdout

    def state(self) -> tuple:
        """What a proof must leave alone: every file of the project, with its mode."""
        files = [path for path in sorted(self.folder.rglob("*"))
                 if path.is_file() and ".dvc/tmp" not in str(path) and path.name != "index"]
        return tuple((str(path), path.stat().st_mode, path.stat().st_mtime_ns) for path in files)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "project"
    folder.mkdir()
    project = Project(folder)
    (folder.parent / "tmp").mkdir()
    for name, text in SCRIPTS.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    project.done("git", "init", "--quiet")
    project.done("dvc", "init", "--quiet")
    project.repro_and_commit()
    return folder


@pytest.fixture
def project(made, tmp_path) -> Project:
    shutil.copytree(made.parent, tmp_path, dirs_exist_ok=True)
    return Project(tmp_path / "project")


def test_a_repeatable_pipeline_is_called_the_same_in_one_sentence(project):
    code, printed = project.proof()
    assert code == 0, printed
    assert re.fullmatch(r"same: 3 stages gave the bytes of the committed dvc\.lock, on .+", printed.splitlines()[-1])
    assert "> python count.py" in printed and "Not committed" not in printed


def test_changes_that_are_not_committed_are_named_and_left_out(project):
    project.change("words.py", "the same", "another")
    (project.folder / "new.py").touch()
    code, printed = project.proof()
    assert code == 0 and "Not committed, hence no part of the proof: words.py." in printed


CAUSES = {
    "chance": ("steps/list.py", "{SAME}", "{__import__('os').urandom(4).hex()}",
               ["Stage list", "data/listed/a.txt", "line 2\n    committed: '"]),
    "clock": ("rows.py", "200", "__import__('time').time_ns()",
              ["Stage rows", "data/rows.parquet", "column cents, row 1 (from 0) of 3\n    committed: "]),
    "time zone": ("count.py", '"files"}', '__import__("time").tzname}',
                  ["Stage count", "count.json", "line 4\n    committed: '"]),
}


def some(cases: dict[str, tuple], *seldom: str) -> list:
    """The cases as a test's parameters; those that are told from others by a word alone are marked as long."""
    return [pytest.param(*case, id=name, marks=[pytest.mark.long] * (name in seldom)) for name, case in cases.items()]


@pytest.mark.parametrize("name, old, new, parts", some(CAUSES, "clock", "time zone"))
def test_what_does_not_repeat_is_shown_by_stage_file_and_place(project, name, old, new, parts):
    project.change(name, old, new)
    project.repro_and_commit()
    code, printed = project.proof()
    assert code == 1
    error = printed.split("Error: ")[1]
    assert [part for part in parts if part not in error] == []


STALE = {
    "code": ("count.py", "import json", "import json  # once more",
             "stage count has another count.py; its outputs are the same"),
    "result": ("words.py", "the same", "another", "stage list has another words.py; its outputs differ too"),
    "command": ("dvc.yaml", "python rows.py", "python -B rows.py",
                "stage rows has another command; its outputs are the same"),
    "parameter": ("params.yaml", "2", "3", "stage list has another words in params.yaml; its outputs are the same"),
    "stage": ("dvc.yaml", "  rows:", "  more:\n    cmd: touch more\n    outs: [more]\n  rows:",
              "the lock does not know it"),
}


@pytest.mark.parametrize("name, old, new, message", some(STALE, "command", "parameter", "stage"))
def test_a_stale_lock_is_told_from_a_run_that_does_not_repeat(project, name, old, new, message):
    project.change(name, old, new)
    project.commit()
    code, printed = project.proof()
    assert code == 1
    assert "The committed dvc.lock is stale" in printed and message in printed
    assert "To do: run `dvc repro` and commit dvc.lock" in printed


def fresh_clone(project: Project, *options: str) -> Project:
    """What CI has: git's files, and nothing in DVC's cache."""
    project.done("git", "clone", "--quiet", *options, f"file://{project.folder}", str(project.folder.parent / "fresh"))
    return Project(project.folder.parent / "fresh")


@pytest.mark.parametrize("output, stage", [
    ("data/listed", "list"), pytest.param("data/rows.parquet", "rows", marks=pytest.mark.long)])
def test_a_claim_without_its_bytes_is_laid_to_the_machine_if_two_runs_agree(project, output, stage):
    lock = (project.folder / "dvc.lock").read_text()
    md5 = re.search(rf"{output}\n *hash: md5\n *md5: (\S+)", lock)[1]
    (project.folder / "dvc.lock").write_text(lock.replace(md5, "f" * 30 + md5[30:]))
    project.commit()
    code, printed = fresh_clone(project).proof()
    assert code == 1
    assert ("This machine repeats itself, but not the one that made the committed dvc.lock: "
            f"stage {stage} gives another {output}.") in printed
    assert "f" * 30 + md5[30:] + " committed, " + md5 + " in both runs here, on " in printed


def test_a_claim_without_its_bytes_is_laid_to_the_stage_if_two_runs_differ(project):
    project.change("steps/list.py", "{SAME}", "{__import__('time').tzname}")
    project.repro_and_commit()
    code, printed = fresh_clone(project).proof()
    assert code == 1
    assert ("Stage list does not repeat itself on this very machine: "
            "data/listed/a.txt differs between two runs") in printed
    assert "line 2\n    first run:  " in printed and "    second run: " in printed


def test_a_shallow_clone_with_no_branch_is_proven(project):
    project.change("params.yaml", "2", "3")
    project.repro_and_commit()
    fresh = fresh_clone(project, "--depth=1")
    fresh.done("git", "checkout", "--quiet", "--detach")
    assert fresh.proof()[0] == 0


@pytest.mark.long
def test_a_worktree_is_proven_on_its_own_commit(project):
    project.done("git", "worktree", "add", "--quiet", "--detach", "../tree")
    tree = Project(project.folder.parent / "tree")
    tree.change("count.py", "import json", "import json  # once more")
    tree.commit()
    assert "stage count has another count.py" in tree.proof()[1]
    assert project.proof()[0] == 0


@pytest.mark.long
def test_a_pipeline_in_a_subfolder_with_a_cache_elsewhere_is_proven(project):
    inner = project.folder / "inner"
    inner.mkdir()
    for name in ("dvc.yaml", "dvc.lock", "params.yaml", "words.py", "steps", "rows.py", "count.py"):
        project.done("git", "mv", name, f"inner/{name}")
    project.done("dvc", "cache", "dir", str(project.folder.parent / "elsewhere"))
    project.commit()
    assert project.proof(folder="inner")[0] == 0
    assert not (project.folder.parent / "elsewhere").exists()


def test_a_failing_run_is_told_after_what_dvc_says(project):
    project.change("steps/list.py", "folder.mkdir", "no.mkdir")
    project.commit()
    done = project.run("mlops-prove")
    assert done.returncode == 1
    assert "NameError" in done.stdout  # the stage's own
    after = done.stdout.split("failed to reproduce 'list'")[1]
    assert "Error: The run itself failed.\n  Found: `dvc repro --force` ended with exit code 255." in after
    assert list((project.folder.parent / "tmp").iterdir()) == []


def test_a_lock_written_by_hand_is_told(project):
    project.change("dvc.lock", "size: 4", "size:  4")
    project.commit()
    code, printed = project.proof()
    assert code == 1 and "dvc.lock says the same of every stage in other words" in printed


def test_a_folder_that_is_kept_shows_an_environment_unlike_the_users(project):
    code, printed = project.proof("--keep")
    folder = Path(re.search("^Kept: (.+)$", printed, re.MULTILINE)[1])
    seen = json.loads((folder / "first/clone/seen.json").read_text())
    assert code == 0 and seen["PYTHONPATH"] == str(folder / "first/clone")
    assert seen["umask"] == 0o077 and "IN_TEST" not in seen
    for name in ("TZ", "LC_ALL", "LANG", "HOME", "PYTHONHASHSEED", "OMP_NUM_THREADS"):
        assert seen[name] != project.env.get(name)


def test_ctrl_c_stops_the_run_and_leaves_nothing(project):
    noted = project.folder.parent / "pid"
    sleeping = f"import os, time\nPath({str(noted)!r}).write_text(str(os.getpid()))\ntime.sleep(100)\n"
    project.change("steps/list.py", "folder =", f"{sleeping}folder =")
    project.commit()
    started = subprocess.Popen(["mlops-prove"], cwd=project.folder, env=project.env, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    while not (noted.exists() and noted.read_text()):
        time.sleep(0.1)
        assert started.poll() is None
    started.send_signal(signal.SIGINT)
    printed, _ = started.communicate(timeout=20)
    assert started.returncode == 1 and printed.endswith("Stopped.\n") and "mlops_nb" not in printed
    assert list((project.folder.parent / "tmp").iterdir()) == []
    assert not Path("/proc", noted.read_text()).exists()


REFUSED = {
    "no repository": ("rm -rf .git", "This folder is in no git repository"),
    "no commit": ("rm -rf .git && git init --quiet", "Nothing is committed"),
    "no pipeline": ("git rm --quiet dvc.yaml && git commit --quiet -m x", "dvc.yaml is not committed"),
    "no lock": ("git rm --quiet --cached dvc.lock && git commit --quiet -m x", "dvc.lock is not committed"),
}


@pytest.mark.parametrize("spoil, message", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_proven_is_refused_before_anything_runs(project, spoil, message):
    identity = {f"GIT_{role}_{part}": "test" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    project.done("sh", "-c", spoil, **identity)
    code, printed = project.proof()
    assert code == 1 and printed.startswith(f"Error: {message}")


@pytest.mark.parametrize("machine, flags, found", [
    ("aarch64", "avx2 fma", "Linux aarch64"), ("x86_64", "avx fma", "Linux x86_64, no AVX2")])
def test_another_machine_than_the_claimed_ones_runs_nothing(project, machine, flags, found):
    code = f"""
import mlops_nb.workbench.prove as prove
prove.platform.machine, prove.cpu_facts = lambda: {machine!r}, lambda: {{"flags": {flags!r}}}
prove.main()
"""
    done = project.run(sys.executable, "-c", code, "", IN_TEST="")
    assert done.returncode == 1
    assert done.stdout.startswith(
        f"Error: The committed bytes are claimed for x86-64 Linux with AVX2 and FMA only.\n  Found: {found}.")


NOTEBOOK_STAGE = """
  look:
    cmd: papermill --engine stage look.ipynb look/executed.ipynb
    deps: [look.ipynb]
    outs: [look/executed.ipynb]
"""


@pytest.mark.parametrize("source, same", [
    ("print(hash('card'))", True), ("import time; print(time.time_ns())", False)], ids=["steady", "clock"])
def test_a_nondeterministic_cell_is_caught(project, source, same):
    file = project.folder / "dvc.yaml"
    file.write_text(file.read_text() + NOTEBOOK_STAGE)
    kernel = {"kernelspec": {"display_name": "python3", "language": "python", "name": "python3"}}
    notebook = new_notebook(cells=[new_code_cell(source, id="look")], metadata=kernel)
    nbformat.write(notebook, project.folder / "look.ipynb")
    project.repro_and_commit()
    code, printed = project.proof()
    assert code == (0 if same else 1), printed
    if not same:
        assert "Stage look does not repeat: look/executed.ipynb is not what was committed" in printed
        assert "line " in printed
