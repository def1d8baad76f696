"""A wing imports itself and the wings to its left: checked for every module, and for a wrong import in each wing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clones import PROJECT
from layers import LAYERS, RANK, is_allowed

CHECK = PROJECT / "tests/layers.py"
PLANTED = {  # a module of each wing, and what it must not import
    "base.errors": "data.schema", "engine.pins": "data.masking", "simulation.population": "data.schema",
    "data.schema": "words.language", "words.language": "engine.pins", "features.catalogue": "training.splits",
    "training.inputs": "models.decision_tree", "models.decision_tree": "evaluation.metrics",
    "evaluation.metrics": "registry.bundle", "registry.gate": "monitoring.drift",
    "monitoring.drift": "operation.rules", "operation.rules": "pages.styles", "pages.styles": "workbench.notebooks",
    "workbench.notebooks": "integrations.mlflow", "integrations.operate": "benches.report",
    "benches.report": "integrations.operate"}
FORMS = {
    "absolute": "from mlops_nb.{wing} import {name}",
    "relative": "from ..{wing} import {name}",
    "inside a function": "def later():\n    from ..{wing}.{name} import anything",
    "by name": "import importlib; importlib.import_module('mlops_nb.{wing}.{name}')",
    "by a relative name": "import importlib; importlib.import_module(f'..{wing}.{{kind}}', __package__)",
}


def illegal(folder: Path) -> list[str]:
    done = subprocess.run([sys.executable, CHECK, folder], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.split("\n")[:-1]


def copied(folder: Path) -> Path:
    shutil.copytree(PROJECT / "mlops_nb", folder / "mlops_nb", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_every_wing_has_its_layer():
    names = {path.stem for path in (PROJECT / "mlops_nb").iterdir()}
    wings = names - {"__init__", "_modidx", "__pycache__"}
    assert wings <= set(RANK)
    assert {module.split(".")[0] for module in PLANTED} == wings - {"explore"}


def test_no_module_breaks_the_rule():
    assert illegal(PROJECT) == [""]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_planted_import_is_seen_in_any_wing(tmp_path, form):
    folder = copied(tmp_path)
    for module, imported in PLANTED.items():
        wing, name = imported.split(".")
        file = folder.joinpath("mlops_nb", *module.split(".")).with_suffix(".py")
        file.write_text(f"{file.read_text()}\n{form.format(wing=wing, name=name)}\n")
    lines = illegal(folder)
    for module, imported in PLANTED.items():
        start = f"mlops_nb.{module} imports mlops_nb.{imported.split('.')[0]}"
        assert any(line.startswith(start) for line in lines), f"{module} imports {imported}"


def test_only_an_integration_imports_an_integration():
    assert is_allowed("mlops_nb.integrations.operate", "mlops_nb.integrations.notification")
    for wing in set(RANK) - {"integrations"}:
        assert not is_allowed(f"mlops_nb.{wing}.x", "mlops_nb.integrations.mlflow")
    for wing in set(RANK) - {"benches"}:
        assert not is_allowed(f"mlops_nb.{wing}.x", "mlops_nb.benches.report")


def test_the_map_shows_the_rule():
    assert LAYERS in " ".join((PROJECT / "nbs/index.ipynb").read_text().split())
