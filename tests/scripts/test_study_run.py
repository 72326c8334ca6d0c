"""A cell of the study from its volumes to its result, the volumes, and the loss of others."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from PIL import Image

from cldice_monai.errors import InputError
from cldice_monai.topology import cldice


@pytest.fixture
def run(import_script):
    return import_script("study_run")


@pytest.fixture
def tiny(run, monkeypatch: pytest.MonkeyPatch) -> dict:
    """Volumes of 32 voxels in place of those of 96."""
    import study_data

    volumes = {}
    for name in ("hard", "hard_2ch"):
        settings = study_data.DATA[name].settings | {"roi": [32, 32, 32]}
        made = {"settings": settings, "window": [32, 32, 32], "counts": (2, 1, 2), "size": 32}
        volumes[name] = replace(study_data.DATA[name], **made)
        monkeypatch.setitem(study_data.DATA, name, volumes[name])
    monkeypatch.setitem(run.COMMON, "precision", "float32")
    return volumes


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:parsing config_file:UserWarning")
def test_cells_run_from_volumes_to_results_and_go_on_where_they_stopped(
    run, tiny: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    import study_plan
    from study_cells import Cell

    places = {"work_dir": tmp_path / "work", "shared": tmp_path, "out": tmp_path / "out"}
    recall = Cell("hard_2ch", "fcn", study_plan.RECALL, 1, 1)
    monai = Cell("hard", "unet", study_plan.MONAI, 1, 2)
    for cell in (recall, monai):
        run.run_cell(cell, "small", **places)
        result = run.read_result(tmp_path / "out" / f"{cell.name}.json")
        assert run.is_result_of(result, cell, "small")
        assert not run.is_result_of(result, replace(cell, seed=2), "small")
        assert not run.is_result_of(result, cell, "gpu")
        assert sorted(result["volumes"]) == ["vessels_003", "vessels_004"]
        assert all(0 <= v["cldice"] <= 1 for v in result["volumes"].values())
        assert list(result["validation"]) == [str(n + 1) for n in range(cell.epochs)]
    assert not list((tmp_path / "work" / "small").rglob("masks"))

    def measure(masks: Path, labels: Path, classes: tuple):
        raise KeyboardInterrupt

    checkpoint = tmp_path / "work" / "small" / monai.name / "models" / "checkpoint.pt"
    before = torch.load(checkpoint, weights_only=True)["state"]["network"]
    with monkeypatch.context() as stopped:
        stopped.setattr(run, "_measure", measure)
        with pytest.raises(KeyboardInterrupt):
            run.run_cell(monai, "small", **places)
    again = run.run_cell(monai, "small", **places)  # nothing is left to train
    after = torch.load(checkpoint, weights_only=True)["state"]["network"]
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert again["volumes"] == result["volumes"]

    wrong = {name: {"cldice": 0.0} for name in again["volumes"]}
    path = tmp_path / "out" / f"{monai.name}.json"
    path.write_text(json.dumps(again | {"volumes": wrong}))
    measured = run.measure_again(monai, "small", **places)
    assert measured == again == run.read_result(path)
    checkpoint.with_name("model.pt").unlink()
    with pytest.raises(InputError, match="no trained network is kept here"):
        run.measure_again(monai, "small", **places)
    assert run.read_result(path) == again


def test_cavities_of_volumes_are_filled_before_cldice_and_holes_of_pictures_are_not(
    import_script, tmp_path: Path
):
    label = np.zeros((24, 24, 24), np.uint8)
    label[4:15, 4:15] = 1
    pred = label.copy()
    pred[18:21, 18:21] = 1  # a vessel that is not there
    pierced = pred.copy()
    pierced[6:13:3, 6:13:3, 3:21:3] = 0
    for name, mask in (("solid", pred), ("pierced", pierced), ("slice", pierced[..., 3:4])):
        for folder in ("masks", "labels"):
            (tmp_path / folder).mkdir(exist_ok=True)
        same = label[..., : mask.shape[2]]
        nib.save(nib.Nifti1Image(mask, np.eye(4)), tmp_path / "masks" / f"{name}_mask.nii.gz")
        nib.save(nib.Nifti1Image(same, np.eye(4)), tmp_path / "labels" / f"{name}.nii.gz")
    cavities = import_script("study_cavities")
    found = cavities.cldice_of_filled_masks(tmp_path / "masks", tmp_path / "labels")
    assert sorted(found) == ["pierced", "solid"]
    assert found["pierced"] == found["solid"] == pytest.approx(cldice(pred, label))
    assert cldice(pierced, label) > found["pierced"] + 0.2


def test_volumes_are_drawn_once_and_are_others_in_every_part(run, tiny: dict, tmp_path: Path):
    from study_data import data_folder

    folder = data_folder("hard_2ch", tmp_path)
    content = json.loads((folder / "dataset.json").read_text())
    assert [len(content[part]) for part in ("training", "validation", "test")] == [2, 1, 2]
    image = folder / content["test"][0]["image"]
    assert nib.load(image).shape == (32, 32, 32, 2)
    written = image.stat().st_mtime_ns
    assert data_folder("hard_2ch", tmp_path) == folder
    assert image.stat().st_mtime_ns == written


def test_the_stack_that_is_tested_on_is_not_trained_on(run, tmp_path: Path):
    import study_data
    from real_volumes import VOLUMES

    for name in study_data.STACKS:
        volume = VOLUMES[name]
        for place in (volume.image, volume.label):
            (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
            pages = [Image.fromarray(np.full((8, 9), n, np.uint8)) for n in range(4)]
            pages[0].save(tmp_path / place, save_all=True, append_images=pages[1:])
    folder = study_data.data_folder("stacks_without_tgMouse", tmp_path / "work", tmp_path)
    content = json.loads((folder / "dataset.json").read_text())
    names = {part: [Path(case["image"]).name for case in cases] for part, cases in content.items()}
    assert names["test"] == ["tgMouse.nii.gz"]
    assert names["validation"] == ["bbbDisruption.nii.gz"]
    assert len(names["training"]) == 2
    assert len({name for part in names.values() for name in part}) == 4
    image = nib.load(folder / content["test"][0]["image"])
    assert image.shape == (9, 8, 4)
    np.testing.assert_allclose(image.header.get_zooms(), [0.000994, 0.000994, 0.005], rtol=1e-4)


def test_missing_real_volumes_are_named(run, tmp_path: Path):
    from study_data import data_folder

    from cldice_monai.errors import InputError

    with pytest.raises(InputError, match="no such folder; pass --data"):
        data_folder("cremi", tmp_path, tmp_path / "nowhere")


def test_skeleton_recall_counts_the_missed_share_of_the_widened_skeleton(run):
    from study_losses import SkeletonRecallLoss, _tube

    label = torch.zeros(1, 1, 9, 20)
    label[..., 1:8, 2:18] = 1
    tube = _tube(label)[0, 0]
    assert tube[4, 4:16].all()
    assert tube[2:7, 8:12].all()  # two steps to either side
    assert not tube[1, 8:12].any()  # and no more
    assert not tube[label[0, 0] == 0].any()

    half = torch.where(torch.arange(20) < 10, 40.0, -40.0).expand(1, 1, 9, 20)
    more, less = (SkeletonRecallLoss(weight)(half, label) for weight in (1.0, 0.0))
    missed = float(tube[:, 10:].sum() / tube.sum())
    assert float(more - less) == pytest.approx(missed, abs=1e-5)


def test_skeleton_recall_of_a_crop_without_vessel_is_finite(run):
    from study_losses import SkeletonRecallLoss

    logits = torch.zeros(2, 1, 8, 8, 8, requires_grad=True)
    label = torch.zeros(2, 1, 8, 8, 8, dtype=torch.uint8)
    label[1, 0, 3:5, 3:5] = 1
    loss = SkeletonRecallLoss()(logits, label)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()
    assert logits.grad[1, 0, 3, 3, 3] < 0  # more vessel where it is missed


def test_ablated_loss_with_all_its_parts_is_that_of_the_package(run):
    from study_losses import AblatedLoss

    from cldice_monai.losses import SoftDiceclDiceLoss

    rng = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 1, 10, 11, 12, generator=rng)
    label = (torch.rand(2, 1, 10, 11, 12, generator=rng) > 0.7).to(torch.uint8)
    package = SoftDiceclDiceLoss(2, 0.3, sigmoid=True)(logits, label)
    assert float(AblatedLoss(2, alpha=0.3)(logits, label)) == pytest.approx(
        float(package), abs=1e-6
    )
    others = [AblatedLoss(2, alpha=0.3, core=False), AblatedLoss(2, alpha=0.3, power=0)]
    assert all(abs(float(loss(logits, label) - package)) > 1e-3 for loss in others)
    assert len({repr(loss) for loss in (AblatedLoss(2), *others)}) == 3


def test_cached_skeleton_takes_the_place_of_the_labels_own(run):
    from study_losses import CachedSkeletonLoss

    label = torch.zeros(1, 1, 9, 20)
    label[..., 1:8, 2:18] = 1
    skeleton = torch.zeros_like(label)
    skeleton[..., 4, 5:13] = 1
    # a prediction of half the label, which holds 5 of the 8 pixels of the skeleton
    logits = torch.where(torch.arange(20) < 10, 20.0, -20.0) * label + 20 * (label - 1)
    loss = CachedSkeletonLoss(3, alpha=1.0)
    both = loss(logits, torch.cat([skeleton, label], dim=1))
    assert float(both) == pytest.approx(1 - 2 * 0.625 / 1.625, abs=1e-3)  # Tprec 1, Tsens 5/8
    assert float(loss(logits, label)) == pytest.approx(1 / 3, abs=1e-3)  # Tsens 1/2


def test_thick_slices_lose_no_vessel_and_classes_hold_the_whole_label(run):
    from study_volumes import SLICE, class_parts, thick_parts

    from cldice_monai.data.synthetic import generate_vessels

    (_, image, label, affine), *_ = thick_parts("hard", 3, (1, 0, 1), 24)["training"]
    drawn = generate_vessels((24, 24, 48), preset="hard", seed=3000)
    assert image.shape == label.shape == (24, 24, 16)
    assert affine[2, 2] == SLICE
    np.testing.assert_allclose(image[5, 7, 2], drawn.image[0, 5, 7, 6:9].mean(), rtol=1e-5)
    np.testing.assert_array_equal(label, drawn.label.reshape(24, 24, 16, SLICE).max(axis=-1))

    parts = class_parts("hard", 3, (1, 0, 1), 24)
    classes, whole = parts["test"][0][2], generate_vessels((24, 24, 24), preset="hard", seed=3001)
    np.testing.assert_array_equal(classes > 0, whole.label > 0)
    assert (whole.radius[classes == 2] >= 2).all()
    assert (whole.radius[classes == 1] < 2).all()
