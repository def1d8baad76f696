"""The Makefile: what a user gives arrives as it is and nothing in it is executed, and a clone works in any folder."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clones import PROJECT, SMALL

FOLDER = "It's a bänk"  # a clone's, in every test here
MAKEFILE = (PROJECT / "Makefile").read_text()
EXPANDED = "$(shell touch MARK)"  # by make itself
VALUES = ["`touch MARK`", "$(touch MARK); touch MARK & #1  ${HOME}", '"; touch MARK; "', "'; touch MARK; '",
          "--help\n\ttouch MARK", EXPANDED]
# What is called, by which variable, and the words in which the program is given the value.
TEXTS = [
    ("run", "SOURCE", "mlops-workspace", ["--name=", "--labels=", "--", "VALUE"]),
    ("run SOURCE=own.csv", "NAME", "mlops-workspace", ["--name=VALUE", "--labels=", "--", "own.csv"]),
    ("run SOURCE=own.csv", "LABELS", "mlops-workspace", ["--name=", "--labels=VALUE", "--", "own.csv"]),
    ("approve", "REASON", "mlops-champion", ["approve", "--reason=VALUE"]),
    ("rollback", "REASON", "mlops-champion", ["rollback", "--reason=VALUE"]),
    ("tune", "TRIALS", "mlops-tune", ["--trials=VALUE", "--minutes=0", "--model="]),
    ("tune", "MINUTES", "mlops-tune", ["--trials=50", "--minutes=VALUE", "--model="]),
    ("tune", "MODEL", "mlops-tune", ["--trials=50", "--minutes=0", "--model=VALUE"]),
    ("debug", "STAGE", "mlops-debug", ["--stage=VALUE", "--project=."]),
    ("day", "AS_OF", "mlops-day", ["--as_of=VALUE", "--rules="]),
    ("day", "RULES", "mlops-day", ["--as_of=", "--rules=VALUE"]),
    ("operate", "RUN", "mlops-operate", ["--run=VALUE", "--start=", "--end=", "--name="]),
    ("operate", "FROM", "mlops-operate", ["--run=", "--start=VALUE", "--end=", "--name="]),
    ("operate", "TO", "mlops-operate", ["--run=", "--start=", "--end=VALUE", "--name="]),
    ("operate", "NAME", "mlops-operate", ["--run=", "--start=", "--end=", "--name=VALUE"]),
    ("lab", "PORT", "jupyter-lab", ["--port=VALUE"]),
    ("dashboard", "PORT", "mlops-dashboard",
     ["CLONE/nbs/dashboards", "--Voila.config_file_paths=CLONE/nbs/dashboards", "--port=VALUE"]),
    ("mlflow", "PORT", "mlflow",
     ["ui", "--backend-store-uri", "sqlite:///CLONE/mlflow.db", "--host", "127.0.0.1", "--port=VALUE"]),
]
SWITCHES = [
    ("prove", "KEEP", "mlops-prove", "--keep"), ("notify", "PREVIEW", "mlops-notify", "--preview"),
    ("bench-features", "SPARK", "mlops-bench-features", "--spark"),
    ("bench-models", "FINAL", "mlops-bench-models", "--final"),
    ("bench-models", "AUTOML", "mlops-bench-models", "--automl"),
]
RUNS = {"approve": "mlops-champion", "rollback": "mlops-champion", "compare": "mlops-champion", "tune": "mlops-tune",
        "debug": "mlops-debug", "dashboard": "mlops-dashboard", "site": "mlops-site", "notify": "mlops-notify",
        "day": "mlops-day",
        "bench-dashboard": "mlops-bench-dashboard"}
PROGRAMS = {"git", "uv", "dvc", "nbdev_export", "mlops-sync", "mlops-summary",
            *RUNS.values(), *(program for _, _, program, _ in TEXTS + SWITCHES)}
# Each writes down its words and its environment. Where a folder is asked for, "." answers.
STAND_IN = '#!/bin/sh\nprintf "%s\\0" "$@" >"$CALLS/${0##*/}"; env -0 >"$CALLS/${0##*/}.env"; echo .\n'


class Made:
    """A folder with the Makefile and stand-ins for all that it calls."""

    def __init__(self, folder: Path):
        self.folder, self.calls, self.mark = folder / FOLDER, folder / "calls", folder / "mark"
        for name in ("Makefile", "requirements.txt", "pyproject.toml", "jupyter/start", "nbs/dashboards/serve"):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, self.folder / name)
        for name in ("runs/bank/params.yaml", ".venv/.ready", ".venv/.complete",
                     ".peers/autogluon/.ready", ".peers/h2o/.ready"):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).touch()
        for name in PROGRAMS:
            self.program(self.folder / ".venv/bin" / name, STAND_IN)
        self.program(self.folder / ".venv/bin/uv", STAND_IN + "cat >/dev/null\n")  # it reads what is to be installed
        real = f'[ "$1" != -c ] || PYTHONPATH={shlex.quote(str(PROJECT))} exec {shlex.quote(sys.executable)} "$@"\n'
        self.python = STAND_IN.replace("\n", "\n" + real, 1)
        self.program(self.folder / ".venv/bin/python", self.python)

    def program(self, file: Path, text: str) -> None:
        """Write a program."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)

    def make(self, *words: str, **env: str) -> subprocess.CompletedProcess:
        """Call make in a bare environment; stdout holds both streams. The mark must not appear."""
        self.mark.unlink(missing_ok=True)
        shutil.rmtree(self.calls, ignore_errors=True)
        self.calls.mkdir()
        env = {"PATH": os.defpath.lstrip(":"), "LC_ALL": "C.UTF-8", "CALLS": str(self.calls)} | env
        done = subprocess.run(["make", *words], cwd=self.folder, env=env, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert not self.mark.exists(), f"executed: {words} {env}"
        return done

    def words(self, program: str) -> list[str]:
        """The words that a program was called with; none if it was not called."""
        file = self.calls / program
        return file.read_text().split("\0")[:-1] if file.exists() else []

    def env(self, program: str) -> dict[str, str]:
        """The environment that a program was called in."""
        lines = (self.calls / f"{program}.env").read_text().split("\0")[:-1]
        return dict(line.split("=", 1) for line in lines)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Made:
    return Made(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def values(made) -> list[str]:
    """What a user might give, or be made to give; the last is for make itself."""
    return [value.replace("MARK", shlex.quote(str(made.mark))) for value in VALUES]


@pytest.mark.parametrize("target, name, program, expected", TEXTS, ids=[f"{use[0]}-{use[1]}" for use in TEXTS])
def test_a_value_arrives_as_it_is(made, values, target, name, program, expected):
    given = [([f"{name}={value}"], {}, value) for value in values]
    for words, env, value in [*given, ([], {name: values[-1]}, values[-1])]:
        done = made.make(*target.split(), *words, **env)
        assert done.returncode == 0, done.stdout
        told = [word.replace("CLONE", str(made.folder)).replace("VALUE", value) for word in expected]
        assert made.words(program) == told, (name, value)


@pytest.mark.parametrize("target, name, program, switch", SWITCHES)
def test_a_switch_is_on_whatever_it_is_given(made, values, target, name, program, switch):
    for words, env in ([f"{name}={values[0]}"], {}), ([f"{name}={values[-1]}"], {}), ([], {name: values[-1]}):
        assert made.make(target, *words, **env).returncode == 0 and made.words(program) == [switch]
    assert made.make(target, f"{name}=").returncode == 0 and made.words(program) == [""]


@pytest.mark.parametrize("target", RUNS)
def test_run_is_the_name_of_a_run(made, values, target):
    (made.folder.parent / "decoy/runs/bank").mkdir(parents=True, exist_ok=True)
    done = made.make(target, "RUN=bank", CDPATH=str(made.folder.parent / "decoy"))
    assert done.returncode == 0, done.stdout
    in_it = made.env(RUNS[target])["PWD"] == str(made.folder / "runs/bank")
    assert in_it or made.words(RUNS[target])[-1].endswith("=runs/bank")
    others = ["../runs/bank", "/tmp", ".", "bank/", "a b", *values] if target == "compare" else values[-1:]
    for value in others:
        done = made.make(target, f"RUN={value}")
        assert done.returncode and not made.words(RUNS[target]), (value, done.stdout)
        assert re.search(r"There is no run .*\n  Found: bank in runs/\.\n  To do: ", done.stdout), done.stdout


def test_a_failed_stage_waits_where_the_lab_looks_for_kernels(made):
    made.make("debug", "STAGE=train", "RUN=bank")
    assert made.words("mlops-debug") == ["--stage=train", "--project=runs/bank"]
    places = {name: made.env("mlops-debug")[name] for name in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    made.make("lab")
    assert places == {name: made.env("jupyter-lab")[name] for name in places}


@pytest.mark.parametrize("name", ["ANYTHING", "PIP_FIND_LINKS", "UV_FIND_LINKS", "MLFLOW_TRACKING_URI"])
def test_make_expands_no_variable(made, values, name):
    for words, env in ([f"{name}={values[-1]}"], {}), ([], {name: values[-1]}):
        assert made.make("mlflow", *words, **env).returncode == 0
        assert made.env("mlflow")[name] == values[-1]


def test_every_variable_is_tried():
    read = set(re.findall(r"\$\$\{?([A-Z_]+)", MAKEFILE)) - {"PWD"}
    tried = {name for _, name, _, _ in TEXTS + SWITCHES} | {"RUN", "PYTHON", "MLFLOW_TRACKING_URI"}
    assert read | {"RUN"} == tried
    pasted = set(re.findall(r"(?<!\$)\$[({]([A-Z_a-z]+)[)}]", MAKEFILE.replace("as $(SOURCE)", "")))
    assert pasted == {"CURDIR", "COMMA", "RUN_FOLDER", "TESTS_ONLY", "name"}, "write \"$${NAME:-}\""


def test_the_python_that_builds_the_environment(tmp_path, values):
    made = Made(tmp_path)
    (made.folder / ".venv/.ready").unlink()
    for value in values:
        done = made.make("env", f"PYTHON={value}")
        assert done.returncode and "Python 3.11 is needed" in done.stdout and not made.words("uv"), done.stdout
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    (tmp_path / "two/torch-2.13.0-cp311.whl").touch()
    made.program(tmp_path / "my python", made.python)
    done = made.make("env", f"PYTHON={tmp_path}/my python", PIP_FIND_LINKS=f"{tmp_path}/one {tmp_path}/two")
    assert done.returncode == 0, done.stdout
    assert made.words("my python") == ["-m", "venv", ".venv"] and made.words("python")[:3] == ["-m", "pip", "install"]
    assert made.env("uv")["UV_FIND_LINKS"] == f"{tmp_path}/one,{tmp_path}/two"


def test_make_alone_lists_every_target(made):
    listed = {line.split()[0] for line in made.make().stdout.splitlines()}
    phony = re.search(r"^\.PHONY: ((?:.*\\\n)*.*)", MAKEFILE, re.M)[1].replace("\\\n", "").split()
    assert listed == set(phony) and max(map(len, MAKEFILE.splitlines())) <= 120


@pytest.mark.long
def test_a_clone_works_in_any_folder(make_clone):
    clone = make_clone(SMALL, FOLDER)
    paths = [path for path in clone.env["PATH"].split(":") if path != f"{PROJECT}/.venv/bin"]
    clone.env["PATH"] = ":".join(paths)
    for name in ("PYTHONPATH", "MAKEFLAGS", "MAKELEVEL"):
        clone.env.pop(name, None)
    clone.run("make", "env", f"PYTHON={sys.base_prefix}/bin/python3.11")
    clone.run("make", "run")
    assert "data/bundle" in (clone.folder / "dvc.lock").read_text()
    clone.run("make", "notify", "PREVIEW=1")
    assert str(clone.folder / "reports/site") in clone.run("make", "site").stdout
