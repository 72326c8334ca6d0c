import sys

import numpy as np
import pytest
from scipy import ndimage

from cldice_monai.data.cremi import CREMI, CREMIDataset, find_cremi_cases, membrane, read_raw
from cldice_monai.data.cremi_samples import choose_samples
from cldice_monai.data.layout import LayoutCases
from cldice_monai.data.pictures import read_grey_picture, read_picture
from cldice_monai.data.prepare import prepare_dataset
from cldice_monai.errors import InputError


def test_membrane_is_both_sides_of_every_border_and_id_0():
    ids = np.array(
        [
            [7, 7, 7, 9, 9],
            [7, 7, 7, 9, 9],
            [7, 7, 7, 7, 7],
            [7, 7, 7, 7, 0],
        ],
        np.uint64,
    )
    expected = [
        [0, 0, 1, 1, 0],
        [0, 0, 1, 1, 1],
        [0, 0, 0, 1, 1],  # below the 9s; the corner at column 2 shares no edge with a 9
        [0, 0, 0, 1, 1],
    ]
    assert membrane(ids).astype(int).tolist() == expected


def test_neurons_that_touch_by_a_corner_only_still_border_on_others():
    ids = np.array([[1, 2], [2, 1]])
    assert membrane(ids).all()


def test_one_neuron_has_no_membrane_and_id_0_everywhere_is_all_membrane():
    assert not membrane(np.full((3, 4), 5)).any()
    assert membrane(np.zeros((3, 4), np.uint64)).all()


def test_largest_ids_do_not_wrap_round():
    ids = np.array([[0xFFFFFFFFFFFFFFFF, 1, 1]], np.uint64)
    assert membrane(ids).tolist() == [[True, True, False]]


def test_cases_are_the_sections_of_each_sample(layouts):
    found = find_cremi_cases(layouts.cremi(n_sections=2))
    assert [case.case_id for case in found.cases] == [
        f"sample_{sample}_20160501_{number:03d}" for sample in "ABC" for number in (0, 1)
    ]


def test_padded_release_gives_the_same_sections(layouts, tmp_path):
    plain = layouts.cremi(n_sections=3, samples="A").rename(tmp_path / "plain")
    padded = layouts.cremi(n_sections=3, samples="A", padding=2)
    for number in range(3):
        name = f"sample_A_20160501.hdf/{number:03d}"
        assert np.array_equal(read_raw(plain / name).array, read_raw(padded / name).array)


def test_plain_and_padded_file_of_a_sample_are_not_taken_together(layouts):
    root = layouts.cremi(n_sections=2)
    padded = root / "sample_B_padded_20160501.hdf"
    padded.write_bytes((root / "sample_B_20160501.hdf").read_bytes())
    found = find_cremi_cases(root)
    assert len(found.cases) == 6
    assert not any("padded" in case.case_id for case in found.cases)
    (problem,) = found.problems
    assert problem.startswith(f"{padded}: is sample B, as sample_B_20160501.hdf is; remove one")
    with pytest.raises(InputError, match="is sample B"):
        CREMIDataset(root, "training")


def test_sample_that_is_missing_is_noted(layouts):
    root = layouts.cremi(samples="B")
    assert find_cremi_cases(root).notes == [f"{root}: there is no sample A and no sample C"]
    assert find_cremi_cases(root / "sample_B_20160501.hdf").problems == []


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda file: None, "has no volumes/raw"),
        (lambda file: file["volumes"].create_dataset("raw", data=np.zeros((4, 24, 20))), "do not "),
    ],
)
def test_sample_without_a_whole_image_is_one_fault_that_counts_its_sections(
    layouts, tmp_path, spoil, message
):
    h5py = pytest.importorskip("h5py")
    root = layouts.cremi(n_sections=5)
    with h5py.File(root / "sample_B_20160501.hdf", "a") as file:
        del file["volumes/raw"]
        spoil(file)
    found = find_cremi_cases(root)
    assert len(found.cases) == 10
    (problem,) = found.problems
    assert message in problem
    assert problem.endswith("(5 cases are lost)")
    shown = []
    prepared = prepare_dataset(CREMI, root, tmp_path / "out", skip_bad=True, show=shown.append)
    assert prepared.faults == (problem,)
    assert "     5  have a fault" in shown[1]


