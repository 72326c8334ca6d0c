"""The notebook as a page of the documentation: its cells are run, and shown with what they give.

docs/vessels.ipynb is kept without results, so that it cannot show those of an older version. Its
cells are plain Python, for which the interpreter is enough.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cldice_monai.files import replace_when_complete

__all__ = ["notebook_as_markdown", "run_cell"]


def run_cell(source: str, namespace: dict[str, Any]) -> tuple[str, Any]:
    r"""Run a cell as a notebook does it.

    Args:
        source: its Python.
        namespace: the variables of the cells before, to which it adds its own.

    Returns:
        What it printed, and the value of its last line; None where that has none.

    Example:
        >>> run_cell("n = 2\nprint(n)\nn + 1", {})
        ('2\n', 3)
    """
    lines = ast.parse(source).body
    last = lines.pop() if lines and isinstance(lines[-1], ast.Expr) else None
    value = None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(ast.Module(lines, type_ignores=[]), "a cell", "exec"), namespace)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "a cell", "eval"), namespace)
    return printed.getvalue(), value


def notebook_as_markdown(text: str, folder: Path, *, address: str) -> str:
    """Run a notebook and return its words, its code, and what that printed and drew.

    Args:
        text: the notebook's JSON.
        folder: made anew; the cells run in it, and their pictures are kept there.
        address: what a page calls this folder in a link, with a slash at its end.

    Returns:
        Markdown; it links to the pictures.

    Raises:
        Exception: whatever a cell raises.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    namespace: dict[str, Any] = {}
    blocks: list[str] = []
    with contextlib.chdir(folder):
        for number, cell in enumerate(json.loads(text)["cells"]):
            source = "".join(cell["source"])
            if cell["cell_type"] != "code":
                blocks.append(source)
                continue
            blocks.append(f"```python\n{source}\n```")
            blocks += _shown(*run_cell(source, namespace), Path(f"cell_{number}.png"), address)
    return "\n\n".join(blocks)


def _shown(printed: str, value: Any, picture: Path, address: str) -> Iterator[str]:
    """Yield the text of a cell and its value, of which a picture is written to a file."""
    is_picture = hasattr(value, "save")
    text = printed if is_picture or value is None else f"{printed}{value!r}"
    if text.strip():
        yield f"```text\n{text.rstrip()}\n```"
    if is_picture:
        with replace_when_complete(picture) as partial:
            value.save(partial, format="PNG")
        yield f"![What the code above draws]({address}{picture})"
