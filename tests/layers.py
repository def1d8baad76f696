"""The layer rule: which wing of the package may import which.

`python tests/layers.py FOLDER` lists what breaks it there."""

import ast
import re
import sys
from importlib.util import resolve_name
from pathlib import Path
from typing import Iterator

import grimp

PACKAGE = "mlops_nb"
# a wing imports itself and those to its left
LAYERS = ("base | engine, simulation, data, words | features | training | models | evaluation | registry | "
          "monitoring | serving | operation | pages | workbench | integrations | benches, explore")
RANK = {wing.strip(): rank for rank, layer in enumerate(LAYERS.split("|")) for wing in layer.split(",")}
BY_NAME = {("training.candidates", "models")}  # a kind of model is loaded when params.yaml names it


def wing(module: str) -> str:
    """The first name below the package."""
    return module.split(".")[1]


def imports_by_name(module: str, source: str) -> Iterator[str]:
    """Every module of the package that stands in a string: for import_module, find_spec, `python -m` or a program."""
    tree = ast.parse(source)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield from re.findall(rf"\b{PACKAGE}(?:\.\w+)+", node.value)
        if (isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "find_spec")
                and node.args):
            first = node.args[0].values[0] if isinstance(node.args[0], ast.JoinedStr) else node.args[0]
            if isinstance(first, ast.Constant) and str(first.value).startswith("."):
                yield resolve_name(first.value.rstrip(".") or ".", module.rpartition(".")[0])


def is_allowed(importer: str, imported: str) -> bool:
    """Whether the rule lets one module import another."""
    here, there = wing(importer), wing(imported)
    return here == there or there != "integrations" and RANK[there] < RANK[here]


def illegal_imports(folder: Path) -> list[str]:
    """Each import that breaks the rule, of a package lying in a folder, as 'importer imports imported'."""
    sys.path.insert(0, str(folder))
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    found = []
    for module in sorted(graph.modules):
        if module.count(".") < 2 and wing(f"{module}.") in ("", "_modidx"):
            continue  # the package itself, and nbdev's index of it
        imported = {(other, False) for other in graph.find_modules_directly_imported_by(module)}
        file = folder.joinpath(*module.split(".")).with_suffix(".py")
        imported |= {(name, True) for name in imports_by_name(module, file.read_text() if file.exists() else "")}
        for other, by_name in imported:
            excepted = by_name and (module.removeprefix(f"{PACKAGE}."), wing(other)) in BY_NAME
            if not excepted and not is_allowed(module, other):
                found.append(f"{module} imports {other}")
    return sorted(set(found))


if __name__ == "__main__":
    print(*illegal_imports(Path(sys.argv[1])), sep="\n")
