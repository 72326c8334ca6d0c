"""Pages of the documentation that nobody writes: the API reference and the tables of contents.

docs/conf.py calls this while the site is built. The Markdown pages stay as they read on the
repository's web page: docs/index.md and docs/reference.md are lists of links, and Sphinx's tables
of contents are made from those.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from cldice_monai.files import replace_when_complete

PACKAGE = "cldice_monai"
REFERENCE = "docs/reference.md"
API_FOLDER = "docs/api"
TABLES_OF_CONTENTS = ("docs/index.md", REFERENCE)

_LISTED = re.compile(r"^ *- \[([^]]+)\]\(([^)#]+\.(?:md|rst|ipynb))\)", re.MULTILINE)
_PACKAGE_LINK = re.compile(rf"(?<=\]\()(?:\.\./)+({PACKAGE}(?:/\w+)*)/__init__\.py(?=\))")


@dataclass(frozen=True)
class Section:
    """A heading and the pages that are listed below it.

    Attributes:
        caption: the heading, empty above the first one.
        pages: title and path of each page, relative to the page that lists it.
    """

    caption: str
    pages: list[tuple[str, str]]


def sections(text: str) -> list[Section]:
    r"""Return the lists of links of a page, a section for each of its second-level headings.

    Args:
        text: Markdown; an item that begins with a link to a page lists it.

    Returns:
        The sections that list something, in their order.

    Example:
        >>> sections("# Title\n## First\n- [Data](data.md): files\n- no link")
        [Section(caption='First', pages=[('Data', 'data.md')])]
    """
    parts = re.split(r"^## (.*)$", text, flags=re.MULTILINE)
    found = [
        Section(caption, _LISTED.findall(body))
        for caption, body in zip(["", *parts[1::2]], parts[::2], strict=True)
    ]
    return [section for section in found if section.pages]


def table_of_contents(text: str) -> str:
    """Return the directives that put the pages which ``text`` lists into the site's side bar."""
    blocks = []
    for section in sections(text):
        lines = ["```{toctree}", ":hidden:"]
        lines += [f":caption: {section.caption}"] if section.caption else []
        lines += ["", *(f"{title} <{path}>" for title, path in section.pages), "```"]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def title_in_index(root: Path, path: Path) -> str:
    """Return the words by which docs/index.md names a page, for pages without a heading.

    Raises:
        ValueError: if docs/index.md does not list the page.
    """
    index = root / TABLES_OF_CONTENTS[0]
    for section in sections(index.read_text()):
        for title, target in section.pages:
            if (index.parent / target).resolve() == (root / path).resolve():
                return title
    raise ValueError(f"{path} has no heading, and docs/index.md does not list it; add either")


def link_packages(text: str) -> str:
    """Turn links to a package's ``__init__.py`` into links to its page of the API reference."""
    return _PACKAGE_LINK.sub(lambda found: f"/{_page_of(found[1].replace('/', '.'))}", text)


def documented_packages(root: Path) -> list[str]:
    """Return the packages that docs/reference.md lists, in its order."""
    text = (root / REFERENCE).read_text()
    return [path.replace("/", ".") for path in _PACKAGE_LINK.findall(text)]


def public_packages() -> list[str]:
    """Return every package with public names, found by looking through the folders."""
    package = importlib.import_module(PACKAGE)
    names = [PACKAGE]
    names += [m.name for m in pkgutil.walk_packages(package.__path__, f"{PACKAGE}.") if m.ispkg]
    return [name for name in names if _public_names(name)]


def write_api_pages(root: Path) -> None:
    """Write the pages of the API reference into docs/api, and remove those of former packages.

    A page that would not change is left alone, so that Sphinx need not read it again.

    Args:
        root: folder of the repository.
    """
    pages = api_pages(documented_packages(root))
    for path in (root / API_FOLDER).glob("*.rst"):
        if f"{API_FOLDER}/{path.name}" not in pages:
            path.unlink()
    for name, text in pages.items():
        path = root / name
        if not path.is_file() or path.read_text() != text:
            path.parent.mkdir(exist_ok=True)
            with replace_when_complete(path) as partial:
                partial.write_text(text)


