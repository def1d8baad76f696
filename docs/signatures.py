"""What an export cell defines, as a page shows it: signature, docstring, and the comments beside the parameters.

The source is read, not imported: the site needs no model library, and is built in seconds.
"""

import ast
import io
import re
import tokenize
from dataclasses import dataclass, field

WIDTH = 88  # of a signature that stays on one line
RETURNS = "returns"


@dataclass
class Definition:
    """A public function, class or method."""

    name: str
    signature: str
    doc: str = ""
    details: dict[str, str] = field(default_factory=dict)  # of parameters, fields and what is returned, by name
    methods: list["Definition"] = field(default_factory=list)


def comments(source: str) -> dict[int, str]:
    """Each comment, by its line."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("#").strip() for token in tokens if token.type == tokenize.COMMENT}


def decorators(node: ast.AST) -> set[str]:
    """The last names of a definition's decorators."""
    return {ast.unparse(each).split("(")[0].split(".")[-1] for each in node.decorator_list}


def parameter(name: str, annotation: ast.expr | None, default: ast.expr | None = None) -> str:
    """A parameter or field as in a signature."""
    kind = f": {ast.unparse(annotation)}" if annotation else ""
    return name + kind + (f"{' = ' if kind else '='}{ast.unparse(default)}" if default else "")


def parameters(function: ast.FunctionDef, of_class: bool) -> list[str]:
    """A function's parameters; a method's without self."""
    args = function.args
    plain = [*args.posonlyargs, *args.args]
    defaults = [None] * (len(plain) - len(args.defaults)) + args.defaults
    first = 1 if of_class and "staticmethod" not in decorators(function) else 0
    out = [parameter(each.arg, each.annotation, default) for each, default in zip(plain, defaults)][first:]
    if args.vararg or args.kwonlyargs:
        out.append(parameter(f"*{args.vararg.arg}", args.vararg.annotation) if args.vararg else "*")
    out += [parameter(each.arg, each.annotation, default) for each, default in zip(args.kwonlyargs, args.kw_defaults)]
    return out + ([parameter(f"**{args.kwarg.arg}", args.kwarg.annotation)] if args.kwarg else [])


def laid_out(name: str, inside: list[str], returned: ast.expr | None = None) -> str:
    """A signature, on one line where it fits."""
    arrow = f" -> {ast.unparse(returned)}" if returned else ""
    short = f"{name}({', '.join(inside)}){arrow}"
    if len(short) <= WIDTH or not inside:
        return short
    return f"{name}(\n" + "".join(f"    {each},\n" for each in inside) + f"){arrow}"


def docments(function: ast.FunctionDef, said: dict[int, str]) -> dict[str, str]:
    """The comments at the ends of the lines of a function's parameters and of its return, by name."""
    args = function.args
    named = [*args.posonlyargs, *args.args, args.vararg, *args.kwonlyargs, args.kwarg]
    ends = {each.arg: each.end_lineno for each in named if each}
    plain = [*args.posonlyargs, *args.args]
    last_plain = plain[len(plain) - len(args.defaults):]
    defaults = zip([*last_plain, *args.kwonlyargs], [*args.defaults, *args.kw_defaults])
    ends |= {each.arg: default.end_lineno for each, default in defaults if default}
    last = function.returns.end_lineno if function.returns else 0
    out = {name: said[line] for name, line in ends.items() if line in said and line != last}
    return out | ({RETURNS: said[last]} if last in said else {})


def numpydoc(doc: str) -> tuple[str, dict[str, str]]:
    """A docstring without its sections, and what they say of each name."""
    prose, *sections = re.split(r"\n*^(?:Parameters|Attributes|Returns)\n-+\n", doc, flags=re.M)
    told = {}
    for line in "\n".join(sections).splitlines():
        if named := re.match(r"([\w, *]+?) : (.+)", line):
            told[named[1]] = named[2]
        elif line.strip() and told:
            told[list(told)[-1]] += " " + line.strip()
    return prose.strip(), told


def function_shown(node: ast.FunctionDef, said: dict[int, str], owner: str = "") -> Definition:
    """A function or method."""
    of_class = bool(owner)
    name = f"{owner}.{node.name}" if of_class else node.name
    if "property" in decorators(node) or "cached_property" in decorators(node):
        signature = name + (f": {ast.unparse(node.returns)}" if node.returns else "")
    else:
        signature = laid_out(name, parameters(node, of_class), node.returns)
    return Definition(name, signature, ast.get_docstring(node) or "", docments(node, said))


def class_shown(node: ast.ClassDef, said: dict[int, str]) -> Definition:
    """A class: how it is made, its fields, and its public methods."""
    functions = [each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    fields = [each for each in node.body if isinstance(each, ast.AnnAssign) and not each.target.id.startswith("_")]
    made = next((each for each in functions if each.name == "__init__"), None)
    doc, details = numpydoc(ast.get_docstring(node) or "")
    if made:
        signature, details = laid_out(node.name, parameters(made, True)), docments(made, said) | details
    elif fields:
        signature = laid_out(node.name, [parameter(each.target.id, each.annotation, each.value) for each in fields])
        details = {each.target.id: said[each.end_lineno] for each in fields if each.end_lineno in said} | details
    else:
        signature = laid_out(node.name, [ast.unparse(each) for each in node.bases])
    methods = [function_shown(each, said, node.name) for each in functions if not each.name.startswith("_")]
    return Definition(node.name, f"class {signature}", doc, details, methods)


def definitions(source: str) -> list[Definition]:
    """The public functions and classes that a cell defines."""
    said, out = comments(source), []
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            out.append(class_shown(node, said) if isinstance(node, ast.ClassDef) else function_shown(node, said))
    return out


def constants(source: str, most: int = 12) -> str: # lines of one that is shown; a longer one is read in the source
    """The public names that a cell gives a value, as written."""
    shown, lines = [], source.splitlines()
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.end_lineno - node.lineno < most:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if not ast.unparse(target).startswith("_"):
                shown += lines[node.lineno - 1:node.end_lineno]
    return "\n".join(shown)
