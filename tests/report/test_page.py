"""The page of an evaluation: all of it is inside, pictures decode, and it names what it shows."""

from __future__ import annotations

import base64
import io
import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cldice_monai.errors import InputError
from cldice_monai.evaluation.case import EvaluationSettings
from cldice_monai.evaluation.run import evaluate
from cldice_monai.report.distributions import draw_distribution
from cldice_monai.report.error_maps import write_error_maps
from cldice_monai.report.layers import Layers
from cldice_monai.report.page import write_report
from cldice_monai.report.page_style import STYLE
from cldice_monai.report.panel import COLOURS
from cldice_monai.report.worst_patches import worst_patches
from cldice_monai.topology import PatchSampler
from tests.evaluation.masks import save_mask, vessels

FEW = EvaluationSettings(PatchSampler(patch_size=12, n_patches=3))
CHROMIUM = shutil.which("chromium")


class _Page(HTMLParser):
    """Addresses, open tags and words of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "img"):
            self.open.append(tag)
        found = [v or "" for name, v in attrs if name in ("src", "href", "srcset")]
        self.addresses += [address for address in found if not address.startswith("#")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture
def folder(make_masks: Callable) -> Path:
    folder = make_masks(2)
    for i in range(2):
        image = vessels(i) + 0.1 * np.random.default_rng(i).random(vessels(i).shape)
        save_mask(folder / "images" / f"case_{i}_0000.nii.gz", 100 * image)
    return folder


@pytest.fixture
def page(folder: Path) -> Path:
    evaluation = evaluate([folder / "good", folder / "bad"], folder / "labels", FEW)
    images = {f"case_{i}": folder / "images" / f"case_{i}_0000.nii.gz" for i in range(2)}
    return write_report(evaluation, folder / "report.html", images=images)


def test_page_needs_nothing_from_outside_and_every_picture_decodes(page: Path):
    text = page.read_text(encoding="utf-8")
    parsed = _Page(text)
    assert parsed.open == [], "every tag is closed"
    assert "url(" not in text
    assert "@import" not in text
    assert "<script" not in text
    # 2 cases: 3 axes of image, label and 2 methods, 3 networks; the worst patches come on top
    assert len(parsed.addresses) >= 2 * (3 * 4 + 3)
    for address in parsed.addresses:
        head, _, content = address.partition(",")
        assert head == "data:image/png;base64"
        picture = Image.open(io.BytesIO(base64.b64decode(content, validate=True)))
        assert np.asarray(picture).std() > 0, "nothing was drawn"


def test_page_names_cases_methods_and_figures_and_lists_the_worst_patches(page: Path):
    words = " ".join(_Page(page.read_text(encoding="utf-8")).words)
    for name in ("case_0", "case_1", "good", "bad", "clDice", "Opt-J F1", "Worst patches"):
        assert name in words
    assert "sum of b0, b1 and b2 error" in " ".join(words.split())
    assert re.search(r"errors b0 \d+, b1 \d+, b2 \d+; clDice", words)
    assert "ghost" in words


def test_names_of_folders_are_text_and_not_html(folder: Path):
    odd = folder / "a<b>&c"
    (folder / "bad").rename(odd)
    evaluation = evaluate([odd], folder / "labels", FEW)
    text = write_report(evaluation, folder / "report.html").read_text(encoding="utf-8")
    assert "<b>" not in text
    assert "a&lt;b&gt;&amp;c" in text


def test_page_says_at_its_top_how_many_cases_have_notes(tmp_path: Path):
    pointer = "There are notes on 1 case, each below under its name"
    bar = np.zeros((16, 16, 16), np.uint8)
    bar[3:13, 4:11, 4:11] = 1
    texts = []
    for value in (1, 0):  # without and with a hole in the second of two cases
        bar[8, 7, 7] = value
        for part in ("labels", "masks"):
            save_mask(tmp_path / part / "a.nii.gz", vessels(0))
            save_mask(tmp_path / part / "b.nii.gz", bar)
        found = evaluate([tmp_path / "masks"], tmp_path / "labels", FEW)
        texts.append(write_report(found, tmp_path / "report.html").read_text(encoding="utf-8"))
    assert [pointer in text for text in texts] == [False, True]
    assert texts[1].index(pointer) < texts[1].index("<table") < texts[1].index("encloses cavities")


def test_image_of_another_size_is_named(folder: Path):
    evaluation = evaluate([folder / "good"], folder / "labels", FEW)
    wrong = save_mask(folder / "wrong.nii.gz", np.zeros((5, 5, 5)))
    with pytest.raises(InputError, match=r"wrong.nii.gz: \(5, 5, 5\) voxels"):
        write_report(evaluation, folder / "report.html", images={"case_0": wrong})
    assert not (folder / "report.html").exists()


def test_flat_images_have_one_projection(tmp_path: Path):
    mask = vessels(0, (40, 40))[..., None]
    save_mask(tmp_path / "flat" / "a.nii.gz", mask)
    evaluation = evaluate([tmp_path / "flat"], tmp_path / "flat", FEW)
    page = write_report(evaluation, tmp_path / "report.html")
    assert len(_Page(page.read_text(encoding="utf-8")).addresses) == 3 + 2


def test_walls_around_cavities_are_explained_where_there_are_some(tmp_path: Path):
    bar = np.zeros((20, 20, 20), bool)
    bar[5:15, 5:15, 2:18] = True
    save_mask(tmp_path / "bar" / "a.nii.gz", bar)
    bar[10, 10, 10] = False
    save_mask(tmp_path / "holed" / "a.nii.gz", bar)
    for name, explained in (("bar", False), ("holed", True)):
        evaluation = evaluate([tmp_path / name], tmp_path / "bar", FEW)
        text = write_report(evaluation, tmp_path / "report.html").read_text(encoding="utf-8")
        assert ("Yellow areas are walls" in text) == explained


def test_classes_have_sections_and_maps_of_their_own(tmp_path: Path):
    label = np.where(vessels(0), 1, np.where(vessels(1), 2, 0))
    save_mask(tmp_path / "labels" / "a.nii.gz", label)
    save_mask(tmp_path / "masks" / "a.nii.gz", label * (vessels(2) == 0))
    settings = EvaluationSettings(FEW.sampler, classes=(1, 2))
    evaluation = evaluate([tmp_path / "masks"], tmp_path / "labels", settings)
    page = write_report(evaluation, tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<h2>a, class 1</h2>") == page.count("<h2>a, class 2</h2>") == 1
    assert "masks, class 2" in page
    maps = write_error_maps(evaluation, tmp_path / "maps")
    names = ["a_class1_ghosts_misses.nii.gz", "a_class2_ghosts_misses.nii.gz"]
    assert [path.name for path in maps] == names


def test_worst_patches_are_ranked_and_of_places_that_differ(tmp_path: Path):
    label = np.zeros((60, 60, 20), bool)
    label[5, 5, 2:18] = label[50, 50, 2:18] = True
    pred = label.copy()
    pred[50, 50, 6] = pred[5, 5, 6] = pred[5, 5, 10] = False
    save_mask(tmp_path / "label" / "a.nii.gz", label)
    save_mask(tmp_path / "pred" / "a.nii.gz", pred)
    many = EvaluationSettings(PatchSampler(patch_size=20, n_patches=400))
    worst = worst_patches(evaluate([tmp_path / "pred"], tmp_path / "label", many))
    assert [patch.betti_error for patch in worst] == [2.0, 1.0]
    starts = np.array([patch.start for patch in worst])
    assert (starts[0, :2] <= 5).all()
    assert (starts[1, :2] > 30).all()


def test_a_cavity_counts_as_an_error_of_a_patch(tmp_path: Path):
    label = np.zeros((20, 20, 20), bool)
    label[4:16, 4:16, 4:16] = True
    pred = label.copy()
    pred[10, 10, 10] = False
    save_mask(tmp_path / "label" / "a.nii.gz", label)
    save_mask(tmp_path / "pred" / "a.nii.gz", pred)
    whole = EvaluationSettings(PatchSampler(patch_size=20, n_patches=1))
    (worst,) = worst_patches(evaluate([tmp_path / "pred"], tmp_path / "label", whole))
    assert worst.betti_errors == (0, 0, 1)
    assert worst.words().startswith("errors b0 0, b1 0, b2 1; clDice 0.")


def test_a_patch_is_drawn_by_the_slices_around_its_errors():
    label = np.zeros((20, 20, 40), bool)
    label[5, 5, :] = True
    pred = label.copy()
    pred[15, 5:15, 30] = True
    slab, first = Layers(label, pred, label, (1, 1, 1)).around_errors(8)
    assert first in (26, 27)
    assert slab.volumes["ghost"].shape == (20, 20, 8)
    assert slab.volumes["ghost"].any(axis=(0, 1)).tolist().index(True) == 30 - first


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0.92, 0.961, 0.97], ["0.92", "0.93", "0.94", "0.95", "0.96", "0.97"]),
        ([0.0, 0.458], ["0", "0.1", "0.2", "0.3", "0.4", "0.5"]),
        ([3.0, 3.0], ["2", "2.5", "3"]),
        ([12.0, 130.0], ["0", "25", "50", "75", "100", "125", "150"]),
    ],
)
def test_distributions_have_round_ticks_around_their_values(values: list[float], ticks: list[str]):
    drawn = draw_distribution({"a": values}, title="Dice", means=[values[0]])
    assert re.findall(r'class="tick">([^<]*)<', drawn) == ticks


def test_text_of_distributions_is_readable_on_a_phone():
    """A drawing is scaled to the width of the page, and its text with it."""
    drawn = draw_distribution({"a": [0.0, 1.0], "b" * 99: [0.5]}, title="Dice", means=[0.5, 0.5])
    width = float(re.search(r'viewBox="0 0 (\d+)', drawn)[1])
    sizes = [float(size) for size in re.findall(r"svg [.a-z]+ {[^}]*font-size: (\d+)px", STYLE)]
    assert len(sizes) == 2
    page = 390 - 2 * 15  # a phone without the padding of the body
    assert min(sizes) * min(1, page / width) > 11
    for text in re.findall(r'class="name">([^<]*)<', drawn):
        assert len(text) * 0.6 * max(sizes) < width, "a long name is cut, and not by the edge"


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_browser_draws_the_page(page: Path, tmp_path: Path):
    shot = tmp_path / "page.png"
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += [f"--user-data-dir={tmp_path}", f"--screenshot={shot}", "--window-size=1400,3000"]
    subprocess.run([*command, page.as_uri()], check=True, capture_output=True, timeout=120)
    pixels = np.asarray(Image.open(shot).convert("RGB"))
    ghost = np.all(np.abs(pixels.astype(int) - COLOURS["ghost"]) < 12, axis=-1)
    miss = np.all(np.abs(pixels.astype(int) - COLOURS["miss"]) < 12, axis=-1)
    assert ghost.sum() > 50
    assert miss.sum() > 50
    drawn = np.ptp(pixels.reshape(-1, 3), axis=0)
    assert drawn.min() > 200, "light and dark, not an empty page"
