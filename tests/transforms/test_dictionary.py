import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser
from monai.data import MetaTensor
from monai.transforms import Compose

import cldice_monai.transforms as ours
from cldice_monai.transforms import (
    BinarizeLabel,
    BinarizeLabeld,
    FillNonFinite,
    FillNonFinited,
    ScaleIntensityCutoff,
    ScaleIntensityCutoffd,
    Skeletonize,
    Skeletonized,
)


def image():
    return np.random.default_rng(0).normal(size=(2, 6, 6, 6)).astype(np.float32)


def label():
    array = np.zeros((1, 9, 9, 9), np.uint8)
    array[0, 3:6, 3:6, 1:8] = 255
    return array


@pytest.mark.parametrize(
    ("dictionary", "array"),
    [
        (ScaleIntensityCutoffd("image", cutoff=[0.9, 0.8]), ScaleIntensityCutoff([0.9, 0.8])),
        (FillNonFinited("image"), FillNonFinite()),
        (BinarizeLabeld("image"), BinarizeLabel()),
        (Skeletonized("image", output_keys="image"), Skeletonize()),
    ],
)
def test_dictionary_form_does_what_the_array_form_does(dictionary, array):
    picture = image()
    picture[0, 0, 0, 0] = np.nan if isinstance(array, FillNonFinite) else 0
    item = {"image": picture, "other": "kept"}
    result = dictionary(item)
    np.testing.assert_array_equal(result["image"], array(picture))
    assert result["other"] == "kept"
    assert item["image"] is picture  # the item given is not changed


@pytest.mark.parametrize(
    "make", [ScaleIntensityCutoffd, FillNonFinited, BinarizeLabeld, Skeletonized]
)
def test_missing_key_is_an_error_unless_allowed(make):
    with pytest.raises(KeyError, match="label"):
        make(["image", "label"])({"image": image()})
    assert "label" not in make(["image", "label"], allow_missing_keys=True)({"image": image()})


def test_skeleton_goes_to_a_key_of_its_own():
    item = Skeletonized("label")({"label": label()})
    np.testing.assert_array_equal(item["label_skeleton"], Skeletonize()(label()))
    np.testing.assert_array_equal(item["label"], label())


def test_skeleton_key_can_be_named():
    item = {"a": label(), "b": label()}
    assert set(Skeletonized(["a", "b"], output_postfix="line")(item)) == {
        "a",
        "b",
        "a_line",
        "b_line",
    }
    assert set(Skeletonized(["a", "b"], output_keys=["c", "d"])(item)) == {"a", "b", "c", "d"}


def test_one_output_key_for_two_keys_is_refused():
    with pytest.raises(ValueError, match=r"output_keys must name one key for each.*give 2"):
        Skeletonized(["a", "b"], output_keys="c")


@pytest.mark.parametrize("name", ["ScaleIntensityCutoff", "FillNonFinite", "BinarizeLabel"])
def test_aliases_are_the_dictionary_form(name):
    assert getattr(ours, f"{name}D") is getattr(ours, f"{name}Dict") is getattr(ours, f"{name}d")


def test_aliases_of_the_skeleton_are_the_dictionary_form():
    assert ours.SkeletonizeD is ours.SkeletonizeDict is Skeletonized


def test_all_lists_every_public_name_once():
    assert len(ours.__all__) == len(set(ours.__all__)) == 36
    assert all(hasattr(ours, name) for name in ours.__all__)


def test_transforms_work_as_targets_of_a_config():
    steps = [
        {"_target_": "cldice_monai.transforms.FillNonFinited", "keys": "image"},
        {"_target_": "cldice_monai.transforms.ScaleIntensityCutoffd", "keys": "image"},
        {"_target_": "cldice_monai.transforms.BinarizeLabeld", "keys": "label"},
        {"_target_": "cldice_monai.transforms.Skeletonized", "keys": "label"},
    ]
    parser = ConfigParser({"steps": {"_target_": "Compose", "transforms": steps}})
    transforms = parser.get_parsed_content("steps")
    assert isinstance(transforms, Compose)
    item = transforms({"image": MetaTensor(image()), "label": MetaTensor(label())})
    assert 0 <= float(item["image"].min()) < float(item["image"].max()) <= 1
    assert item["label_skeleton"].dtype == torch.uint8
    assert bool((item["label_skeleton"] <= item["label"]).all())
