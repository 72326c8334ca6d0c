"""The notebook runs from its first cell to its last, and is kept without results."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[1] / "docs" / "vessels.ipynb"


def code_cells() -> list[dict]:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_notebook_is_kept_without_results():
    for cell in code_cells():
        assert (cell["outputs"], cell["execution_count"]) == ([], None)


@pytest.mark.slow
def test_notebook_leads_from_drawn_vessels_to_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    namespace: dict = {}
    for number, cell in enumerate(code_cells()):
        exec(compile("".join(cell["source"]), f"cell {number}", "exec"), namespace)
    assert namespace["history"][-1] < 0.5 * namespace["history"][0]
    assert namespace["scores"][0] > 0.7  # far above what an untrained network gives
    report = tmp_path / "notebook_output" / "report"
    assert (report / "report.html").is_file()
    assert len(list((report / "error_maps").glob("*_ghosts_misses.nii.gz"))) == 1
