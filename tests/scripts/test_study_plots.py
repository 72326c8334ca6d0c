"""The pictures of the study show the numbers that they are drawn from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from PIL import Image

from tests.scripts.study_results import a_result, save


@pytest.fixture
def iterations(plan):
    return next(block for block in plan.BLOCKS if block.key == "iterations")


def test_plots_leave_a_gap_where_a_seed_is_missing(plan):
    import study_plots

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


def test_primary_picture_has_points_above_zero_where_cldice_helped(plan):
    import study_plots

    base, row = plan.PRIMARY.rows
    results = {cell.name: a_result(cell, 0.5) for cell in base.cells}
    results |= {cell.name: a_result(cell, 0.5 + 0.01 * cell.seed) for cell in row.cells[1:3]}
    results[row.cells[1].name]["volumes"]["a"]["cldice"] = 0.56
    figure = Figure()
    assert study_plots._primary(figure, results)
    (axes,) = figure.axes
    heights = [line.get_ydata() for line in axes.get_lines() if line.get_marker() in ("o", "_")]
    expected = [[6, 2], [4], [3, 3], [3]]  # volumes and mean, by seed, in points
    for found, points in zip(heights, expected, strict=True):
        np.testing.assert_allclose(np.atleast_1d(found), points)
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["seed 2", "seed 3"]


def test_picture_of_the_iterations_has_each_point_at_its_number(iterations):
    import study_plots

    results = {row.cells[0].name: a_result(row.cells[0], 0.5) for row in iterations.rows}
    for n, row in zip((7, 1, 3, 10, 20), iterations.rows, strict=True):
        results[row.cells[0].name] |= {"iter_": n, "volumes": {"a": {"cldice": n / 100}}}
    figure = Figure()
    assert study_plots._iterations(figure, results)
    points = [(line.get_xdata()[0], line.get_ydata()[0]) for line in figure.axes[0].get_lines()]
    np.testing.assert_allclose(points, [(n, n) for n in (7, 1, 3, 10, 20)])
    assert figure.axes[0].get_xticks().tolist() == [1, 3, 7, 10, 20]


def test_validation_curves_are_in_percent_and_in_the_order_of_the_epochs(plan):
    import study_plots

    cell = plan.TRIALS.rows[0].cells[0]
    curve = {"16": {"clDice": 0.75}, "8": {"clDice": 0.5}, "40": {"clDice": 0.875}}
    figure = Figure()
    assert study_plots._validation(figure, {cell.name: a_result(cell, 0.5) | {"validation": curve}})
    (line,) = figure.axes[0].get_lines()
    np.testing.assert_allclose(line.get_xydata(), [(8, 50), (16, 75), (40, 87.5)])


def test_lines_of_the_differences_are_their_intervals_beside_their_names(plan, iterations):
    from study_effects import effect_of
    from study_forest import draw_effects

    classes = next(block for block in plan.BLOCKS if block.key == "classes")
    shown = (iterations.rows[:3], classes.rows)
    cells = [cell for rows in shown for row in rows for cell in row.cells]
    results = {cell.name: a_result(cell, 0.5 + 0.001 * cell.seed) for cell in cells}
    for cell, shift in zip(iterations.rows[1].cells, (-0.2, 0.1, 0.2), strict=True):
        results[cell.name] = a_result(cell, 0.5 + shift)
    for cell in iterations.rows[2].cells:
        results[cell.name] = a_result(cell, 0.4 - 0.01 * cell.seed)
    figure = Figure()
    assert draw_effects(figure, results)
    axes = figure.axes[0]
    ticks = dict(zip(axes.get_yticks().tolist(), axes.get_yticklabels(), strict=True))
    names = [tick.get_text() for tick in ticks.values()]
    compared = ["iter_ 1", "iter_ 3", plan.BOTH]
    assert names == [iterations.title, *compared[:2], classes.title, compared[2]]
    bold = [tick.get_text() for tick in ticks.values() if tick.get_fontweight() == "bold"]
    assert bold == [iterations.title, classes.title]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first name stands at the top
    lines = {ticks[line.get_ydata()[0]].get_text(): line for line in axes.get_lines()[0:-1:2]}
    assert list(lines) == compared
    for name, row in zip(compared[:2], iterations.rows[1:3], strict=True):
        effect = effect_of(row, iterations, results, "cldice")
        ends = [100 * effect.low, 100 * effect.high]
        np.testing.assert_allclose(lines[name].get_xdata(), ends)
    colours = [to_rgba(lines[name].get_color()) for name in compared[:2]]
    assert colours == [to_rgba("0.5"), to_rgba("C0")]  # holds 0, and does not


def test_pictures_do_not_change_with_the_version_of_the_library(plan, tmp_path: Path):
    import study_plots

    for row in plan.PRIMARY.rows:
        save(tmp_path / "study", row.cells[0], 0.5)
    (tmp_path / "images").mkdir()
    drawn = study_plots.draw_plots(tmp_path / "study", tmp_path / "images", "small")
    assert drawn.items() > {"primary": "study_primary.png", "effects": "study_effects.png"}.items()
    for name in drawn.values():
        with Image.open(tmp_path / "images" / name) as picture:
            assert "Software" not in picture.info
