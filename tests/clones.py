"""What several tests share: where the project is, a bank small enough for tests, and a copy of the project in which
anything may be done."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

PROJECT = Path(__file__).parents[1]
os.environ["PATH"] = f"{PROJECT}/.venv/bin:{os.environ['PATH']}"
os.environ["OMP_NUM_THREADS"] = "1"  # two threads in two workers on two cores spend their time waiting for each other

needs_java = pytest.mark.skipif(not shutil.which("java"), reason="Spark needs Java, and there is none")

# A bank small enough for every stage to take seconds.
SMALL = {
    "as_of": "2026-02-01",
    "ingest": {"customers": 300, "start": "2025-12-01"},
    "train": {
        "as_of": "2026-01-25", "train_days": 14, "test_days": 7, "validation_folds": 1, "tuning": {"trials": 2},
        "models": {
            "logistic_regression": {}, "decision_tree": {"max_depth": 4}, "random_forest": {"n_estimators": 10},
            "xgboost": {"n_estimators": 20}, "lightgbm": {"n_estimators": 20},
            "neural_network": {"hidden": [8], "epochs": 1},
        },
    },
    "register": {"mode": "auto", "floors": {"average_precision": 0.01}, "ceilings": {}},
}


def merged(values: dict, changes: dict) -> dict:
    """Values with changes put in, table by table; a changed `models` table replaces the old one."""
    out = dict(values)
    for key, value in changes.items():
        nested = (isinstance(value, dict) and isinstance(out.get(key), dict)
                  and key not in ("models", "floors", "ceilings"))
        out[key] = merged(out[key], value) if nested else value
    return out


# The same bank with two kinds of model or with one, for tests in which any model will do.
FEW = merged(SMALL, {"train": {"models": {"decision_tree": {"max_depth": 4}, "xgboost": {"n_estimators": 20}}}})
ONE = merged(SMALL, {"train": {"models": {"decision_tree": {"max_depth": 4}}, "tuning": {"models": []}}})


def contents(folder: Path) -> dict[str, str]:
    """Each file's hash."""
    return {str(file.relative_to(folder)): hashlib.md5(file.read_bytes()).hexdigest()
            for file in sorted(folder.rglob("*")) if file.is_file()}


def copy_folder(source: Path, target: Path) -> None:
    """Copy a clone, without the socket of the kernel that waits in it for the next stage."""
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.socket"))


class Clone:
    """A copy of the project's committed and new files, with a git repository of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.env = os.environ | {"PYTHONPATH": str(folder), "GIT_CONFIG_GLOBAL": os.devnull,
                                 "HOME": str(folder.parent / "home"),
                                 "DVC_SITE_CACHE_DIR": str(folder.parent / "site")}
        for name in ("MLFLOW_TRACKING_URI", "IN_TEST"):  # nbdev sets the second in tests, and then exports nothing
            self.env.pop(name, None)

    def run(self, *words: str, check: bool = True, folder: str = ".") -> subprocess.CompletedProcess:
        """Run a command in the clone; stdout holds both streams."""
        done = subprocess.run(words, cwd=self.folder / folder, env=self.env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert not check or done.returncode == 0, done.stdout
        return done

    def ran(self, *words: str, **kwargs) -> list[str]:
        """The stages that `dvc repro` (or another command) ran, in order."""
        lines = self.run(*(words or ("dvc", "repro")), **kwargs).stdout.splitlines()
        return [line.split("'")[1] for line in lines if line.startswith("Running stage")]

    def params(self, changes: dict, folder: str = ".") -> None:
        """Change params.yaml."""
        file = self.folder / folder / "params.yaml"
        file.write_text(yaml.safe_dump(merged(yaml.safe_load(file.read_text()), changes), sort_keys=False))

    def put_back(self) -> None:
        """Undo what has changed since the last commit, in git and in what DVC tracks."""
        self.run("git", "checkout", "-q", ".")
        self.run("dvc", "checkout", "--force", "--quiet")

    def commit(self, message: str) -> None:
        """Commit everything."""
        self.run("git", "add", "-A")
        self.run("git", "-c", "user.name=test", "-c", "user.email=test@localhost",
                 "commit", "-q", "--allow-empty", "-m", message)


class SmallRun(NamedTuple):
    """A copy in which the pipeline has run on the small bank. It is only to be copied."""

    folder: Path
    stages: list[str]  # that ran
    seconds: float  # that took
