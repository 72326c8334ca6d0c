from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cldice_monai.data import (
    VesselCase,
    check_inference_cases,
    check_training_cases,
    nifti,
    raise_if_any,
    read_volume,
)
from cldice_monai.errors import InputError
from cldice_monai.transforms import FillNonFinite

SHAPE = (6, 7, 8)


def vessel():
    label = np.zeros(SHAPE, np.uint8)
    label[2:4, 3, :] = 1
    return label


def intensities(seed=0):
    return np.random.default_rng(seed).normal(100, 10, SHAPE).astype(np.float32)


def two_channels():
    return np.stack([intensities(0), intensities(1)], axis=-1)


@pytest.fixture
def make(save) -> Callable[..., VesselCase]:
    """A good case, or one with another image, label or affine of the label."""

    def case(name, image=None, label=None, label_affine=None, with_label=True):
        image_path = save(f"{name}.nii.gz", intensities() if image is None else image)
        if not with_label:
            return VesselCase(name, (image_path,))
        options = {} if label_affine is None else {"affine": label_affine}
        label_path = save(f"{name}_label.nii.gz", vessel() if label is None else label, **options)
        return VesselCase(name, (image_path,), label_path)

    return case


def lines(caught) -> list[str]:
    return str(caught.value).split("\n")


def test_good_cases_pass_without_a_word(make):
    cases = [make("a"), make("b")]
    for check in (check_training_cases, check_inference_cases):
        checked = check(cases, in_channels=1)
        assert checked.cases == cases
        assert checked.notes == checked.problems == []


def test_shape_of_the_label_that_differs_is_fatal(make):
    bad = make("bad", label=vessel()[:, :, :-1])
    with pytest.raises(
        InputError, match=r"bad_label.nii.gz: .*\(6, 7, 7\).*\(6, 7, 8\).*bad.nii.gz; resample"
    ):
        check_training_cases([make("a"), bad], in_channels=1)


def test_grid_of_the_label_that_differs_is_fatal_and_measured(make):
    affine = read_volume(make("a").image).affine
    affine[:3, 3] += 0.25 * affine[:3, 2]  # a quarter of a slice
    bad = make("bad", label_affine=affine)
    with pytest.raises(
        InputError, match=r"bad_label.nii.gz: .* 0.25 voxels off .*bad.nii.gz; resample"
    ):
        check_training_cases([bad], in_channels=1)


def test_grid_that_differs_by_rounding_only_is_the_same(make):
    affine = read_volume(make("a").image).affine
    affine[:3, 3] += 1e-4 * affine[:3, 2]
    assert check_training_cases([make("b", label_affine=affine)], in_channels=1).notes == []


@pytest.mark.parametrize(("n_channels", "in_channels"), [(1, 2), (2, 1), (3, 2)])
def test_wrong_number_of_channels_says_what_to_pass(make, n_channels, in_channels):
    image = np.stack([intensities(seed) for seed in range(n_channels)], axis=-1)
    with pytest.raises(
        InputError,
        match=rf"a.nii.gz: has {n_channels} channels?, expected {in_channels}; "
        rf"pass --in_channels {n_channels}",
    ):
        check_training_cases([make("a", image=image)], in_channels=in_channels)


def test_truncated_image_and_label_are_both_named(make):
    case = make("a")
    for path in (case.image[0], case.label):
        path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError) as caught:
        check_training_cases([case, make("b")], in_channels=1)
    first, second = lines(caught)
    assert first.startswith(f"{case.image[0]}: ")
    assert second.startswith(f"{case.label}: ")
    assert all(line.endswith("copy or download it again") for line in (first, second))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_image_of_nan_only_is_fatal(make, value):
    bad = make("bad", image=np.full(SHAPE, value, np.float32))
    with pytest.raises(InputError, match=r"bad.nii.gz: every voxel is NaN or infinite; export"):
        check_training_cases([bad, make("b")], in_channels=1)


def test_channel_of_nan_only_is_named(make):
    image = np.stack([intensities(), np.full(SHAPE, np.nan)], -1)
    with pytest.raises(InputError, match=r"bad.nii.gz: channel 1: every voxel is NaN"):
        check_training_cases([make("bad", image=image)], in_channels=2)


