"""dvc.yaml against the notebooks: Papermill only warns of a wrong name, and DVC knows only what it was told."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from clones import PROJECT
from mlops_nb.engine.declared import check_parameters, declared_parameters
from mlops_nb.workbench.notebooks import imported_modules, parameters, source_of

DVC = yaml.safe_load((PROJECT / "dvc.yaml").read_text())
STAGES = {name: stage for name, stage in DVC["stages"].items() if stage["cmd"].startswith("papermill")}
COMMANDS = {name: stage for name, stage in DVC["stages"].items() if name not in STAGES}
PARAMS = yaml.safe_load((PROJECT / "params.yaml").read_text())
PACKAGE = PROJECT / "mlops_nb"
# Loaded beside the notebook: the engine, declared as a folder, and what it imports.
ENGINE = {path for path in (PACKAGE / "engine").glob("*.py") if path.stat().st_size}
ENGINE |= set().union(*(imported_modules(path, PACKAGE) for path in ENGINE))
# Loaded by name when a stage makes a model: each kind of model, and what it imports.
MODELS = {path for path in (PACKAGE / "models").glob("*.py") if path.stat().st_size}
MODELS |= set().union(*(imported_modules(path, PACKAGE) for path in MODELS))


def modules(stage: str) -> set[Path]:
    declared = {PROJECT / dep for dep in STAGES[stage]["deps"] if dep.startswith("mlops_nb/")}
    return {path for dep in declared for path in (dep.glob("*.py") if dep.is_dir() else [dep]) if path.stat().st_size}


def test_the_engine_knows_nothing_of_the_project():
    # how a message reads, and how params.yaml is read; what the project's knobs may be stands in params.schema.yaml
    assert {path for path in ENGINE if path.parent != PACKAGE / "engine"} == {
        PACKAGE / "base/errors.py", PACKAGE / "base/params.py"}


def notebook(stage: str) -> Path:
    return PROJECT / f"nbs/stages/{stage}.ipynb"


def outputs(stage: str) -> set[str]:
    return {next(iter(out)) for out in DVC["stages"][stage]["outs"]}


def test_each_stage_has_its_notebook_and_each_notebook_its_stage():
    assert {path.stem for path in (PROJECT / "nbs/stages").glob("*.ipynb")} == set(STAGES)


@pytest.mark.parametrize("stage", STAGES)
def test_the_command_is_papermills(stage):
    assert STAGES[stage]["cmd"] == (f"papermill --engine stage nbs/stages/{stage}.ipynb reports/runs/{stage}.ipynb "
                                    f"-f params://{stage}.yaml")


def test_what_is_no_notebook_is_a_command_of_the_package_and_declares_the_modules_it_loads():
    assert set(COMMANDS) == {"incumbent"}  # it asks DVC's cache, which a stage's notebook cannot see
    scripts = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["scripts"]
    for stage in COMMANDS.values():
        module = PROJECT / f"{scripts[stage['cmd']].removesuffix(':main').replace('.', '/')}.py"
        declared = {PROJECT / dep for dep in stage["deps"] if dep != "reports/signatures"}
        assert declared == imported_modules(module, PACKAGE) | {module}


@pytest.mark.parametrize("stage", STAGES)
def test_the_modules_a_notebook_loads_are_declared(stage):
    loaded = imported_modules(notebook(stage), PACKAGE) | ENGINE
    assert modules(stage) == (loaded | MODELS if PACKAGE / "training/candidates.py" in loaded else loaded)
    assert f"nbs/stages/{stage}.ipynb" in STAGES[stage]["deps"]


@pytest.mark.parametrize("stage", STAGES)
def test_parameters_are_the_same_on_both_sides(stage):
    declared, defaults = declared_parameters(stage, PROJECT), parameters(notebook(stage))
    assert set(declared) == set(defaults)
    check_parameters(declared, defaults)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_declares_its_own_section(stage):
    assert (stage in PARAMS) <= (stage in STAGES[stage]["params"])


def test_every_section_belongs_to_a_stage():
    assert {key for key, value in PARAMS.items() if isinstance(value, dict)} <= {*STAGES, "operate", "trust"}


@pytest.mark.parametrize("stage", STAGES)
def test_the_paths_a_notebook_names_are_declared(stage):
    named = set(re.findall(r"""f?["']((?:data|reports)/\w+)""", source_of(notebook(stage))))
    inputs = {dep for dep in STAGES[stage]["deps"] if dep.startswith(("data/", "reports/"))}
    assert named == inputs | (outputs(stage) - {f"reports/runs/{stage}.ipynb"})


@pytest.mark.parametrize("stage", DVC["stages"])
def test_outputs_survive_a_failed_stage(stage):
    assert all(next(iter(out.values())) == {"persist": True} for out in DVC["stages"][stage]["outs"])


def test_an_undeclared_module_would_be_seen(tmp_path):
    edited = tmp_path / "clean.ipynb"
    text = notebook("clean").read_text()
    edited.write_text(text.replace("import pandas as pd", "from mlops_nb.registry import bundle"))
    extra = imported_modules(edited, PACKAGE) - modules("clean")
    assert {path.stem for path in extra} == {"bundle", "calibration", "contents", "counts", "inputs", "metrics",
                                             "scoring", "shares", "thresholds"}


@pytest.mark.parametrize("module, stages", [
    ("data/sources.py", {"ingest"}), ("training/splits.py", {"train", "evaluate", "register"}),
    ("pages/model_card.py", set()), ("registry/gate.py", {"register"})],
    ids=["how a user's file is split", "the folds", "the model card", "the gate"])
def test_an_edit_reruns_no_more_stages_than_it_must(module, stages):
    assert {name for name, stage in DVC["stages"].items() if f"mlops_nb/{module}" in stage["deps"]} == stages


def test_metrics_plots_and_artifacts_lie_in_outputs():
    produced = set().union(*map(outputs, STAGES))
    listed = DVC["metrics"] + [DVC["artifacts"]["fraud-detector"]["path"]]
    listed += [plot if isinstance(plot, str) else next(iter(next(iter(plot.values()))["y"])) for plot in DVC["plots"]]
    assert all(any(path == out or path.startswith(f"{out}/") for out in produced) for path in listed)


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_declared_modules_are_those_that_python_loads(stage):
    nodes = ast.parse(source_of(notebook(stage))).body
    imports = [ast.unparse(node) for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]
    models = ("from mlops_nb.training.candidates import kind_module, model_kinds\n"
              "for kind in model_kinds(): kind_module(kind)")
    files = "(module.__file__ for name, module in sys.modules.items() if name.startswith('mlops_nb.'))"
    by_name = [models] if PACKAGE / "training/candidates.py" in modules(stage) else []
    code = "\n".join([*imports, *by_name, f"import sys; print(*{files})"])
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    loaded = {path for path in map(Path, done.stdout.split()) if path.stat().st_size}
    assert loaded | ENGINE == modules(stage)
