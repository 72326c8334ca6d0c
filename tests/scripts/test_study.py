"""The study: its order, what is run again, what its tables say of what is missing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def study(import_script):
    return import_script("study")


@pytest.fixture
def plan(study):
    import study_plan

    return study_plan


@pytest.fixture
def call(study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Call the script with words after its name; pages and results go to tmp_path/docs."""

    def run(*words: str) -> None:
        places = ["--out", tmp_path / "docs", "--work-dir", tmp_path / "work"]
        monkeypatch.setattr("sys.argv", ["study.py", *words, *map(str, places)])
        study.main()

    return run


def a_result(cell, value: float, **figures: float | None) -> dict[str, Any]:
    """A result as run_cell writes it, every figure of Table 1 the same."""
    from study_run import made_with

    from cldice_monai.evaluation.columns import PAPER_COLUMNS

    names = [column.name for column in PAPER_COLUMNS] + ["cldice_filled", "b2_error"]
    volume = dict.fromkeys(names, value) | figures
    return {
        "name": cell.name,
        "made_with": json.loads(json.dumps(made_with(cell, "small"))),
        "iter_": 5,
        "validation": {"8": {"clDice": value}},
        "volumes": {"a": volume, "b": dict(volume)},
        "seconds": 7,
        "cpu_seconds": 5,
    }