def test_items_have_raw_membrane_and_voxels_of_4_nanometres(layouts):
    item = CREMIDataset(layouts.cremi(), "training", cache_rate=0)[0]
    column_is_membrane = item["label"][0].all(dim=0)
    assert column_is_membrane.nonzero().ravel().tolist() == [9, 10]  # neurons 1 | 2 from 10 on
    assert int(item["label"].sum()) == 2 * 24
    assert item["image"].max() > 200
    sizes_mm = np.linalg.norm(item["image"].affine[:3, :3], axis=0)
    sizes_mm *= item["image"].meta["mm_per_unit"]
    assert np.allclose(sizes_mm, [4e-6, 4e-6, 4e-5], rtol=1e-6, atol=0)


def test_test_volumes_without_labels_are_left_alone(layouts):
    root = layouts.cremi(n_sections=5)
    (root / "sample_A+_20160601.hdf").write_bytes(b"not opened")
    found = find_cremi_cases(root)
    assert len(found.cases) == 15
    assert found.notes == [
        f"{root / 'sample_A+_20160601.hdf'}: a test volume without labels; left alone"
    ]


def test_missing_h5py_is_one_clear_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(InputError, match=r"run pip install 'cldice-monai\[cremi\]'$"):
        CREMIDataset(tmp_path, "training")


def test_damaged_file_is_a_problem_with_its_name(layouts):
    root = layouts.cremi()
    path = root / "sample_B_20160501.hdf"
    path.write_bytes(path.read_bytes()[:700])
    (problem,) = find_cremi_cases(root).problems
    assert problem.startswith(f"{path}: the HDF5 file cannot be read")


def test_file_without_neuron_ids_is_a_problem(layouts):
    h5py = pytest.importorskip("h5py")
    root = layouts.cremi()
    with h5py.File(root / "sample_C_20160501.hdf", "a") as file:
        del file["volumes/labels"]
    (problem,) = find_cremi_cases(root).problems
    assert "has no volumes/labels/neuron_ids, it holds volumes" in problem


def test_folder_without_hdf5_shows_the_nearest_name(touch):
    with pytest.raises(InputError, match=r"nearest found: sample_A_20160501\.zip"):
        find_cremi_cases(touch("sample_A_20160501.zip"))


@pytest.mark.parametrize("number", ["005", "-1"])
def test_section_that_does_not_exist_is_refused(layouts, number):
    with pytest.raises(InputError, match="there are 5 labelled sections"):
        read_raw(layouts.cremi() / "sample_A_20160501.hdf" / number)


@pytest.mark.real_data
def test_real_crops_show_a_membrane_that_is_darker_than_the_rest(shared_data):
    folder = shared_data / "CREMI_crops"
    numbers = [path.stem.split("_")[1] for path in sorted((folder / "images").iterdir())]
    assert len(numbers) == 3
    for number in numbers:
        image = read_picture(folder / "images" / f"image_{number}.png").array
        is_membrane = read_grey_picture(folder / "labels" / f"label_{number}.png").array > 0
        assert image.shape == is_membrane.shape == (1, 312, 312, 1)
        assert 0.15 < is_membrane.mean() < 0.25
        assert image[is_membrane].mean() < image[~is_membrane].mean() - 20


@pytest.mark.real_data
def test_published_membrane_labels_agree_with_the_definition(shared_data):
    labels = sorted((shared_data / "CREMI_crops" / "labels").iterdir())
    assert len(labels) == 3
    for path in labels:
        published = read_grey_picture(path).array[0, :, :, 0] > 0
        cells, n_cells = ndimage.label(~published)
        assert n_cells > 100
        # fill the cells up to each other, as neuron ids are
        nearest = ndimage.distance_transform_edt(
            published, return_distances=False, return_indices=True
        )
        found = membrane(cells[tuple(nearest)])
        dice = 2 * np.count_nonzero(found & published) / (found.sum() + published.sum())
        assert dice >= 0.975


@pytest.mark.parametrize(
    ("plain", "padded"),
    [("cremi_sample_A", "cremi_sample_A_padded"), ("A", "A_padded"), ("sample_a", "SAMPLE-A_x")],
)
def test_a_sample_is_known_by_its_letter_however_the_file_is_called(tmp_path, plain, padded):
    found = LayoutCases()
    files = [tmp_path / f"{name}.hdf" for name in (plain, padded)]
    assert choose_samples(files, found) == files[:1]
    assert "is sample A, as" in found.problems[0]
