import json

import pytest

from cldice_monai.data.decathlon import has_training_list, read_decathlon_list
from cldice_monai.errors import InputError


@pytest.fixture
def dataset(touch):
    """Write a list next to the files it names."""

    def write(content, *names):
        path = touch(*names) / "dataset.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def entry(name, label=None):
    return {"image": f"imagesTr/{name}.nii.gz", "label": f"labelsTr/{label or name}.nii.gz"}


def files(*names):
    return [f"{part}Tr/{name}.nii.gz" for name in names for part in ("images", "labels")]


def test_all_parts_are_read_relative_to_the_list(dataset, tmp_path):
    content = {
        "name": "vessels",
        "training": [entry("b"), entry("a")],
        "validation": [entry("c")],
        "test": ["./imagesTs/d.nii.gz", {"image": "imagesTs/e.nii.gz"}, entry("a")],
    }
    path = dataset(content, *files("a", "b", "c"), "imagesTs/d.nii.gz", "imagesTs/e.nii.gz")
    found = read_decathlon_list(path)
    assert [case.case_id for case in found.training] == ["b", "a"]
    assert [case.case_id for case in found.validation] == ["c"]
    assert [case.case_id for case in found.test] == ["d", "e", "a"]
    assert found.training[0].image == (tmp_path / "imagesTr/b.nii.gz",)
    assert found.test[0].label is None
    assert found.test[2].label == tmp_path / "labelsTr/a.nii.gz"


def test_list_of_channel_files_is_one_case(dataset):
    content = {"training": [{"image": ["i/a_0000.nii", "i/a_0001.nii"], "label": "l/a.nii"}]}
    (case,) = read_decathlon_list(
        dataset(content, "i/a_0000.nii", "i/a_0001.nii", "l/a.nii")
    ).training
    assert (case.case_id, len(case.image)) == ("a", 2)


def test_name_without_the_channel_number_finds_the_channel_files(dataset):
    content = {"training": [entry("a")]}
    names = ["imagesTr/a_0000.nii.gz", "imagesTr/a_0001.nii.gz", "labelsTr/a.nii.gz"]
    (case,) = read_decathlon_list(dataset(content, *names)).training
    assert [path.name for path in case.image] == ["a_0000.nii.gz", "a_0001.nii.gz"]
    assert case.case_id == "a"


def test_numbered_names_stay_apart(dataset):
    names = ["t/scan_0007.nii", "t/scan_0008.nii"]
    found = read_decathlon_list(dataset({"test": names}, *names))
    assert [case.case_id for case in found.test] == ["scan_0007", "scan_0008"]


def test_equal_names_in_different_folders_get_ids_of_their_paths(dataset):
    names = ["m1/image.nii", "m2/image.nii"]
    found = read_decathlon_list(dataset({"test": [f"./{name}" for name in names]}, *names))
    assert [case.case_id for case in found.test] == ["m1_image", "m2_image"]


def test_image_in_training_and_validation_is_refused(dataset):
    content = {"training": [entry("a")], "validation": [entry("a")]}
    with pytest.raises(InputError, match=r"dataset.json: .*a.nii.gz listed more than once.*remove"):
        read_decathlon_list(dataset(content, *files("a")))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{'training': []}", r"not valid JSON \(.*line 1.*correct it"),
        ("", "not valid JSON"),
        ([], 'a JSON object is needed, got a list; write {"training"'),
        ({"training": {}}, "'training' must be a list, got a dict; write"),
        ({"training": ["a.nii"]}, "entry 0 of 'training' must be an object.*'a.nii'; write"),
        ({"training": [{"label": "l.nii"}]}, "entry 0 of 'training' needs an 'image'.*None; write"),
        ({"training": [{"image": [], "label": "l"}]}, "needs an 'image'"),
        ({"training": [{"image": [1], "label": "l"}]}, "needs an 'image'"),
        ({"training": [{"image": "i.nii"}]}, r"\(i.nii\) needs a 'label'.*add it or remove"),
        ({"training": [{"image": "i.nii", "label": 3}]}, "needs a 'label'.*got 3"),
        ({"test": [{"image": "i.nii", "label": 3}]}, "needs a 'label'.*got 3"),
        ({"test": ["gone.nii"]}, "entry 0 of 'test' names .*gone.nii, which is not there; correct"),
        ({"training": [entry("a"), entry("b")]}, r"entry 0 .*\(4 files are missing in all\)"),
    ],
)
def test_faulty_list_is_named_with_the_place_and_the_remedy(dataset, content, message):
    path = dataset(content)
    with pytest.raises(InputError, match=message) as caught:
        read_decathlon_list(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "list.json"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError, match=r"list.json: not valid JSON"):
        read_decathlon_list(path)


