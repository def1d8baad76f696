"""Every notebook of the project keeps the rules of nbs/library/workbench/10_notebooks.ipynb."""

import ast
import json
import subprocess
from pathlib import Path

import pytest
from nbdev.config import get_config
from nbdev.test import test_nb as run_notebook

from clones import PROJECT
from mlops_nb.workbench.notebooks import definitions, imported_modules, is_clean, source_of

NBS = PROJECT / "nbs"
COMMITTED = sorted(path for path in NBS.rglob("*.ipynb")
                   if "explore" not in path.parts and ".ipynb_checkpoints" not in path.parts)
LIBRARY = [path for path in COMMITTED if NBS / "library" in path.parents]
EXPORTED = [*LIBRARY, *(path for path in COMMITTED if path.parent == NBS / "integrations")]
STAGES = [path for path in COMMITTED if path.parent == NBS / "stages"]
DASHBOARDS = [path for path in COMMITTED if path.parent == NBS / "dashboards"]


def name(path: Path) -> str:
    return str(path.relative_to(NBS))


# Notebooks whose examples take more than a second or two, beside those that start Spark
SLOW = {"library/base/50_run_folders.ipynb", "library/benches/60_monitor.ipynb", "library/data/08_values.ipynb",
        "library/data/14_columns.ipynb", "library/data/48_questions.ipynb", "library/data/50_own_file.ipynb",
        "library/data/55_windows.ipynb", "library/data/70_cleaning.ipynb", "library/evaluation/50_explanations.ipynb",
        "library/models/50_neural_network.ipynb", "library/monitoring/10_drift.ipynb",
        "library/monitoring/20_estimation.ipynb", "library/operation/28_history.ipynb",
        "library/registry/50_incumbent.ipynb", "library/registry/60_comparison.ipynb"}


def marked(path: Path):
    """The notebook as a test's parameter, marked as slow if it is."""
    return pytest.param(path, marks=[pytest.mark.slow] * (name(path) in SLOW or path.stem.endswith("spark")))


@pytest.mark.parametrize("path", [*map(marked, EXPORTED)], ids=name)
def test_examples_in_the_library_hold(path):
    passed, _ = run_notebook(path, skip_flags=[], force_flags=[], basepath=NBS)
    assert passed


@pytest.mark.parametrize("path", COMMITTED, ids=name)
def test_committed_notebooks_are_clean(path):
    assert is_clean(path), f"{path} carries outputs or metadata: open and save it with `make lab`"


@pytest.mark.parametrize("path", LIBRARY, ids=name)
def test_the_map_leads_to_every_notebook(path):
    assert f"[{path.stem}]({name(path)})" in (NBS / "index.ipynb").read_text()


@pytest.mark.parametrize("path", STAGES + DASHBOARDS, ids=name)
def test_stages_and_dashboards_define_nothing(path):
    assert definitions(path) == []


@pytest.mark.parametrize("path", COMMITTED, ids=name)
def test_cells_fit_a_screen(path):
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    assert max((len(cell["source"]) for cell in cells), default=0) <= 40


@pytest.mark.parametrize("path", COMMITTED, ids=name)
def test_every_cell_has_an_id_of_its_own(path):
    ids = [cell["id"] for cell in json.loads(path.read_text())["cells"]]
    assert len(ids) == len(set(ids))


def test_exports_are_up_to_date(make_clone):
    clone = make_clone()
    before = {path: path.read_text() for path in sorted((clone.folder / "mlops_nb").rglob("*.py"))}
    clone.run("nbdev_export")
    after = {path: path.read_text() for path in sorted((clone.folder / "mlops_nb").rglob("*.py"))}
    assert after == before, "run `make export`"


def test_an_export_that_is_out_of_date_is_seen(make_clone):
    clone = make_clone()
    module = clone.folder / "mlops_nb/base/errors.py"
    module.write_text(module.read_text() + "\nedited = 'by hand'\n")
    clone.run("nbdev_export")
    assert "by hand" not in module.read_text()


def test_every_slow_notebook_is_there():
    assert SLOW <= {name(path) for path in EXPORTED}


def test_every_module_comes_from_a_notebook():
    modules = {str(path.relative_to(PROJECT / "mlops_nb")) for path in (PROJECT / "mlops_nb").rglob("*.py")}
    exported = {line.split()[-1].replace(".", "/") + ".py" for path in EXPORTED for line in source_of(path).splitlines()
                if line.startswith("#| default_exp")}
    assert {module for module in modules if not module.endswith("__init__.py")} - {"_modidx.py"} == exported


def test_the_package_itself_does_nothing_when_imported():
    for path in (PROJECT / "mlops_nb").rglob("__init__.py"):
        assert not ast.parse(path.read_text()).body


def test_core_never_imports_an_integration():
    package = PROJECT / "mlops_nb"
    modules = [path for path in package.rglob("*.py") if path.parent.name not in ("integrations", "benches")]
    for module in modules:
        reached = {path for path in imported_modules(module, package) if path.parent.name == "integrations"}
        assert not reached, f"{module.name} imports {reached}"


def test_an_integration_imports_its_package_inside_a_function():
    for module in (PROJECT / "mlops_nb/integrations").glob("*.py"):
        nodes = ast.parse(module.read_text()).body
        names = [node.names[0].name for node in nodes if isinstance(node, ast.Import)]
        names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
        assert module.stem not in {name.split(".")[0] for name in names}


def test_nbdev_reads_settings_ini():
    config = get_config(path=PROJECT)
    assert (config.config_file.name, config.lib_name, config.nbs_path.name) == ("settings.ini", "mlops_nb", "nbs")
    assert config.allowed_cell_metadata_keys == "tags"


def test_nothing_large_or_generated_is_in_git():
    def lines(*arguments: str) -> list[str]:
        done = subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    files = [PROJECT / name for name in lines("ls-files")]
    assert [file for file in files if file.exists() and file.stat().st_size > 1_000_000] == []
    assert lines("ls-files", "--cached", "--ignored", "--exclude-standard") == []
    assert len(lines("check-ignore", "data/x", "reports/x.csv", "runs/x", "mlflow.db")) == 4
