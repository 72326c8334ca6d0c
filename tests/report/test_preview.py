from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cldice_monai.report import COLOURS, draw_preview, preview, save_preview


def _vessel(*, rows: tuple[int, ...] = (8,)) -> np.ndarray:
    volume = np.zeros((32, 16, 6), bool)
    for row in rows:
        volume[4:28, row - 1 : row + 2, 2:5] = True
    return volume


def _body(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture)[60:-60]  # without title, captions and legend


def _has(picture: Image.Image, name: str) -> bool:
    return bool((_body(picture) == COLOURS[name]).all(axis=-1).any())


def test_perfect_segmentation_shows_skeleton_but_neither_ghosts_nor_misses():
    mask = _vessel()
    picture = draw_preview(mask.astype(float), mask, label=mask)
    assert _has(picture, "segmentation")
    assert _has(picture, "skeleton")
    assert not _has(picture, "ghost")
    assert not _has(picture, "miss")


def test_vessel_that_is_not_in_the_label_is_drawn_as_ghost():
    picture = draw_preview(np.zeros((32, 16, 6)), _vessel(rows=(4, 11)), label=_vessel(rows=(4,)))
    assert _has(picture, "ghost")
    assert not _has(picture, "miss")


def test_vessel_that_was_not_found_is_drawn_as_miss():
    picture = draw_preview(np.zeros((32, 16, 6)), _vessel(rows=(4,)), label=_vessel(rows=(4, 11)))
    assert _has(picture, "miss")
    assert not _has(picture, "ghost")


def test_without_a_label_there_is_no_third_panel():
    mask = _vessel()
    with_label = draw_preview(mask * 1.0, mask, label=mask)
    without = draw_preview(mask * 1.0, mask)
    assert with_label.width > without.width
    assert not _has(without, "miss")


def test_captions_say_what_is_drawn(monkeypatch: pytest.MonkeyPatch):
    texts: list[str] = []
    monkeypatch.setattr(preview, "_write", lambda _, at, text, **__: texts.append(text) or 0)
    volume = np.random.default_rng(0).random((20, 20, 40))
    draw_preview(volume, volume > 2)
    assert "image, maximum projection" in texts
    assert "image, middle 16 slices" in texts
    assert texts.count("segmentation: nothing is marked here") == 2
    for picture in (volume[..., 0], volume[..., :1]):
        texts.clear()
        draw_preview(picture, picture > 0.5)
        assert texts[1:3] == ["image", "segmentation"]


@pytest.mark.parametrize("fill", [np.nan, 0.0, 1e6])
def test_nan_constant_and_empty_volumes_are_drawn(fill):
    image = np.full((8, 8, 4), fill)
    picture = draw_preview(image, np.zeros(image.shape, bool), label=np.zeros(image.shape, bool))
    assert picture.mode == "RGB"


def test_anisotropic_and_large_volumes_are_not_squeezed():
    image = np.random.default_rng(0).random((700, 20, 3))
    picture = draw_preview(image, image > 2)
    assert picture.width >= 2 * 700


def test_other_shape_is_refused():
    with pytest.raises(ValueError, match=r"mask must have the image's shape \(8, 8, 4\)"):
        draw_preview(np.zeros((8, 8, 4)), np.zeros((8, 8, 5)))


def test_png_is_complete_and_alone(tmp_path: Path):
    mask = _vessel()
    save_preview(tmp_path / "case_preview.png", mask * 1.0, mask, label=mask, title="case")
    assert [p.name for p in tmp_path.iterdir()] == ["case_preview.png"]
    with Image.open(tmp_path / "case_preview.png") as picture:
        picture.load()
        assert picture.format == "PNG"


def test_the_label_gets_a_panel_of_its_own_on_request():
    mask = _vessel()
    plain = draw_preview(mask * 1.0, mask, label=mask)
    with_label = draw_preview(mask * 1.0, mask, label=mask, show_label=True)
    assert with_label.width > plain.width
    assert _has(with_label, "label")
    assert not _has(plain, "label")
    with pytest.raises(ValueError, match="needs a label"):
        draw_preview(mask * 1.0, mask, show_label=True)


def test_panels_are_as_large_as_asked_for_but_never_lose_voxels():
    mask = np.zeros((100, 20, 4), bool)
    wide, narrow = (
        draw_preview(mask * 1.0, mask, label=mask, panel_pixels=pixels) for pixels in (400, 10)
    )
    assert wide.width == 3 * 400 + 4 * 14
    assert narrow.width == 780  # three panels of 100 pixels; the legend is wider
