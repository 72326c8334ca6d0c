"""The page of the study: what it says of what was run, and nothing of what was not."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.scripts.study_results import save


def test_page_prints_no_number_for_what_was_not_run(plan, call, tmp_path: Path):
    call("--tables")
    page = (tmp_path / "docs" / "results" / "study.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ") and " of " in line]
    assert len(rows) == sum(len(block.rows) for block in plan.BLOCKS)
    for line in rows:
        figures = line.split(" | ")[line.split(" | ").index(_counted(line)) + 1 :]
        assert {word.strip(" |") for word in figures} <= {"not run", ""}
    assert "0 of 5 pairs of seeds are done" in page
    assert not list((tmp_path / "docs").rglob("*.png"))


def _counted(line: str) -> str:
    return next(word for word in line.split(" | ") if word.startswith("0 of "))


def test_primary_answer_waits_for_every_pair(plan, call, tmp_path: Path):
    folder = tmp_path / "docs" / "results" / "study"
    base, row = plan.PRIMARY.rows
    for number in range(5):
        save(folder, base.cells[number], 0.50)
        save(folder, row.cells[number], 0.52, b0_error=None, cldice_filled=0.53)
        call("--tables")
        page = (tmp_path / "docs" / "results" / "study.md").read_text()
        assert ("Primary endpoint." in page) == (number == 4)
    assert "clDice is better by 2.00 points [2.00, 2.00]." in page
    assert "b0 error: not measured on two seeds" in page
    assert "Not planned: filled clDice is better by 3.00 points [3.00, 3.00]." in page
    assert "| soft-Dice | 5 of 5 | 50.00 | 50.00 | 50.00 | 50.00 | 0.500 |" in page
    assert "+2.00 [+2.00, +2.00] |" in page
    assert (tmp_path / "docs" / "images" / "study_primary.png").is_file()
    assert "](../images/study_primary.png)\n\n## (a)" in page  # below its own table
    assert "+2.00 [+2.00, +2.00] | not measured |" in page


def test_columns_of_cavities_stand_in_tables_of_volumes_alone(plan):
    from study_tables import _columns

    for block in plan.BLOCKS:
        extra = {"cldice_filled", "b2_error"} & set(_columns(block))
        assert len(extra) == (0 if block.key == "pictures" else 2)
        assert len(_columns(block)) == 8 + len(extra)


def test_exploratory_tables_count_the_intervals_on_either_side_of_zero(plan, call, tmp_path: Path):
    folder = tmp_path / "docs" / "results" / "study"
    block = next(block for block in plan.BLOCKS if block.key == "iterations")
    for row, shift in zip(block.rows, (0.0, 0.1, -0.1, 0.00004, 0.1), strict=True):
        for cell in row.cells[:2]:
            save(folder, cell, 0.5 + shift)
    for cell in block.rows[4].cells[1:]:
        (folder / f"{cell.name}.json").unlink(missing_ok=True)  # one seed gives no interval
    call("--tables")
    page = (tmp_path / "docs" / "results" / "study.md").read_text()
    words = "of 3 differences in clDice 1 have an interval above 0 and 1 one below; 1 hold 0"
    assert words in page
    assert page.count("Exploratory:") == 1
    assert "| 20 | 1 of 3 | 60.00 |" in page
    assert "+10.00 (one seed) |" in page


def test_results_of_another_plan_are_not_shown(plan, call, tmp_path: Path):
    folder = tmp_path / "docs" / "results" / "study"
    first = plan.PRIMARY.rows[0].cells[0]
    save(folder, first, 0.5)
    stale = json.loads((folder / f"{first.name}.json").read_text())
    stale["made_with"]["settings"]["epochs"] = 1
    (folder / f"{first.name}.json").write_text(json.dumps(stale))
    call("--tables")
    page = (tmp_path / "docs" / "results" / "study.md").read_text()
    assert "| soft-Dice | 0 of 5 | not run |" in page
    assert ": 0 of 140 cells are done" in page


def test_difference_is_to_the_first_row_of_its_own_loss(plan, call, tmp_path: Path):
    folder = tmp_path / "docs" / "results" / "study"
    block = next(block for block in plan.BLOCKS if block.key == "table3")
    values = {("BCE", "0"): 0.9, ("soft-Dice", "0"): 0.5, ("soft-Dice", "0.1"): 0.6}
    for row in block.rows:
        for cell in row.cells if row.words in values else ():
            save(folder, cell, values[row.words])
    call("--tables")
    page = (tmp_path / "docs" / "results" / "study.md").read_text()
    row = next(line for line in page.splitlines() if line.startswith("| soft-Dice | 0.1 |"))
    assert row.endswith("| +10.00 [+10.00, +10.00] | +0.10 [+0.10, +0.10] |")


def test_page_gives_seeds_intervals_and_time_in_their_units(plan, call, tmp_path: Path):
    folder = tmp_path / "docs" / "results" / "study"
    base, row = plan.PRIMARY.rows
    for number in range(5):
        save(folder, base.cells[number], 0.5, cpu_seconds=360, streetmover=0.012345)
        save(folder, row.cells[number], 0.51 + 0.01 * number, cpu_seconds=720)
    call("--tables")
    page = (tmp_path / "docs" / "results" / "study.md").read_text()
    assert "10 of 140 cells are done in 1.5 CPU hours, the longest in 12 minutes" in page
    assert "points: 1: +1.00, 2: +2.00, 3: +3.00, 4: +4.00, 5: +5.00." in page
    assert "| 0.01234 |" in page or "| 0.01235 |" in page  # of the StreetMover distance
    (found,) = re.findall(r"\| \+3\.00 \[\+(\S+), \+(\S+)\] \|", page)
    assert 1.0 <= float(found[0]) < 3.0 < float(found[1]) <= 5.0
