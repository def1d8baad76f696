"""The wheel, installed into an environment of its own, makes pages, a site and a message from a run's records."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_notebook

from clones import SMALL, Clone, contents

pytestmark = pytest.mark.long
DATA = ("words/messages/*.ftl", "pages/html/*.jinja", "pages/dashboards/*.ipynb")  # beside the modules


@pytest.fixture(scope="module")
def ran(make_clone) -> Clone:
    """A clone in which the pipeline has run once, on a small bank."""
    clone = make_clone(SMALL)
    clone.run("dvc", "repro", "--quiet")
    return clone


@pytest.fixture(scope="module")
def wheel(ran: Clone, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of that clone."""
    folder = tmp_path_factory.mktemp("dist")
    ran.run("python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
            f"--wheel-dir={folder}", ".")
    [built] = folder.iterdir()
    print(f"{built.name}: {built.stat().st_size / 1e3:.0f} kB")
    return built


class Installed:
    """An environment that holds the wheel and what it depends on; its programs find no clone."""

    def __init__(self, folder: Path):
        self.folder, self.home = folder, folder.with_name("home")
        self.home.mkdir()

    def start(self, *words: str, folder: Path | None = None) -> subprocess.CompletedProcess:
        """Run one of its programs, by default in an empty folder."""
        env = {"HOME": str(self.home), "PATH": f"{self.folder}/bin:{os.defpath.lstrip(':')}", "LC_ALL": "C.UTF-8"}
        return subprocess.run([self.folder / "bin" / words[0], *words[1:]], cwd=folder or self.home, env=env, text=True,
                              capture_output=True)

    def run(self, *words: str, folder: Path | None = None) -> str:
        """Run one of its programs and return what it prints."""
        done = self.start(*words, folder=folder)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installed(wheel: Path, ran: Clone, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """An environment of its own, in which uv has installed the wheel as the Makefile has it install."""
    asked = subprocess.run(["make", "-s", "-f", "Makefile", "-f", "-", "environment"], cwd=ran.folder, text=True,
                           input="environment: ; @env -0\n", capture_output=True, check=True)
    env = dict(line.split("=", 1) for line in filter(None, asked.stdout.split("\0")))
    folder = tmp_path_factory.mktemp("installed") / "environment"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run(["uv", "pip", "install", "--quiet", "--python", folder / "bin/python",
                    "--constraint", "requirements.txt", wheel], cwd=ran.folder, env=env, check=True)
    return Installed(folder)


@pytest.fixture(scope="module")
def records(ran: Clone, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the run's records and nothing else."""
    folder = tmp_path_factory.mktemp("records")
    shutil.copytree(ran.folder / "reports", folder / "reports")
    shutil.copy2(ran.folder / "params.yaml", folder)
    return folder


def metadata(wheel: Path) -> Message:
    """What the wheel says about itself."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return message_from_bytes(archive.read(name))


def test_the_wheel_holds_the_package_and_nothing_else(wheel, ran):
    package = ran.folder / "mlops_nb"
    modules = [file for file in package.rglob("*.py") if "dashboards" not in file.parts]
    data = [[*package.glob(pattern)] for pattern in DATA]
    assert all(data) and {file.parent.name for file in modules} > {"engine", "words", "pages", "benches"}
    expected = {str(file.relative_to(ran.folder)) for file in sum(data, modules)}
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    about = {name for name in names if name.startswith("mlops_nb-")}
    assert names - about == expected
    assert {name.partition("/")[2] for name in about} == {
        "METADATA", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt", "licenses/LICENSE"}


def test_the_metadata_name_the_license_and_carry_the_readme(wheel, ran):
    told = metadata(wheel)
    assert (told["License-Expression"], told["License-File"]) == ("Apache-2.0", "LICENSE")
    assert told["Description-Content-Type"] == "text/markdown"
    assert told.get_payload(decode=True).decode().strip() == (ran.folder / "README.md").read_text().strip()


def test_every_package_has_its_pinned_version_and_finds_what_it_needs(installed, ran):
    assert installed.run("python", "-m", "pip", "check") == "No broken requirements found.\n"
    listed = json.loads(installed.run("python", "-m", "pip", "list", "--format=json"))
    found = {(re.sub(r"[._-]+", "-", each["name"].lower()), each["version"].removesuffix("+cpu")) for each in listed}
    pinned = re.findall(r"^([\w.-]+)==(\S+)", (ran.folder / "requirements.txt").read_text(), re.M)
    assert {name for name, _ in found - set(pinned)} == {"mlops-nb", "pip"}


# Papermill first: it loads the engine, which is written on top of it.
EVERYTHING = """
import importlib, pkgutil
from importlib.metadata import distribution
import papermill, mlops_nb

programs = [entry for entry in distribution("mlops_nb").entry_points if entry.group == "console_scripts"]
modules = [module.name for module in pkgutil.walk_packages(mlops_nb.__path__, "mlops_nb.")]
for entry in programs:
    assert callable(entry.load()), entry
for name in modules:
    importlib.import_module(name)
print(mlops_nb.__file__, len(programs), len(modules), sep="\\n")
"""


def test_every_program_and_every_module_is_imported(installed):
    file, programs, modules = installed.run("python", "-c", EVERYTHING).splitlines()
    assert Path(file).is_relative_to(installed.folder) and int(programs) > 20 and int(modules) > 100


MODEL = "import numpy as np; from mlops_nb.models.{} import Model; Model().fit(np.eye(2), np.arange(2))"
NEEDY = {"spark": "from mlops_nb.base.spark import spark_session; spark_session('local[1]')",
         "automl": MODEL.format("flaml"), "tensorflow": MODEL.format("keras_network")}


@pytest.mark.parametrize("extra", [*NEEDY, "test"])
def test_a_missing_extra_is_named(installed, extra):
    words = ("python", "-c", NEEDY[extra]) if extra in NEEDY else ("mlops-bench-dashboard",)
    refused = installed.start(*words)
    assert refused.returncode == 1 and f"mlops_nb[{extra}]" in refused.stderr, refused.stderr


def test_papermill_runs_a_stage_with_declared_parameters(installed, tmp_path):
    for name in (".git", ".dvc"):
        (tmp_path / name).mkdir()
    stage = {"cmd": "papermill", "deps": ["toy.ipynb"], "params": ["toy"], "outs": ["runs/toy.ipynb"]}
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"toy": stage}}))
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"toy": {"share": 0.25}}))
    cells = [new_code_cell("share = 0.5", metadata={"tags": ["parameters"]}), new_code_cell("print(share)")]
    kernel = {"name": "python3", "display_name": "python3", "language": "python"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), tmp_path / "toy.ipynb")
    installed.run("papermill", "--engine", "stage", "toy.ipynb", "runs/toy.ipynb", "-f", "params://toy.yaml",
                  folder=tmp_path)
    assert nbformat.read(tmp_path / "runs/toy.ipynb", as_version=4).cells[-1].outputs[0].text == "0.25\n"
    assert json.loads((tmp_path / "runs/toy.json").read_text())["seconds"] > 0  # only the engine writes it


def record(folder: Path, name: str) -> dict:
    """A record of the run."""
    return json.loads((folder / "reports" / name).read_text())


def average_precision(folder: Path) -> str:
    """The winner's, on the test window, as every page writes it."""
    metrics = record(folder, "evaluate/metrics.json")
    return f"{metrics['test'][metrics['winner']]['average_precision']:.3f}"


def test_the_site_has_the_figures_of_the_records(installed, records, ran):
    site, again = records / "reports/site", records.with_name("again")
    assert installed.run("mlops-site", folder=records) == f"{site / 'index.html'}\n"
    compared = record(records, "drift/verdict.json")["windows"]["after"]["transactions"]
    received = record(records, "clean/quality.json")["received"]
    for code, folder in (("en", site), ("zh", site / "zh")):
        pages = {file.stem: file.read_text() for file in folder.glob("*.html") if file.stem != "evidently"}
        assert f"{compared:,}" in pages["index"] and f"{received:,}" in pages["quality"]
        assert average_precision(records) in pages["model"]
        for name, page in pages.items():
            assert f'<html lang="{code}"' in page and "&lt;p" not in page, name
            links = re.findall(r'(?:href|src)="(?!data:)([^"#]+)"', page)
            assert links and all((folder / link).is_file() for link in links), (name, links)
    ran.run("mlops-site", f"--folder={again}", folder=str(records))
    assert contents(site) == contents(again), "the clone makes another site of the same records"


PAGES = """
from mlops_nb.pages.site import DASHBOARDS, all_pages
from mlops_nb.words.language import Language

print(all_pages(Language("en"), DASHBOARDS)["model"])
"""


def test_a_page_is_made(installed, records):
    assert average_precision(records) in installed.run("python", "-c", PAGES, folder=records)


def test_a_message_is_shown(installed, records):
    printed = installed.run("mlops-notify", "--preview", folder=records)
    told = json.loads(printed.removeprefix("Slack would get:\n"))
    assert "1 February 2026" in told["text"] and len(told["blocks"]) > 2


def test_the_run_is_summed_up(installed, records):
    printed = installed.run("mlops-summary", folder=records)
    metrics = record(records, "evaluate/metrics.json")
    [winner] = [line for line in printed.splitlines() if line.startswith("* ")]
    assert winner.split()[1:3] == [metrics["winner"], average_precision(records)]
    assert f"{sum(record(records, 'clean/quality.json')['clean'].values()):,} were used" in printed
