import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from cldice_monai.skeleton import skeletonize
from cldice_monai.transforms import (
    RandCropByVesseld,
    RandVesselFalloff,
    RandVesselFalloffd,
    Skeletonized,
)


def line(length=80):
    label = np.zeros((1, 21, 21, length), np.uint8)
    label[0, 10, 10] = 1
    return label


def test_contrast_falls_exponentially_with_the_way_along_the_vessel():
    label = line()
    fall = RandVesselFalloff(1.0, loss=(0.6, 0.6), length=(15, 15)).set_random_state(1)
    profile = fall(100 + 100.0 * label, label)[0, 10, 10] - 100
    source = int(profile.argmax())
    way = np.abs(np.arange(80) - source)
    assert np.allclose(profile, 100 * (0.4 + 0.6 * np.exp(-way / 15)), atol=0.5)


def test_background_is_left_alone():
    label = line()
    rng = np.random.default_rng(0)
    image = (100 + 100.0 * label + rng.normal(0, 5, label.shape)).astype(np.float32)
    fallen = RandVesselFalloff(1.0, margin=2.0).set_random_state(0)(image, label)
    x, y = np.indices((21, 21)) - 10
    far = np.hypot(x, y) > 2
    assert np.array_equal(fallen[0][far], image[0][far])
    assert (fallen[0][~far] != image[0][~far]).mean() > 0.9


def test_noise_stays_as_strong_as_it_was():
    label = np.zeros((1, 30, 30, 60), np.uint8)
    label[0, 10:20, 10:20] = 1
    rng = np.random.default_rng(0)
    image = (200 + 100.0 * label + rng.normal(0, 5, label.shape)).astype(np.float32)
    fall = RandVesselFalloff(1.0, loss=(0.9, 0.9), length=(1e-3, 1e-3)).set_random_state(0)
    fallen = fall(image, label)[0, 10:20, 10:20]
    fallen = fallen[fallen < 255]  # all but the slice at the source
    assert fallen.size > 5500
    assert fallen.mean() == pytest.approx(210, abs=2)
    assert fallen.std() == pytest.approx(5, rel=0.1)


def test_every_connected_network_keeps_its_brightness_somewhere():
    label = line() + np.roll(line(), 6, axis=1)
    fall = RandVesselFalloff(1.0, loss=(0.8, 0.8), length=(10, 10), margin=0).set_random_state(0)
    fallen = fall(label * 1.0, label)[0]
    for row in (10, 16):
        assert fallen[row, 10].max() == pytest.approx(1, abs=0.01)
        assert fallen[row, 10].min() < 0.4


def test_length_is_in_millimetres_where_the_image_knows_its_spacing():
    label = torch.from_numpy(line())
    affine = torch.diag(torch.tensor([1.0, 1.0, 3.0, 1.0], dtype=torch.float64))
    image = MetaTensor(label.float(), affine=affine)
    settings = {"loss": (1, 1), "margin": 0.0}
    in_mm = RandVesselFalloff(1.0, length=(30, 30), spacing="image", **settings)
    in_voxels = RandVesselFalloff(1.0, length=(10, 10), **settings)
    first = in_mm.set_random_state(0)(image, label)
    second = in_voxels.set_random_state(0)(image, label)
    assert torch.allclose(first.as_tensor(), second.as_tensor(), atol=1e-5)
    assert torch.equal(first.affine, affine)


def test_empty_label_and_probability_of_zero_change_nothing():
    image = np.ones((1, 9, 9), np.float32)
    assert RandVesselFalloff(1.0)(image, np.zeros((1, 9, 9))) is image
    assert RandVesselFalloff(0.0)(image, np.ones((1, 9, 9))) is image


def test_label_that_fills_the_volume_is_dimmed_down_to_its_smallest_value():
    full = np.ones((1, 5, 9), np.float32)
    assert np.array_equal(RandVesselFalloff(1.0)(full, full), full)  # nothing lies above it


def test_crops_of_a_thick_tube_are_dimmed_with_or_without_its_skeleton_in_them():
    x, y = np.indices((24, 24)) - 11.5
    label = np.repeat((np.hypot(x, y) < 9)[..., None], 24, axis=2)[None].astype(np.uint8)
    item = Skeletonized("label")({"image": 100 + 100.0 * label, "label": label})
    keys = ["image", "label", "label_skeleton"]
    crop = RandCropByVesseld(keys, "label", 7, 60, 0.5, skeleton_key="label_skeleton")
    fall = RandVesselFalloffd("image", prob=1.0, length=(2, 2), skeleton_key="label_skeleton")
    rims, dimmed = 0, 0
    for piece in crop.set_random_state(0)(item):
        before = np.asarray(piece["image"])
        after = np.asarray(fall.set_random_state(1)(piece)["image"])
        vessel = np.asarray(piece["label"]) > 0
        rims += bool(vessel.any() and not piece["label_skeleton"].any())
        dimmed += bool((after != before).any())
        assert np.array_equal(after[~vessel], before[~vessel])
        assert 100 <= after[vessel].min(initial=200) <= after.max() <= 200
    assert rims > 9
    assert dimmed > 9


def test_margin_of_the_dictionary_form_is_that_of_the_array_form():
    label = line()
    image = 100 + 100 * np.exp(-((np.indices((21, 21, 80))[:2] - 10.0) ** 2).sum(0) / 4)[None]
    fall = {m: RandVesselFalloff(1.0, margin=m).set_random_state(0)(image, label) for m in (0, 3)}
    assert (fall[3] != fall[0]).mean() > 0.03
    for margin, expected in fall.items():
        found = RandVesselFalloffd("image", prob=1.0, margin=margin).set_random_state(0)(
            {"image": image, "label": label}
        )
        assert np.array_equal(found["image"], expected)


def test_images_of_an_item_fall_alike_with_or_without_a_skeleton_given():
    label = line()
    item = {"a": label * 1.0, "b": label * 3.0, "label": label, "line": label}
    item["line"] = skeletonize(label[0])[None]
    plain = RandVesselFalloffd(["a", "b"], prob=1.0).set_random_state(5)(item)
    given = RandVesselFalloffd(["a", "b"], prob=1.0, skeleton_key="line").set_random_state(5)(item)
    assert plain["a"].min() == 0
    assert plain["a"][0, 10, 10].min() < 0.99
    assert np.allclose(3 * plain["a"], plain["b"], atol=1e-5)
    assert np.array_equal(plain["a"], given["a"])
    assert np.array_equal(plain["label"], label)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"loss": (0.1, 1.2)}, "loss must be two numbers from 0 to 1, rising"),
        ({"length": (0, 5)}, "length must be two numbers"),
        ({"margin": -1}, "margin must be 0 or more"),
        ({"spacing": (0.0, 1, 1)}, "spacing must be positive"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        RandVesselFalloff(**arguments)