def test_missing_list_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none.json: the list cannot be read .*check the path"):
        read_decathlon_list(tmp_path / "none.json")


def test_only_a_list_with_training_cases_counts_as_one(dataset):
    assert has_training_list(dataset({"training": [entry("a")]}))
    assert not has_training_list(dataset({"channel_names": {"0": "OCT"}, "numTraining": 3}))
    assert not has_training_list(dataset({}).with_name("none.json"))


def test_entries_that_would_share_a_case_id_are_refused(tmp_path):
    names = ["a/b.nii.gz", "c/b.nii.gz", "a_b.nii.gz"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    listing = tmp_path / "list.json"
    listing.write_text(json.dumps({"training": [], "test": names}))
    with pytest.raises(InputError, match="several entries would be the case a_b; rename"):
        read_decathlon_list(listing)


def test_case_id_of_an_entry_is_its_name(dataset):
    content = {"training": [entry("a") | {"case_id": "mouse 7"}, entry("b")]}
    found = read_decathlon_list(dataset(content, *files("a", "b")))
    assert [case.case_id for case in found.training] == ["mouse 7", "b"]


def test_mask_of_an_entry_is_taken_and_must_be_there(dataset, tmp_path):
    content = {"training": [entry("a") | {"mask": "masksTr/a.nii.gz"}]}
    path = dataset(content, *files("a"))
    with pytest.raises(InputError, match=r"names .*masksTr/a\.nii\.gz, which is not there"):
        read_decathlon_list(path)
    (case,) = read_decathlon_list(dataset(content, "masksTr/a.nii.gz")).training
    assert case.mask == tmp_path / "masksTr" / "a.nii.gz"


def test_mask_in_some_entries_only_is_refused(dataset):
    content = {"training": [entry("a") | {"mask": "labelsTr/a.nii.gz"}, entry("b")]}
    with pytest.raises(InputError, match="entry 1 of 'training' has no 'mask' but others have one"):
        read_decathlon_list(dataset(content, *files("a", "b")))


@pytest.mark.parametrize("key", ["mask", "case_id"])
def test_mask_and_case_id_must_be_text(dataset, key):
    content = {"training": [entry("a") | {key: 5}]}
    with pytest.raises(InputError, match=f"has a '{key}' that is no text, got 5"):
        read_decathlon_list(dataset(content, *files("a")))


def test_folds_are_read(dataset):
    content = {"training": [entry("a"), entry("b")], "validation": [entry("c")]}
    path = dataset(content | {"folds": [["c"], ["a", "b"]]}, *files("a", "b", "c"))
    assert read_decathlon_list(path).folds == (("c",), ("a", "b"))


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        ("ab", "must be a list of lists"),
        ([["a"]], "name each case of training and validation once; correct b"),
        ([["a"], ["b", "x"]], "correct x"),
        ([["a"], ["b", "a"]], "correct a"),
    ],
)
def test_folds_that_do_not_fit_the_cases_are_refused(dataset, folds, message):
    content = {"training": [entry("a"), entry("b")], "folds": folds}
    with pytest.raises(InputError, match=message):
        read_decathlon_list(dataset(content, *files("a", "b")))
