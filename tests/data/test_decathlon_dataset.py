import json

import pytest

from cldice_monai.data import DecathlonListDataset
from cldice_monai.errors import InputError


@pytest.fixture
def listed(make_dataset):
    """A list of six cases with three folds; the list's own validation is not the first fold."""
    root = make_dataset(6, n_test=1, size=12)

    def entry(number: int, part: str = "Tr"):
        name = f"case_{number}.nii.gz"
        return {"image": f"images{part}/{name}", "label": f"labels{part}/{name}"}

    content = {
        "training": [entry(n) for n in (0, 1, 2, 3, 4)],
        "validation": [entry(5)],
        "test": [entry(6, "Ts"), "imagesTr/case_0.nii.gz"],
        "folds": [["case_0", "case_1"], ["case_2", "case_3"], ["case_4", "case_5"]],
    }
    (root / "dataset.json").write_text(json.dumps(content))
    return root


def _ids(dataset):
    return [item["case_id"] for item in dataset.data]


def test_parts_are_those_of_the_list(listed):
    assert _ids(DecathlonListDataset(listed, "validation", cache_rate=0)) == ["case_5"]
    assert len(DecathlonListDataset(listed, "training", cache_rate=0)) == 5
    assert DecathlonListDataset(listed, "validation", cache_rate=0)[0]["image"].shape[0] == 1


def test_test_part_holds_the_labelled_cases(listed):
    assert _ids(DecathlonListDataset(listed, "test", cache_rate=0)) == ["case_6"]


def test_a_fold_validates_and_the_others_train(listed):
    validation = DecathlonListDataset(listed, "validation", fold=1, cache_rate=0)
    training = DecathlonListDataset(listed, "training", fold=1, cache_rate=0)
    assert _ids(validation) == ["case_2", "case_3"]
    assert _ids(training) == ["case_0", "case_1", "case_4", "case_5"]


@pytest.mark.parametrize("fold", [3, -1, True])
def test_fold_that_the_list_does_not_have_is_refused(listed, fold):
    with pytest.raises(ValueError, match="one of the list's 3 folds"):
        DecathlonListDataset(listed, "training", fold=fold)


def test_list_without_validation_is_drawn_as_in_the_bundle(listed):
    path = listed / "dataset.json"
    content = json.loads(path.read_text())
    del content["folds"]
    content["training"] += content.pop("validation")
    path.write_text(json.dumps(content))
    training = DecathlonListDataset(path, "training", cache_rate=0)
    validation = DecathlonListDataset(path, "validation", cache_rate=0)
    assert len(validation) == 1
    assert len(training) == 5
    assert not set(_ids(training)) & set(_ids(validation))


def test_part_without_a_case_is_refused(listed):
    path = listed / "dataset.json"
    content = json.loads(path.read_text())
    content["test"] = ["imagesTr/case_0.nii.gz"]
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match="no labelled case in the part 'test'"):
        DecathlonListDataset(listed, "test")
