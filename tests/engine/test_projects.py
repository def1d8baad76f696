"""The engine in other people's projects: DVC's other forms, no git, two runs at once, and nothing of ours beside it."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from clones import PROJECT

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="its sandbox is Linux's")]
FORMS = """\
vars: [{kinds: [tree, net]}]
stages:
  fit:
    foreach: ${kinds}
    do:
      wdir: work
      cmd: papermill --engine stage ${item}.ipynb runs/${item}.ipynb -f params://fit@${item}.yaml
      deps: ["${item}.ipynb", rows.csv]
      params: [{config.toml: [rate]}, "models.${item}.depth"]
      outs: ["${item}.json", "runs/${item}.ipynb"]
"""


def notebook(file: Path, parameters: str, *cells: str) -> None:
    """Write a notebook with a parameters cell."""
    first = new_code_cell(parameters, id="parameters", metadata={"tags": ["parameters"]})
    rest = [new_code_cell(cell, id=f"cell-{number}") for number, cell in enumerate(cells)]
    python = {"kernelspec": {"display_name": "python3", "language": "python", "name": "python3"}}
    file.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=[first, *rest], metadata=python), file)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A DVC project without git."""
    folder = tmp_path / "project"
    folder.mkdir()
    ran(folder, "dvc", "init", "--no-scm", "-q")
    return folder


def ran(folder: Path, *words: str, **env: str) -> str:
    """Run a command; both its streams."""
    scripts = f"{PROJECT / '.venv/bin'}:{os.environ['PATH']}"
    done = subprocess.run(words, cwd=folder, env=os.environ | {"PATH": scripts} | env, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_stage_for_each_of_several_in_another_folder_with_another_file_of_parameters(project):
    work = project / "work"
    for kind in ("tree", "net"):
        notebook(work / f"{kind}.ipynb", f"rate = 0.5\nmodels_{kind}_depth = 1",
                 f"import json; from pathlib import Path\n"
                 f"Path('{kind}.json').write_text(json.dumps([models_{kind}_depth, rate, open('rows.csv').read()]))")
    (project / "dvc.yaml").write_text(FORMS)
    for name, text in (("rows.csv", "1,2"), ("config.toml", "rate = 0.25\nother = 1"),
                       ("params.yaml", "models: {tree: {depth: 3}, net: {depth: 2}}")):
        (work / name).write_text(text)
    told = ran(project, "dvc", "repro")
    assert told.count("Running stage") == 2
    made = {kind: json.loads((work / f"{kind}.json").read_text()) for kind in ("tree", "net")}
    assert made == {"tree": [3, 0.25, "1,2"], "net": [2, 0.25, "1,2"]}
    (work / "config.toml").write_text("rate = 0.25\nother = 2")
    assert "Running stage" not in ran(project, "dvc", "repro")


def test_two_runs_at_once_wait_for_each_other(project):
    notebook(project / "fit.ipynb", "seed = 1", "import time; time.sleep(2)", "open('model', 'w').write('done')")
    (project / "dvc.yaml").write_text("stages: {fit: {cmd: x, deps: [fit.ipynb], outs: [model, runs/fit.ipynb]}}")
    command = ["papermill", "--engine", "stage", "fit.ipynb", "runs/fit.ipynb", "-p", "seed", "1"]
    scripts = os.environ | {"PATH": f"{PROJECT / '.venv/bin'}:{os.environ['PATH']}"}
    both = []
    for _ in range(2):
        both.append(subprocess.Popen(command, cwd=project, env=scripts, text=True, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT))
        while not (project / ".dvc/tmp/stages/fit").exists():
            time.sleep(0.05)
    told = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert "waiting until the stage that runs" in told[1] and "waiting" not in told[0]
    assert (project / "model").read_text() == "done"


@pytest.fixture
def taken_along(tmp_path: Path) -> Path:
    """A package of somebody else, with the engine, its errors and the two entries that papermill looks for."""
    package, made = tmp_path / "elsewhere/yours", PROJECT / "mlops_nb"
    shutil.copytree(made / "engine", package / "engine", ignore=shutil.ignore_patterns("__pycache__"))
    (package / "base").mkdir()
    shutil.copyfile(made / "base/errors.py", package / "base/errors.py")
    (entries := package.with_name("yours-1.dist-info")).mkdir()
    (entries / "METADATA").write_text("Metadata-Version: 2.1\nName: yours\nVersion: 1\n")
    (entries / "entry_points.txt").write_text("[papermill.engine]\nours = yours.engine.stage:StageEngine\n")
    return package.parent


def test_the_engine_works_in_another_package_with_nothing_of_ours_but_its_errors(project, taken_along):
    notebook(project / "fit.ipynb", "depth = 1", "from pathlib import Path\n"
             "Path('model').write_text(f'{depth} ' + Path('/proc/self/cmdline').read_text().replace('\\0', ' '))")
    command = "papermill --engine ours fit.ipynb runs/fit.ipynb -f params://fit.yaml"
    (project / "dvc.yaml").write_text(f"stages: {{fit: {{cmd: '{command}', deps: [fit.ipynb], params: [fit], "
                                      "outs: [model, runs/fit.ipynb]}}")
    (project / "params.yaml").write_text("fit: {depth: 3}")
    ran(project, "dvc", "repro", PYTHONPATH=str(taken_along))
    written = (project / "model").read_text()
    assert written.startswith("3 ") and str(taken_along / "yours/engine/kernel.py") in written