@pytest.mark.parametrize("check", [check_training_cases, check_inference_cases])
def test_nan_background_is_counted_and_the_fill_is_what_the_transform_fills(make, check):
    image = intensities()
    image[0] = np.nan  # 7 * 8 = 56 voxels
    image[1, 0, 0] = np.inf
    image[2, 2, 2] = -31.5
    case = make("a", image=image)
    checked = check([case], in_channels=1)
    assert checked.cases == [case]
    assert checked.notes == [
        f"{case.image[0]}: 57 of 336 voxels are NaN or infinite and are filled with -31.5, "
        "the smallest finite value"
    ]
    assert FillNonFinite()(read_volume(case.image).array)[0, 0, 0, 0] == -31.5


def test_constant_image_alone_is_fatal(make):
    flat = make("flat", image=np.full(SHAPE, 7, np.uint8))
    for check in (check_training_cases, check_inference_cases):
        with pytest.raises(
            InputError, match=r"flat.nii.gz: the image is constant, every voxel is 7; export"
        ):
            check([flat], in_channels=1)


def test_constant_image_beside_nan_background_is_constant(make):
    image = np.full(SHAPE, 7, np.float32)
    image[0] = np.nan
    with pytest.raises(InputError, match="constant"):
        check_training_cases([make("flat", image=image)], in_channels=1)


def test_constant_image_among_others_is_skipped_and_named(make):
    flat, good = make("flat", image=np.zeros(SHAPE, np.uint8)), make("good")
    trained = check_training_cases([flat, good], in_channels=1)
    assert trained.cases == [good]
    (note,) = trained.notes
    assert note.startswith(f"{flat.image[0]}: the image is constant")
    assert note.endswith("(skipped)")
    inferred = check_inference_cases([flat, good], in_channels=1)
    assert inferred.cases == [good]
    assert (inferred.notes, inferred.problems) == (trained.notes, [])


def test_fault_in_one_file_a_channel_names_that_file(make):
    second = intensities(1)
    second[0, 0] = np.nan  # 8 voxels
    cases = [make("a_0000", with_label=False), make("a_0001", image=second, with_label=False)]
    case = VesselCase("a", (cases[0].image[0], cases[1].image[0]))
    (note,) = check_inference_cases([case], in_channels=2).notes
    assert note.startswith(f"{cases[1].image[0]}: 8 of 336 voxels are NaN")


def test_image_constant_in_all_channels_is_told_once(make):
    flat = make("flat", image=np.stack([np.full(SHAPE, 4.0), np.full(SHAPE, 5.0)], -1))
    (note,) = check_training_cases([flat, make("b", image=two_channels())], in_channels=2).notes
    assert note.startswith(f"{flat.image[0]}: the image is constant")


def test_one_constant_channel_of_two_is_used_and_named(make):
    image = np.stack([intensities(), np.full(SHAPE, 3)], -1)
    checked = check_training_cases([make("a", image=image)], in_channels=2)
    assert len(checked.cases) == 1
    assert "channel 1: every voxel is 3" in checked.notes[0]


def test_every_label_empty_is_fatal(make):
    cases = [make(name, label=np.zeros(SHAPE, np.uint8)) for name in ("a", "b")]
    with pytest.raises(
        InputError, match=r"a_label.nii.gz, .*b_label.nii.gz: every label is empty; label the"
    ):
        check_training_cases(cases, in_channels=1)


def test_only_label_empty_is_fatal(make):
    with pytest.raises(InputError, match=r"a_label.nii.gz: the only label is empty; label the"):
        check_training_cases([make("a", label=np.zeros(SHAPE, np.uint8))], in_channels=1)


def test_one_empty_label_among_others_is_used_and_named(make):
    cases = [make("a"), make("b", label=np.zeros(SHAPE, np.uint8))]
    for check in (check_training_cases, check_inference_cases):
        checked = check(cases, in_channels=1)
        assert checked.cases == cases
        assert checked.notes == [
            f"{cases[1].label}: the label is empty (no value > 0); it is used as it is"
        ]


def test_empty_label_is_no_reason_not_to_segment(make):
    case = make("a", label=np.zeros(SHAPE, np.uint8))
    assert check_inference_cases([case], in_channels=1).cases == [case]


def test_label_of_two_values_zero_and_255_needs_no_note(make):
    assert check_training_cases([make("a", label=vessel() * 255)], in_channels=1).notes == []


