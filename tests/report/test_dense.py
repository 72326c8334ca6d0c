"""Dense networks are drawn by slices in which vessels are told apart, not as one block."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from cldice_monai.evaluation.case import EvaluationSettings
from cldice_monai.evaluation.run import evaluate
from cldice_monai.report.case_pictures import case_pictures
from cldice_monai.report.network_picture import (
    LINE_COLOUR,
    NODE_COLOURS,
    clear_slab,
    draw_network,
)
from cldice_monai.topology import PatchSampler
from tests.evaluation.masks import save_mask

FEW = EvaluationSettings(PatchSampler(patch_size=12, n_patches=2))


def _dense() -> np.ndarray:
    """Lines along x, in every second slice in the next row: 16 slices cover all rows."""
    mask = np.zeros((200, 200, 32), bool)
    for z in range(0, 32, 2):
        mask[10:190, z // 2 % 8 :: 8, z] = True
    return mask


def _share(picture: np.ndarray, colour: tuple[int, int, int]) -> float:
    return float((picture == colour).all(axis=-1).mean())


def test_dense_network_is_drawn_in_part_and_says_so(tmp_path: Path):
    save_mask(tmp_path / "a" / "case.nii.gz", _dense(), np.eye(4))
    evaluation = evaluate([tmp_path / "a"], tmp_path / "a", FEW)
    pictures = case_pictures(evaluation.methods, 0, {})
    slab = clear_slab(_dense())
    assert slab is not None
    words = f"(slices {slab.start} to {slab.stop - 1}: all of them would hide each other)"
    assert words in pictures.network_title
    titles = [title for title, _ in pictures.rows]
    assert titles[1] == "Middle 8 slices along z alone", "in 16 more than half is covered"


def test_network_that_is_told_apart_is_drawn_whole(make_masks: Callable):
    folder = make_masks(1)
    evaluation = evaluate([folder / "good"], folder / "labels", FEW)
    assert case_pictures(evaluation.methods, 0, {}).network_title == "Networks, seen along z"


def test_vessel_that_leaves_the_slices_gets_no_end_there():
    line = np.zeros((20, 20, 20), bool)
    line[10, 10, 2:18] = True
    part = np.asarray(draw_network(line, axis=0, spacing_mm=(1, 1, 1), slices=slice(8, 12)))
    whole = np.asarray(draw_network(line, axis=2, spacing_mm=(1, 1, 1), slices=slice(8, 12)))
    assert _share(part, NODE_COLOURS["end"]) > 0, "the line lies in these slices along x"
    assert _share(whole, NODE_COLOURS["end"]) == 0
    assert _share(part, LINE_COLOUR) > 0
    outside = np.asarray(draw_network(line, axis=0, spacing_mm=(1, 1, 1), slices=slice(0, 5)))
    assert _share(outside, LINE_COLOUR) == 0
