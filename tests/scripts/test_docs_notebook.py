"""The notebook as a page: what its cells print and draw stands below them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image


@pytest.fixture
def docs_notebook(import_script):
    return import_script("docs_notebook")


def notebook(*cells: tuple[str, str]) -> str:
    return json.dumps({"cells": [{"cell_type": kind, "source": [text]} for kind, text in cells]})


def test_words_code_and_what_it_prints_stand_below_each_other(docs_notebook, tmp_path: Path):
    text = notebook(("markdown", "# A\nword"), ("code", "n = 2\nprint(n)"), ("code", "n + 1"))
    shown = docs_notebook.notebook_as_markdown(text, tmp_path / "run", address="/run/")
    assert shown == (
        "# A\nword\n\n```python\nn = 2\nprint(n)\n```\n\n```text\n2\n```\n\n"
        "```python\nn + 1\n```\n\n```text\n3\n```"
    )


def test_picture_is_kept_and_shown(docs_notebook, tmp_path: Path):
    code = 'from PIL import Image\nImage.new("RGB", (3, 2), "red")'
    shown = docs_notebook.notebook_as_markdown(
        notebook(("code", code)), tmp_path / "run", address="/run/"
    )
    assert shown.endswith("```\n\n![What the code above draws](/run/cell_0.png)")
    with Image.open(tmp_path / "run" / "cell_0.png") as picture:
        assert picture.size == (3, 2)


def test_cells_run_in_a_folder_without_files_of_an_earlier_run(
    docs_notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "old").touch()
    code = 'from pathlib import Path\nPath("new").touch()'
    docs_notebook.notebook_as_markdown(notebook(("code", code)), Path("run"), address="/run/")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["new"]
    assert Path.cwd() == tmp_path


def test_cell_that_fails_stops_the_documentation(docs_notebook, tmp_path: Path):
    with pytest.raises(ZeroDivisionError):
        docs_notebook.notebook_as_markdown(
            notebook(("code", "1 / 0")), tmp_path / "run", address="/run/"
        )
