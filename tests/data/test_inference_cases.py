import json

import pytest

from cldice_monai.data import find_inference_cases
from cldice_monai.errors import InputError


def names(cases):
    return {case.case_id: [path.name for path in case.image] for case in cases}


def test_volumes_of_the_folder_itself_are_taken_and_results_left_out(touch):
    folder = touch(
        "a.nii.gz", "b.nii", "a_mask.nii.gz", "a_prob.nii.gz", "b_skeleton.nii", "notes.txt"
    )
    assert names(find_inference_cases(str(folder))) == {"a": ["a.nii.gz"], "b": ["b.nii"]}


def test_volumes_of_the_folder_itself_count_before_images_ts(touch):
    assert names(find_inference_cases(touch("a.nii.gz", "imagesTs/b.nii.gz"))) == {
        "a": ["a.nii.gz"]
    }


def test_images_ts_gets_its_labels_where_there_are_any(touch):
    folder = touch("imagesTs/a_0000.nii.gz", "imagesTs/b_0000.nii.gz", "labelsTs/b.nii.gz")
    first, second = find_inference_cases(folder)
    assert (first.case_id, first.label) == ("a", None)
    assert (second.case_id, second.label) == ("b", folder / "labelsTs" / "b.nii.gz")


@pytest.mark.parametrize(
    ("images", "labels"), [("imagesTs", "labelsTs"), ("imagesTr", "labelsTr"), ("raw", "gt")]
)
def test_folder_of_images_given_itself_finds_the_labels_beside_it(
    touch, monkeypatch, images, labels
):
    folder = touch(f"{images}/a.nii.gz", f"{labels}/a.nii.gz")
    (case,) = find_inference_cases(folder / images)
    assert case.label == folder / labels / "a.nii.gz"
    monkeypatch.chdir(folder / images)
    (case,) = find_inference_cases(".")
    assert case.label == folder / labels / "a.nii.gz"


def test_vessap_raw_folder_gives_the_channels_asked_for(touch):
    folder = touch("raw/p_000_0000.nii.gz", "raw/p_000_0001.nii.gz", "gt/p_000.nii.gz")
    (one,) = find_inference_cases(folder / "raw")
    (two,) = find_inference_cases(folder / "raw", in_channels=2)
    assert (len(one.image), len(two.image)) == (1, 2)
    assert one.label == folder / "gt" / "p_000.nii.gz"


def test_folder_that_is_only_called_raw_keeps_all_channels(touch):
    (case,) = find_inference_cases(touch("raw/a_0000.nii.gz", "raw/a_0001.nii.gz") / "raw")
    assert len(case.image) == 2


def test_channels_outside_vessap_are_all_kept_for_the_check_to_judge(touch):
    (case,) = find_inference_cases(touch("a_0000.nii.gz", "a_0001.nii.gz"), in_channels=1)
    assert len(case.image) == 2


def test_single_file_is_one_case(touch):
    folder = touch("a.nii.gz", "b.nii.gz", "scan_0007.nii")
    assert names(find_inference_cases(folder / "a.nii.gz")) == {"a": ["a.nii.gz"]}
    assert list(names(find_inference_cases(folder / "scan_0007.nii"))) == ["scan_0007"]


def test_single_file_of_channel_zero_brings_its_siblings(touch):
    file = touch("a_0000.nii.gz", "a_0001.nii.gz", "a_0002.nii.gz") / "a_0000.nii.gz"
    assert names(find_inference_cases(file)) == {"a": ["a_0000.nii.gz"]}
    assert names(find_inference_cases(file, in_channels=2)) == {
        "a": ["a_0000.nii.gz", "a_0001.nii.gz"]
    }


@pytest.mark.parametrize("give_the_file", [True, False])
def test_list_gives_its_test_part_with_labels(touch, give_the_file):
    folder = touch("i/a.nii.gz", "l/a.nii.gz", "i/b.nii.gz")
    path = folder / "dataset.json"
    test = [{"image": "i/a.nii.gz", "label": "l/a.nii.gz"}, "i/b.nii.gz"]
    path.write_text(json.dumps({"test": test}))
    cases = find_inference_cases(path if give_the_file else folder)
    assert [case.case_id for case in cases] == ["a", "b"]
    assert [case.label for case in cases] == [folder / "l" / "a.nii.gz", None]


def test_list_without_test_part_is_refused(touch):
    path = touch("dataset.json") / "dataset.json"
    path.write_text('{"training": []}')
    with pytest.raises(InputError, match=r"dataset.json: .*no entry in 'test'.*; add"):
        find_inference_cases(path)


@pytest.mark.parametrize("twice", [("a.nii", "a.nii.gz"), ("a.nii.gz", "a_0000.nii.gz")])
def test_two_inputs_with_one_case_id_are_refused(touch, twice):
    with pytest.raises(InputError, match=r"would be case a; rename or remove"):
        find_inference_cases(touch(*twice))


def test_folder_with_nothing_but_results_says_so(touch):
    with pytest.raises(InputError, match=r"only results of earlier runs.*a_mask.nii.gz.*rename"):
        find_inference_cases(touch("a_mask.nii.gz"))


def test_empty_folder_says_where_volumes_were_expected(tmp_path):
    with pytest.raises(InputError, match=r"no volume to segment; expected .*imagesTs"):
        find_inference_cases(tmp_path)


def test_volumes_in_another_folder_are_pointed_at(touch):
    with pytest.raises(InputError, match=r"no volume to segment; .*those in imagesTr pass that"):
        find_inference_cases(touch("imagesTr/a.nii.gz"))


def test_missing_folder_and_other_file_are_named(touch):
    folder = touch("a.tif")
    with pytest.raises(InputError, match=r"gone: dataset_dir does not exist; pass"):
        find_inference_cases(folder / "gone")
    with pytest.raises(InputError, match=r"a.tif: dataset_dir must be .*a .nii.gz file; pass"):
        find_inference_cases(folder / "a.tif")
