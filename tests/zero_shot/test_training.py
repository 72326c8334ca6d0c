"""Training on synthetic volumes, in one go and with a break."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cldice_monai.errors import InputError
from cldice_monai.zero_shot import BUDGETS, SyntheticVolumes, draw_batch, train_network

# no patch below 32: bfloat16 gradients of 3D convolutions over 2 voxels are wrong in torch 2.13
PLAN = replace(
    BUDGETS["cpu"], n_volumes=2, volume_side=40, steps=4, batch_size=2, patch_side=32, iter_=2
)


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> SyntheticVolumes:
    folder = tmp_path_factory.mktemp("volumes") / "drawn"
    return SyntheticVolumes.draw_or_read(folder, plan=PLAN, seed=5)


def test_volumes_are_drawn_once_and_read_after_that(tmp_path: Path):
    folder = tmp_path / "volumes"
    first = SyntheticVolumes.draw_or_read(folder, plan=PLAN, seed=1)
    again = SyntheticVolumes.draw_or_read(folder, plan=PLAN, seed=1)
    assert [image.shape for image in first.images] == [(40, 40, 40)] * 2
    for one, other in zip(first.images + first.labels, again.images + again.labels, strict=True):
        np.testing.assert_array_equal(one, other)
    assert all(0.0 <= image.min() <= image.max() <= 1.0 for image in first.images)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 2}, "seed 1"),
        ({"plan": replace(PLAN, n_volumes=3)}, "n_volumes 2"),
        ({"plan": replace(PLAN, volume_side=48)}, "shape"),
    ],
)
def test_volumes_that_were_drawn_otherwise_are_refused_in_one_line(
    change: dict[str, object], named: str, tmp_path: Path
):
    options = {"plan": PLAN, "seed": 1}
    SyntheticVolumes.draw_or_read(tmp_path / "volumes", **options)
    with pytest.raises(InputError, match=rf"another {named}[^\n]*--work-dir"):
        SyntheticVolumes.draw_or_read(tmp_path / "volumes", **options | change)


def test_volumes_of_another_version_of_the_generator_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    SyntheticVolumes.draw_or_read(tmp_path / "volumes", plan=PLAN, seed=1)
    monkeypatch.setattr("cldice_monai.zero_shot.patches.GENERATOR_VERSION", 0)
    with pytest.raises(InputError, match="another version"):
        SyntheticVolumes.draw_or_read(tmp_path / "volumes", plan=PLAN, seed=1)


def test_patches_follow_the_source_of_randomness_and_keep_image_and_label_together():
    label = np.zeros((36, 36, 36), bool)
    label[4:20, 9:12, 9:12] = True
    volumes = SyntheticVolumes([label.astype(np.float16)], [label])
    plan = replace(PLAN, zoom_chance=0.0)
    batches = [draw_batch(volumes, plan=plan, rng=np.random.default_rng(s)) for s in (0, 0, 1)]
    for one, other in zip(batches[0], batches[1], strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(batches[0][1], batches[2][1])
    image, mask = batches[0]
    assert image.shape == mask.shape == (2, 1, 32, 32, 32)
    np.testing.assert_array_equal(image > 0, mask > 0)


def test_zoomed_patches_hold_thicker_and_thinner_vessels_whose_label_follows_the_image():
    label = np.zeros((64, 64, 64), bool)
    label[28:36] = True  # a plate of 8 voxels
    volumes = SyntheticVolumes([label.astype(np.float16)], [label])
    plain = replace(PLAN, batch_size=40, gamma_spread=0.0, scale_spread=0.0, zoom_chance=0.0)
    zoomed = replace(plain, zoom_chance=1.0)
    thickest, thinnest = {}, {}
    for name, plan in (("plain", plain), ("zoomed", zoomed)):
        images, labels = draw_batch(volumes, plan=plan, rng=np.random.default_rng(0))
        np.testing.assert_array_equal(images > 0.5, labels > 0)
        across = [max(label.any((1, 2)).sum(), 1) for label in labels[:, 0] if label.any()]
        full = [n for n in across if n < 32]  # else the plate lies along the first axis
        thickest[name], thinnest[name] = max(full), min(full)
    assert thickest["plain"] == 8
    assert thickest["zoomed"] >= 11
    assert thinnest["zoomed"] <= 6


def test_training_returns_the_average_of_the_weights_over_the_steps(
    volumes: SyntheticVolumes, tmp_path: Path
):
    weights = {}
    for decay in (None, 0.9):
        plan = replace(PLAN, steps=3, average_decay=decay)
        network, losses, _ = train_network(
            volumes, plan=plan, seed=0, checkpoint=tmp_path / f"{decay}.pt", progress=None
        )
        weights[decay] = next(network.parameters()).detach(), losses
    state = torch.load(tmp_path / "0.9.pt", weights_only=True)
    last = next(iter(state["network"].values()))
    assert weights[None][1] == weights[0.9][1]  # the average takes no part in the training
    assert torch.equal(last, weights[None][0])
    assert not torch.equal(last, weights[0.9][0])
    assert torch.equal(state["average"]["module." + next(iter(state["network"]))], weights[0.9][0])


def test_run_that_was_broken_off_goes_on_to_the_same_weights(
    volumes: SyntheticVolumes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("cldice_monai.zero_shot.training._STEPS_BETWEEN_SAVES", 2)
    options = {"plan": PLAN, "seed": 3}
    whole, losses, _ = train_network(volumes, **options, checkpoint=tmp_path / "a.pt")

    def break_off(line: str) -> None:
        raise KeyboardInterrupt(line)

    broken = tmp_path / "b.pt"
    with pytest.raises(KeyboardInterrupt, match="step 2 of 4"):
        train_network(volumes, **options, checkpoint=broken, progress=break_off)
    lines: list[str] = []
    resumed, again, _ = train_network(volumes, **options, checkpoint=broken, progress=lines.append)
    assert [line.split(":")[0] for line in lines] == ["step 4 of 4"]
    assert again == losses
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_run_with_another_plan_or_seed_does_not_go_on_after_a_checkpoint(
    volumes: SyntheticVolumes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    plan = replace(PLAN, steps=1, average_decay=None)
    options = {"plan": plan, "seed": 3, "checkpoint": tmp_path / "a.pt", "progress": None}
    train_network(volumes, **options)
    for change, named in (
        ({"plan": replace(plan, average_decay=0.9)}, "average_decay"),
        ({"plan": replace(plan, alpha=0.1, lr=0.1)}, "lr, alpha"),
        ({"seed": 4}, "seed"),
    ):
        with pytest.raises(InputError, match=rf"a\.pt: .* another {named};[^\n]*--work-dir"):
            train_network(volumes, **options | change)
    monkeypatch.setattr("cldice_monai.zero_shot.training.GENERATOR_VERSION", 0)
    with pytest.raises(InputError, match="another generator_version;"):
        train_network(volumes, **options)


def test_training_lowers_the_loss(volumes: SyntheticVolumes, tmp_path: Path):
    plan = replace(PLAN, steps=30, lr=0.01)
    _, losses, seconds = train_network(
        volumes, plan=plan, seed=0, checkpoint=tmp_path / "a.pt", progress=None
    )
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.1
    assert len(losses) == 30
    assert seconds > 0
