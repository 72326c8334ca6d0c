"""The arrows of docs/architecture.md: a room imports only rooms that stand after it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "cldice_monai"
ORDER = (
    *("__main__", "cli", "commands"),
    *("inference", "zero_shot", "workflows"),
    *("report", "evaluation", "metrics", "losses", "networks"),
    *("volumes", "inferers", "data", "transforms"),
    *("data.synthetic", "topology", "skeleton", "kernels"),
    *("bundle_folder", "register", "memory_left", "files", "errors", "boxes", "clock", "lines"),
)
OF_THE_PACKAGE = {"__version__"}


def room(parts: tuple[str, ...]) -> str:
    return ".".join(parts[:2]) if parts[:2] == ("data", "synthetic") else parts[0]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "cldice_monai":
            yield from (room((alias.name,)) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cldice_monai."):
            yield room(tuple(str(node.module).split(".")[1:]))


def test_every_import_goes_along_the_arrows():
    against = []
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE)
        if inside.name == "__init__.py" and len(inside.parts) == 1:
            continue  # the names that the package shows
        own = room(inside.with_suffix("").parts)
        for other in set(imported(path)) - {own} - OF_THE_PACKAGE:
            if ORDER.index(own) > ORDER.index(other):
                against.append(f"{inside.as_posix()} imports {other}")
    assert not against


def test_every_room_has_its_place_in_the_order():
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert rooms - {"__init__", "__pycache__"} <= set(ORDER)


def test_every_room_is_in_the_architecture_note():
    note = (PACKAGE.parent / "docs" / "architecture.md").read_text("utf-8")
    missing = [name for name in ORDER if f" {name.split('.')[-1]}" not in note]
    assert missing == ["__main__"]
