"""The study: its order, what is run again, and what its intervals allow to say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.scripts.study_results import a_result, save


def test_primary_cells_run_first_and_pair_by_pair(plan):
    from study_cells import cells_in_order

    cells = cells_in_order(plan.BLOCKS)
    first = [(cell.method.settings["alpha"], cell.seed) for cell in cells[:10]]
    assert first == [(alpha, seed) for seed in (1, 2, 3, 4, 5) for alpha in (0.0, 0.5)]
    assert {(cell.data, cell.network) for cell in cells[:10]} == {("hard", "unet")}
    names = [cell.name for cell in cells]
    assert len(set(names)) == len(names) == 140


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
    with pytest.raises(SystemExit, match="1 cell failed, hard_unet_dice-a0_s3"):
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