def save(folder: Path, cell, value: float, **figures: float | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(a_result(cell, value, **figures))
    (folder / f"{cell.name}.json").write_text(text)


def test_primary_cells_run_first_and_pair_by_pair(plan):
    from study_cells import cells_in_order

    cells = cells_in_order(plan.BLOCKS)
    first = [(cell.method.settings["alpha"], cell.seed) for cell in cells[:10]]
    assert first == [(alpha, seed) for seed in (1, 2, 3, 4, 5) for alpha in (0.0, 0.5)]
    assert {(cell.data, cell.network) for cell in cells[:10]} == {("hard", "unet")}
    names = [cell.name for cell in cells]
    assert len(set(names)) == len(names) == 136


def test_cells_of_one_name_are_one_training(plan):
    every = [c for block in (*plan.BLOCKS, plan.TRIALS) for r in block.rows for c in r.cells]
    by_name = {cell.name: cell for cell in every}
    assert all(by_name[cell.name] == cell for cell in every)


def test_what_is_compared_has_the_same_seeds_steps_volumes_and_network(plan):
    for block in plan.BLOCKS:
        for row in block.rows:
            if row.against is None:
                continue
            base = block.rows[row.against]
            assert base.against is None
            for one, other in zip(row.cells, base.cells, strict=True):
                same = replace(one, method=other.method)
                assert same == other


def test_trials_share_neither_seed_nor_volumes_with_the_study(plan):
    from study_cells import cells_in_order
    from study_data import DATA

    trials, cells = cells_in_order([plan.TRIALS]), cells_in_order(plan.BLOCKS)
    assert not {cell.seed for cell in trials} & {cell.seed for cell in cells}
    assert not {DATA[c.data].seed for c in trials} & {DATA[c.data].seed for c in cells}


def test_networks_have_a_quarter_of_their_width_unless_on_a_gpu(plan):
    from study_cells import network_config, network_title

    assert network_config("unet", "small")["channels"] == [8, 16, 32, 64, 128]
    assert network_config("fcn", "gpu")["channels"] == [5, 10, 20, 50]
    assert network_title("unet", "small") == "U-Net, 1/4 width"
    assert network_title("unet", "gpu") == "U-Net"


def test_finished_cells_are_skipped_and_changed_ones_run_again(
    study, plan, call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first, second, third, *_ = plan.PRIMARY.rows[0].cells
    folder = tmp_path / "docs" / "results" / "study"
    save(folder, first, 0.5)
    save(folder, second, 0.5)
    stale = json.loads((folder / f"{second.name}.json").read_text())
    stale["made_with"]["settings"]["epochs"] = 1
    (folder / f"{second.name}.json").write_text(json.dumps(stale))
    ran = []

    def run_cell(cell, budget, *, work_dir: Path, shared: Path, out: Path):
        ran.append(cell.name)
        if cell == third:
            raise ValueError("broken off")
        save(out, cell, 0.7)
        return a_result(cell, 0.7)

    monkeypatch.setattr(study, "run_cell", run_cell)
    with pytest.raises(SystemExit, match="1 cells failed, hard_unet_dice-a0_s3"):
        call("--only", "hard_unet_dice-a0_s?")
    expected = [cell.name for cell in plan.PRIMARY.rows[0].cells if cell != first]
    assert ran == expected
    ran.clear()
    with pytest.raises(SystemExit):
        call("--only", "hard_unet_dice-a0_s?")
    assert ran == [third.name]


def test_list_says_what_is_done(plan, call, tmp_path: Path, capsys: pytest.CaptureFixture):
    first = plan.PRIMARY.rows[0].cells[0]
    save(tmp_path / "docs" / "results" / "study", first, 0.5)
    call("--list", "--only", "primary")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [first.name, "5", "CPU", "seconds"]
    assert lines[1].split() == ["hard_unet_dice-a0.5_s1", "not", "run"]
    assert lines[-1] == "1 of 10 cells done, 0.0 CPU hours"


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


def test_finished_cells_are_measured_again_and_no_other_is_run(
    plan, study, call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "docs" / "results" / "study"
    save(folder, plan.PRIMARY.rows[0].cells[1], 0.5)
    seen = []

    def measure(cell, budget, **places: Path):
        seen.append((cell.name, places["out"]))
        return a_result(cell, 0.6)

    monkeypatch.setattr(study, "measure_again", measure)
    call("--measure-again", "--only", "primary")
    assert seen == [("hard_unet_dice-a0_s2", folder)]


def test_differences_are_paired_by_seed_and_volume(plan):
    import numpy as np
    from study_effects import differences

    base, row = plan.PRIMARY.rows
    results = {c.name: a_result(c, 0.1 * c.seed) for c in (*base.cells[:3], *row.cells[1:4])}
    results[row.cells[2].name]["volumes"]["b"]["cldice"] = None
    found = differences(row, base, results, "cldice")
    np.testing.assert_allclose(found, [[0.0, 0.0], [0.0, np.nan]])  # seeds 2 and 3 have both


@pytest.mark.parametrize(
    ("name", "effect", "words"),
    [
        ("cldice", (-0.02, -0.03, -0.01), "clDice is worse by 2.00 points [1.00, 3.00]."),
        ("b1_error", (-2.0, -3.0, -1.0), "b1 error is better by 2.00 [1.00, 3.00]."),
        ("b1_error", (2.0, 0.0, 3.0), "b1 error: no difference is shown"),
        ("cldice", (0.02, -0.001, 0.04), "and the interval holds 0"),
        ("cldice", (0.01, 0.00004, 0.02), "and the interval holds 0"),  # 0.00 as it is printed
        ("cldice", (0.02, float("nan"), float("nan")), "nothing can be said"),
    ],
)
def test_words_claim_no_more_than_the_interval(study, name: str, effect: tuple, words: str):
    from study_effects import Endpoint, verdict
    from study_statistics import Effect

    sentence = verdict(Endpoint(name), Effect(*effect, 5, 8))
    assert words in sentence
    holds_zero = "holds 0" in words or "nothing" in words or "no difference" in words
    assert ("better" in sentence or "worse" in sentence) == (not holds_zero)


def test_exploratory_tables_count_the_intervals_on_either_side_of_zero(plan, call, tmp_path: Path):
    folder = tmp_path / "docs" / "results" / "study"
    block = next(block for block in plan.BLOCKS if block.key == "iterations")
    for row, shift in zip(block.rows, (0.0, 0.1, -0.1, 0.0, 0.1), strict=True):
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


def test_plots_leave_a_gap_where_a_seed_is_missing(plan):
    import numpy as np
    import study_plots
    from matplotlib.figure import Figure

    block = next(block for block in plan.BLOCKS if block.key == "table3")
    bce = [row for row in block.rows if row.words[0] == "BCE"]
    results = {cell.name: a_result(cell, 0.5) for row in bce for cell in row.cells}
    del results[bce[2].cells[1].name]
    figure = Figure()
    assert study_plots._shares(figure, results)
    (line,) = figure.axes[0].get_lines()
    np.testing.assert_allclose(line.get_ydata(), [50, 50, np.nan, 50, 50, 50, 50, 50])
    assert not study_plots._shares(Figure(), {})


def test_picture_of_the_differences_has_a_line_for_each_that_can_be_had(plan):
    from matplotlib.figure import Figure
    from study_forest import draw_effects

    block = next(block for block in plan.BLOCKS if block.key == "iterations")
    results = {cell.name: a_result(cell, 0.5) for cell in block.rows[0].cells}
    results |= {cell.name: a_result(cell, 0.6) for cell in block.rows[2].cells}
    results |= {cell.name: a_result(cell, 0.4) for cell in block.rows[4].cells[:1]}
    figure = Figure()
    assert draw_effects(figure, results)
    labels = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert labels == [block.title, "iter_ 3", "iter_ 20"]
    points = [line for line in figure.axes[0].get_lines() if line.get_marker() == "o"]
    assert [round(float(line.get_xdata()[0]), 6) for line in points] == [10.0, -10.0]
    assert [line.get_markerfacecolor() for line in points][1] == "none"  # one seed
    assert not draw_effects(Figure(), {})
