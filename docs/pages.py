"""A hook of MkDocs: each notebook under nbs/ becomes a page, in the order of the map, nbs/index.ipynb.

A notebook on disk has no outputs, so its Markdown cells and its code are all there is to show. An export cell is shown
as what it defines, with its source folded; hidden cells are left out. MkDocs then sees plain Markdown, and its own
search, contents and check of links work on it as on any other page.
"""

import json
import posixpath
import re
from html import escape
from pathlib import Path
from textwrap import indent

from mkdocs.structure.files import File, Files
from signatures import RETURNS, Definition, constants, definitions

PROJECT = Path(__file__).parents[1]
NBS = PROJECT / "nbs"
FOLDERS = ("guides", "library", "stages", "dashboards", "integrations")
ASSETS = Path(__file__).with_name("assets")
LINK = re.compile(r"(!?\[[^\]]*\])\(([^)\s]+)\)")
FIGURES = re.compile(r"(?<=\d) (±|/|to|of) (?=[\d.–-])")
DIRECTIVE = re.compile(r"^#\|\s*(\w+).*\n?", re.M)
MODULE = re.compile(r"#\|\s*default_exp\s+(\S+)")


def notebooks() -> list[Path]:
    """Every notebook that is a page."""
    return [NBS / "index.ipynb", *(path for folder in FOLDERS for path in sorted((NBS / folder).rglob("[!.]*.ipynb"))
                                   if ".ipynb_checkpoints" not in path.parts)]


# Links

def site_path(target: Path) -> str | None:
    """Where the site has a file of the project; None for what is not there."""
    if target.is_dir() and target.is_relative_to(NBS):
        return "index.md"  # the map tells what is in a folder
    if not target.is_file():
        return None
    inside = target.relative_to(NBS) if target.is_relative_to(NBS) else Path("files", target.relative_to(PROJECT))
    return inside.with_suffix(".md").as_posix() if inside.suffix == ".ipynb" else inside.as_posix()


def relinked(text: str, source: Path, linked: set[Path]) -> str: # linked: grows by the files that the text links
    """A notebook's Markdown with its links leading to pages. A dead link stays as it is, and MkDocs refuses it."""
    page = site_path(source)

    def replace(match: re.Match) -> str:
        address, _, anchor = match[2].partition("#")
        target = (source.parent / address).resolve()
        if "://" in address or not address or not target.is_relative_to(PROJECT) or (path := site_path(target)) is None:
            return match[0]
        if target.is_file() and target.suffix != ".ipynb":
            linked.add(target)
        return f"{match[1]}({posixpath.relpath(path, posixpath.dirname(page))}{'#' + anchor if anchor else ''})"

    parts = re.split(r"(```.*?```)", text, flags=re.S)
    return "".join(part if part.startswith("```") else LINK.sub(replace, part) for part in parts)


def apart(text: str) -> str:
    """Markdown whose lists and tables are parted from the paragraph before them, as MkDocs wants it."""
    together = lambda row: FIGURES.sub("\u00a0\\1\u00a0", row[0])  # figures of a table stay on one line
    text = re.sub(r"^\|.*", together, text, flags=re.M)
    return re.sub(r"^((?!\s*[-*|]|\s*\d+\.|\s{2}).+)\n(?=(?:- |\* |\d+\. |\|))", r"\1\n\n", text, flags=re.M)


# Cells

def fenced(source: str, title: str = "") -> str:
    """Python code; folded if it has a title."""
    block = f"```python\n{source.rstrip()}\n```"
    return block if not title else f'??? source "{title}"\n\n' + indent(block, "    ")


def said(text: str) -> str:
    """A docstring or comment as Markdown: what is not code in it is taken as it stands."""
    plain = lambda part: escape(part, quote=False).replace("|", "&#124;").replace("*", r"\*")
    return "".join(part if part.startswith("`") else plain(part) for part in re.split(r"(`[^`\n]*`)", text))


