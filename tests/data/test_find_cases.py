import json

import pytest

from cldice_monai.data import VesselCase, find_training_cases, split_cases
from cldice_monai.errors import InputError


def pairs(*names):
    return [f"{part}Tr/{name}.nii.gz" for name in names for part in ("images", "labels")]


def cases(*names):
    return [VesselCase(name, (f"{name}.nii",)) for name in names]


def ids(found):
    return [case.case_id for case in found]


def test_folder_layout_is_recognised(touch):
    found = find_training_cases(str(touch(*pairs("a", "b"))))
    assert ids(found.training) == ["a", "b"]
    assert found.validation == ()
    assert found.layout == "imagesTr/labelsTr folders"


def test_vessap_layout_is_recognised_and_takes_the_channels_asked_for(touch):
    folder = touch("raw/p_000_0000.nii.gz", "raw/p_000_0001.nii.gz", "gt/p_000.nii.gz")
    one, two = find_training_cases(folder), find_training_cases(folder, in_channels=2)
    assert "VesSAP" in one.layout
    assert len(one.training[0].image) == 1
    assert len(two.training[0].image) == 2


@pytest.mark.parametrize("give_the_file", [True, False])
def test_list_counts_before_folders_and_names_the_validation_part(touch, give_the_file):
    folder = touch(*pairs("a", "b", "c"))
    entries = [
        {"image": f"imagesTr/{n}.nii.gz", "label": f"labelsTr/{n}.nii.gz"} for n in ("a", "b")
    ]
    path = folder / "dataset.json"
    path.write_text(json.dumps({"training": entries[:1], "validation": entries[1:]}))
    found = find_training_cases(path if give_the_file else folder)
    assert (ids(found.training), ids(found.validation)) == (["a"], ["b"])
    assert found.layout == "Decathlon list dataset.json"


def test_description_without_a_list_leaves_the_folders_to_speak(touch):
    folder = touch(*pairs("a"))
    (folder / "dataset.json").write_text('{"numTraining": 1}')
    assert ids(find_training_cases(folder).training) == ["a"]


@pytest.mark.parametrize("nothing", ["", "  ", None])
def test_no_dataset_dir_is_refused(nothing):
    with pytest.raises(InputError, match=r"dataset_dir must be a folder.*pass --dataset_dir PATH"):
        find_training_cases(nothing)


def test_missing_dataset_dir_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone: dataset_dir does not exist; pass"):
        find_training_cases(tmp_path / "gone")


def test_file_that_is_no_list_is_refused(touch):
    with pytest.raises(InputError, match=r"a.zip: dataset_dir must be a folder or .json; pass"):
        find_training_cases(touch("a.zip") / "a.zip")


def test_empty_folder_says_what_was_expected(tmp_path):
    with pytest.raises(InputError, match=r"the folder is empty; expected imagesTr/ and labelsTr/"):
        find_training_cases(tmp_path)


def test_unknown_layout_says_what_was_expected_and_what_is_there(touch):
    folder = touch("images/a.nii.gz", "masks/a.nii.gz")
    with pytest.raises(InputError, match=r"expected imagesTr/.*raw/.*dataset.json") as caught:
        find_training_cases(folder)
    assert str(caught.value).endswith("found images, masks")


@pytest.mark.parametrize("names", [("imagesTr/x", "labelsTr/x"), ("raw/x", "gt/x")])
def test_known_layout_without_volumes_is_refused(touch, names):
    with pytest.raises(InputError, match=r"no case for training in it.*put .nii.gz files"):
        find_training_cases(touch(*names))


def test_tilde_is_the_home_folder(touch, monkeypatch):
    monkeypatch.setenv("HOME", str(touch(*pairs("a"))))
    assert ids(find_training_cases("~").training) == ["a"]


@pytest.mark.parametrize("in_channels", [0, -1, 1.5, True, "1"])
def test_channel_count_must_be_a_whole_number(touch, in_channels):
    with pytest.raises(ValueError, match="in_channels must be a whole number"):
        find_training_cases(touch(*pairs("a")), in_channels=in_channels)


def test_split_keeps_every_case_once():
    training, validation = split_cases(cases(*"abcdefghij"))
    assert len(validation) == 2  # a fifth of ten
    assert sorted(ids(training) + ids(validation)) == list("abcdefghij")


def test_split_does_not_depend_on_the_order_of_the_folder():
    assert split_cases(cases(*"hgfedcba"), seed=3) == split_cases(cases(*"abcdefgh"), seed=3)


def test_split_depends_on_the_seed():
    drawn = {tuple(ids(split_cases(cases(*"abcdefgh"), seed=seed)[1])) for seed in range(10)}
    assert len(drawn) > 1


@pytest.mark.parametrize(
    ("n", "fraction", "n_validation"),
    [(2, 0.2, 1), (2, 0.9, 1), (3, 0.01, 1), (3, 0.99, 2), (24, 0.2, 5), (10, 0.5, 5)],
)
def test_split_gives_each_part_at_least_one(n, fraction, n_validation):
    training, validation = split_cases(
        cases(*(f"c{i:02d}" for i in range(n))), val_fraction=fraction
    )
    assert (len(training), len(validation)) == (n - n_validation, n_validation)


def test_single_case_cannot_be_split_and_the_remedy_is_said():
    with pytest.raises(InputError, match=r"at least two cases.*found a.nii; add another"):
        split_cases(cases("a"))


@pytest.mark.parametrize("fraction", [0, 1, -0.2, 20])
def test_fraction_out_of_range_is_refused(fraction):
    with pytest.raises(ValueError, match="val_fraction must be between 0 and 1"):
        split_cases(cases("a", "b"), val_fraction=fraction)