def api_pages(packages: list[str]) -> dict[str, str]:
    """Return the reStructuredText of the API reference, a page a package.

    Every name in ``__all__`` stands on the page of its package. It is described in the package that
    defines it; where another only passes it on, a table links to that description.

    Args:
        packages: dotted names.

    Returns:
        The text of each page by its path below the root of the repository.
    """
    return {_page_of(package): _page(package, packages) for package in packages}


def _page_of(package: str) -> str:
    return f"{API_FOLDER}/{package}.rst"


def _get(package: str, name: str) -> Any:
    return getattr(importlib.import_module(package), name)


def _public_names(package: str) -> list[str]:
    return sorted(getattr(importlib.import_module(package), "__all__", []), key=str.lower)


def _page(package: str, packages: list[str]) -> str:
    names = [name for name in _public_names(package) if not _is_alias(package, name)]
    homes = {name: _home(package, name, packages) for name in names}
    here = [name for name in names if homes[name] == package]
    elsewhere = {name: homes[name] for name in names if homes[name] != package}
    lines = [package, "=" * len(package), "", f".. automodule:: {package}", "   :no-members:", ""]
    lines += _overview(dict.fromkeys(here, package))
    if elsewhere:
        lines += [f"Also in ``{package}``, and described where they are defined:", ""]
        lines += _overview(elsewhere)
    for name in here:
        lines += _description(package, name)
    return "\n".join(lines)


def _overview(homes: dict[str, str]) -> Iterator[str]:
    yield from [".. list-table::", "   :widths: auto", ""] if homes else []
    for name, home in homes.items():
        yield f"   * - :py:obj:`~{home}.{name}`"
        yield f"     - {_summary(home, name)}"
    yield ""


def _description(package: str, name: str) -> Iterator[str]:
    value = _get(package, name)
    if _is_constant(value):
        yield from [f".. py:data:: {package}.{name}", "", f"   {_summary(package, name)}", ""]
        return
    yield f".. auto{'class' if inspect.isclass(value) else 'function'}:: {package}.{name}"
    yield from ["   :members:"] if inspect.isclass(value) else []
    yield ""
    aliases = [
        f"``{n}``" for n in _public_names(package) if n != name and _get(package, n) is value
    ]
    if aliases:
        yield from [f"   Also named {' and '.join(aliases)}.", ""]


def _is_constant(value: Any) -> bool:
    return not (inspect.isclass(value) or inspect.isroutine(value))


def _summary(package: str, name: str) -> str:
    """Return the first paragraph of a docstring; that of a constant stands below it."""
    value = _get(package, name)
    text = _constant_doc(package, name) if _is_constant(value) else inspect.getdoc(value)
    if not text:
        raise ValueError(f"{package}.{name} is public and has no docstring; write one")
    return " ".join(text.split("\n\n")[0].split())


def _constant_doc(package: str, name: str) -> str | None:
    for module in [m for m in sys.modules if m.startswith(f"{package}.")]:
        if name not in getattr(sys.modules[module], "__all__", []):
            continue
        body = ast.parse(inspect.getsource(sys.modules[module])).body
        for line, below in pairwise(body):
            if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == name:
                doc = ast.literal_eval(below.value) if isinstance(below, ast.Expr) else None
                return doc if isinstance(doc, str) else None
    return None


def _home(package: str, name: str, packages: list[str]) -> str:
    """Return the package that defines a name and exports it, or the one that is asked."""
    module = getattr(_get(package, name), "__module__", package)
    exporters = [
        candidate
        for candidate in packages
        if f"{module}.".startswith(f"{candidate}.") and name in _public_names(candidate)
    ]
    return max(exporters, key=len, default=package)


def _is_alias(package: str, name: str) -> bool:
    """Return whether the name is a second one of something whose own name is public, too."""
    own_name = getattr(_get(package, name), "__name__", name)
    return own_name != name and own_name in _public_names(package)