def test_labels_of_several_values_are_noted_once_for_all(make):
    label = vessel()
    label[2] *= 95
    label[3] *= 255
    cases = [make("a", label=label), make("b", label=label), make("c")]
    assert check_training_cases(cases, in_channels=1).notes == [
        f"{cases[0].label}: holds the values 95, 255 (1 more label likewise); "
        "vessel is every value > 0"
    ]


def test_label_without_background_is_noted(make):
    checked = check_training_cases([make("a", label=vessel() + 1)], in_channels=1)
    assert any("every voxel is vessel (> 0); check" in note for note in checked.notes)


def test_label_of_several_channels_is_fatal(make):
    label = np.stack([vessel(), vessel()], -1)
    with pytest.raises(InputError, match=r"a_label.nii.gz: a label has one channel.*join"):
        check_training_cases([make("a", label=label)], in_channels=1)


def test_training_case_without_label_is_fatal(make):
    with pytest.raises(InputError, match=r"a.nii.gz: there is no label; training needs one"):
        check_training_cases([make("a", with_label=False)], in_channels=1)


def test_all_problems_of_a_training_set_are_told_at_once(make):
    cases = [make(f"bad{i}", label=vessel()[:-1]) for i in range(3)] + [make("good")]
    cases.append(make("nan", image=np.full(SHAPE, np.nan)))
    with pytest.raises(InputError) as caught:
        check_training_cases(cases, in_channels=1)
    told = lines(caught)
    assert len(told) == 4
    assert [Path(line.split(": ")[0]).name for line in told] == [
        "bad0_label.nii.gz",
        "bad1_label.nii.gz",
        "bad2_label.nii.gz",
        "nan.nii.gz",
    ]


def test_bad_case_of_an_inference_is_left_out_and_the_good_one_goes_on(make):
    bad, good = make("bad", with_label=False), make("good", with_label=False)
    bad.image[0].write_bytes(b"nothing")
    checked = check_inference_cases([bad, good], in_channels=1)
    assert checked.cases == [good]
    (problem,) = checked.problems
    assert problem.startswith(f"{bad.image[0]}: the file is not a NIfTI file; copy it again")


def test_case_with_two_faults_is_one_problem_of_an_inference(make):
    bad = make("bad", image=np.full((*SHAPE, 2), np.nan))
    checked = check_inference_cases([bad, make("good")], in_channels=1)
    (problem,) = checked.problems
    assert "has 2 channels" in problem
    assert "every voxel is NaN" in problem
    assert "\n" not in problem


def test_inference_without_a_good_case_is_fatal(make):
    bad = [make(name, image=np.full(SHAPE, np.nan), with_label=False) for name in ("a", "b")]
    with pytest.raises(InputError, match=r"a.nii.gz: every voxel") as caught:
        check_inference_cases(bad, in_channels=1)
    assert len(lines(caught)) == 2


def test_nothing_to_segment_is_fatal():
    with pytest.raises(InputError, match=r"no case to segment; pass --dataset_dir"):
        check_inference_cases([], in_channels=1)


def test_many_problems_are_shortened():
    with pytest.raises(InputError) as caught:
        raise_if_any([f"file {i}" for i in range(8)])
    assert lines(caught) == [
        *(f"file {i}" for i in range(5)),
        "and 3 more problems; mend these and run it again",
    ]


def test_one_problem_too_many_is_counted():
    with pytest.raises(InputError, match="and 1 more problem; mend these"):
        raise_if_any([f"file {i}" for i in range(6)])


def test_files_are_read_once_each_in_order(make, monkeypatch):
    read = []
    real = nifti.read_voxels

    def spy(path):
        read.append(path.name)
        return real(path)

    monkeypatch.setattr(nifti, "read_voxels", spy)
    check_training_cases([make("b"), make("a")], in_channels=1)
    assert read == ["b.nii.gz", "b_label.nii.gz", "a.nii.gz", "a_label.nii.gz"]


def test_check_does_not_warn_log_or_print(make, capfd, caplog):
    image = intensities()
    image[0] = np.nan
    check_training_cases([make("a", image=image)], in_channels=1)
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


@pytest.mark.parametrize("value", [-1.0, 0.5, np.nan])
def test_label_without_whole_numbers_stops_training_and_no_inference(make, value):
    label = vessel().astype(np.float32)
    label[0, 0, 0] = value
    case = make("a", label=label)
    with pytest.raises(InputError, match=r"a_label.*holds .*; a label holds whole numbers"):
        check_training_cases([case, make("b")], in_channels=1)
    assert check_inference_cases([case], in_channels=1).problems == []