def table(details: dict[str, str]) -> str:
    """What is said of each parameter."""
    rows = [f"| {'*returns*' if name == RETURNS else f'`{name}`'} | {said(told)} |" for name, told in details.items()]
    return "\n".join(['| Parameter | Details |', "|---|---|", *rows]) if rows else ""


def shown(each: Definition, level: int = 3) -> str:
    """A definition with its heading, and its methods after it."""
    heading = f"{'#' * level} `{each.name}` {{ #{each.name} .definition }}"
    parts = [heading, fenced(each.signature), said(each.doc), table(each.details)]
    return "\n\n".join([*filter(None, parts), *(shown(method, level + 1) for method in each.methods)])


def exported(source: str) -> str:
    """An export cell: what it defines, then its source, folded."""
    made, named = definitions(source), constants(source)
    if named == source.strip():
        return fenced(source)
    imports = all(line.startswith(("import ", "from ", " ", ")")) or not line for line in source.splitlines())
    folded = fenced(source, "Imports" if imports else "Source")
    return "\n\n".join(filter(None, [fenced(named) if named else "", *(shown(each) for each in made), folded]))


def code(source: str) -> str:
    """A code cell; empty if it is plumbing."""
    directives, body = set(DIRECTIVE.findall(source)), DIRECTIVE.sub("", source).strip("\n")
    if not body or directives & {"hide", "default_exp"}:
        return ""
    return exported(body) if directives & {"export", "exporti"} else fenced(body)


def page(path: Path, linked: set[Path]) -> str:
    """A notebook as Markdown."""
    out = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        out.append(apart(relinked(source, path, linked)) if cell["cell_type"] == "markdown" else code(source))
        if cell["cell_type"] == "code" and (module := MODULE.match(source)):
            out.append(f"`from mlops_nb.{module[1]} import …`")
    return "\n\n".join(filter(None, out)) + "\n"


# Navigation, in the order of the map

def navigation() -> list:
    """The map, the guides, the library's wings in order, and the rest."""
    cells = json.loads((NBS / "index.ipynb").read_text(encoding="utf-8"))["cells"]
    links = LINK.findall("".join("".join(cell["source"]) for cell in cells))
    order = {name: number for number, (_, name) in enumerate(links)}
    known = sorted(notebooks()[1:], key=lambda path: order.get(path.relative_to(NBS).as_posix(), len(order)))
    tree = {folder: {} for folder in FOLDERS}
    for path in known:
        wing = path.relative_to(NBS).parent.name if path.parts[len(NBS.parts)] == "library" else ""
        tree[path.relative_to(NBS).parts[0]].setdefault("" if wing == "library" else wing, []).append(site_path(path))
    nested = lambda wings: [each for wing, pages in wings.items() for each in ([{wing: pages}] if wing else pages)]
    return [{"The map": "index.md"}, *({folder.capitalize(): nested(wings)} for folder, wings in tree.items())]


def on_files(files: Files, config) -> Files:
    """Replace what lies in nbs/ by the pages, and by the files that they link."""
    linked: set[Path] = set()
    kept = [file for file in files if file.src_dir != config.docs_dir]
    kept += [File.generated(config, site_path(path), content=page(path, linked)) for path in notebooks()]
    for path in sorted(linked):
        text = relinked(path.read_text(encoding="utf-8"), path, set()) if path.suffix == ".md" else None
        kept.append(File.generated(config, site_path(path), content=text, abs_src_path=None if text else str(path)))
    kept += [File.generated(config, f"assets/{path.name}", abs_src_path=str(path)) for path in sorted(ASSETS.iterdir())]
    config.nav = navigation()
    return Files(kept)


def on_page_content(html: str, **_) -> str:
    """Keep folded source out of the search: what it defines is found by its heading."""
    return html.replace('<details class="source">', '<details class="source" data-search-exclude>')
