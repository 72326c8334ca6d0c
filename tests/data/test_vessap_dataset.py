import numpy as np
import pytest

from cldice_monai.data import VesSAPDataset
from cldice_monai.data.vessap_dataset import find_any_vessap_cases
from cldice_monai.data.vessap_lists import find_listed_vessap_cases
from cldice_monai.data.vessap_older import find_older_vessap_cases
from cldice_monai.errors import InputError

RELEASES = ["vessap", "older_vessap", "listed_vessap"]


@pytest.mark.parametrize("release", RELEASES)
def test_one_channel_or_both_are_read_in_order(layouts, release):
    root = getattr(layouts, release)()
    one = VesSAPDataset(root, "training", cache_rate=0)[0]
    two = VesSAPDataset(root, "training", in_channels=2, cache_rate=0)[0]
    assert len(one["image"]) == 1
    assert len(two["image"]) == 2
    assert np.array_equal(two["image"][0], one["image"][0])
    if release != "listed_vessap":  # its writer gives both channels the same voxels
        assert np.array_equal(two["image"][1], one["image"][0].flip(0))


@pytest.mark.parametrize("channels", [0, 3, True])
def test_other_numbers_of_channels_are_refused(layouts, channels):
    with pytest.raises(ValueError, match="in_channels"):
        VesSAPDataset(layouts.vessap(), "training", in_channels=channels)


def test_label_values_that_differ_from_file_to_file_all_mean_vessel(layouts):
    root = layouts.vessap()
    for section in ("training", "validation", "test"):
        for item in VesSAPDataset(root, section, cache_rate=0):
            assert int(item["label"].max()) == 1
            assert int(item["label"].sum()) == 10


def test_singleton_axis_is_dropped(layouts):
    root = layouts.vessap()
    for path in root.rglob("*.nii.gz"):
        image, label = layouts.volume(0)
        array = label if path.parent.name == "gt" else image
        layouts.nifti(path, np.repeat(array, 3, axis=2)[:, :, None, :])
    item = VesSAPDataset(root, "training", cache_rate=0)[0]
    assert item["image"].shape == item["label"].shape == (1, 8, 9, 30)


def test_patch_without_second_channel_is_refused_when_both_are_asked_for(layouts):
    root = layouts.vessap()
    (root / "raw" / "patchvolume_000_0001.nii.gz").unlink()
    assert len(find_any_vessap_cases(root, in_channels=1).cases) == 6
    parts = [VesSAPDataset(root, s, in_channels=2, cache_rate=0) for s in ("training", "test")]
    (part,) = [p for p in parts if "patchvolume_000" in [item["case_id"] for item in p.data]]
    with pytest.raises(InputError, match="case patchvolume_000 has 1 channels, 2 are expected"):
        list(part)


def test_older_release_pairs_channels_and_skips_results(layouts):
    root = layouts.older_vessap(n=1)
    (case,) = find_older_vessap_cases(root, in_channels=2).cases
    assert case.case_id == "BALBc_no0_iso3um_stitched_crop_cube"
    assert [path.name for path in case.image] == [
        "prep_BALBc_no0_iso3um_stitched_C00_crop_cube.nii.gz",
        "prep_BALBc_no0_iso3um_stitched_C01_crop_cube.nii.gz",
    ]
    assert case.label.name == "BALBc_no0_iso3um_stitched_cube_DoG026.nii.gz"


@pytest.mark.parametrize("label", ["m1_cube", "m1_a_b_cube", "m1_C00_a_b_cube"])
def test_older_label_may_have_the_channel_and_the_words_behind_it(touch, label):
    root = touch("prep/prep_m1_C00_a_b_cube.nii.gz", f"gt_all/{label}_DoG026.nii.gz")
    (case,) = find_older_vessap_cases(root).cases
    assert (case.case_id, case.label.name) == ("m1_a_b_cube", f"{label}_DoG026.nii.gz")


def test_older_files_with_result_in_the_name_are_passed_over_in_silence(touch):
    root = touch(
        "prep/prep_m1_C00_cube.nii.gz",
        "prep/prep_m1_C00_Result_cube.nii.gz",
        "gt_all/m1_cube_DoG026.nii.gz",
        "gt_all/m1_cube_Result.nii.gz",
        "gt_all/m1_cube_DoG026_classResult.nii.gz",
    )
    found = find_older_vessap_cases(root)
    assert [case.label.name for case in found.cases] == ["m1_cube_DoG026.nii.gz"]
    assert (found.problems, found.notes) == ([], [])


@pytest.mark.parametrize("in_channels", [1, 2])
def test_older_case_without_its_first_channel_is_a_problem_and_not_another_channel(
    touch, in_channels
):
    root = touch(
        *(f"prep/prep_m{n}_C0{c}_cube.nii.gz" for n in (1, 2) for c in (0, 1)),
        *(f"gt_all/m{n}_cube_DoG026.nii.gz" for n in (1, 2)),
    )
    (root / "prep" / "prep_m1_C00_cube.nii.gz").unlink()
    found = find_older_vessap_cases(root, in_channels=in_channels)
    assert [case.case_id for case in found.cases] == ["m2_cube"]
    (problem,) = found.problems
    assert "prep_m1_C01_cube.nii.gz: there is no channel _C00_ of case m1_cube" in problem


@pytest.mark.parametrize("label", ["m_cube", "m_C00_WGA_cube"])
def test_older_channels_with_other_words_behind_them_are_no_channel_of_each_other(touch, label):
    root = touch(
        "prep/prep_m_C00_WGA_cube.nii.gz",
        "prep/prep_m_C01_EB_cube.nii.gz",
        f"gt_all/{label}_DoG026.nii.gz",
    )
    found = find_older_vessap_cases(root)
    (case,) = found.cases
    assert [path.name for path in case.image] == ["prep_m_C00_WGA_cube.nii.gz"]
    assert case.label.name == f"{label}_DoG026.nii.gz"
    (problem,) = found.problems
    assert "prep_m_C01_EB_cube.nii.gz: there is no channel _C00_" in problem
    assert "the same words behind the channel" in problem


def test_older_case_with_two_labels_is_a_problem(touch):
    root = touch(
        *(f"prep/prep_m{n}_C00_cube.nii.gz" for n in (1, 2, 3)),
        "gt_all/m1_cube_DoG026.nii.gz",
        "gt_all/m1_C00_cube_DoG026.nii.gz",
        "gt_all/m2_cube_DoG026.nii.gz",
        "gt_all/m2_cube_DoG030.nii.gz",
        "gt_all/m3_cube_DoG026.nii.gz",
    )
    found = find_older_vessap_cases(root)
    assert [case.case_id for case in found.cases] == ["m3_cube"]
    first, second = found.problems
    assert "both it and m1_C00_cube_DoG026.nii.gz would be the label of case m1_cube" in first
    assert "m2_cube_DoG030.nii.gz: both it and m2_cube_DoG026.nii.gz would be" in second


def test_older_label_that_could_belong_to_two_cases_is_a_problem(touch):
    root = touch(
        "prep/prep_m_C00_a_cube.nii.gz",
        "prep/prep_m_C00_b_cube.nii.gz",
        "gt_all/m_cube_DoG026.nii.gz",
    )
    found = find_older_vessap_cases(root)
    assert found.cases == []
    assert len(found.problems) == 2
    assert all("could be the label of m_a_cube, m_b_cube" in line for line in found.problems)


def test_older_image_without_label_is_a_problem(touch):
    root = touch(
        "prep/prep_m1_C00_cube.nii.gz",
        "prep/prep_m2_C00_cube.nii.gz",
        "gt_all/m1_cube_DoG026.nii.gz",
        "gt_all/m2_cube_DoG026_classResult.nii.gz",
    )
    found = find_older_vessap_cases(root)
    assert [case.case_id for case in found.cases] == ["m1_cube"]
    (problem,) = found.problems
    assert "prep_m2_C00_cube.nii.gz: there is no label" in problem


def test_older_release_without_labels_shows_the_nearest_folder(touch):
    root = touch("prep/prep_m1_C00_cube.nii.gz", "gt/m1_cube_DoG026.nii.gz")
    with pytest.raises(InputError, match=r"there is no gt_all \(.*gt.*\); expected prep/prep_"):
        find_any_vessap_cases(root)


def test_lists_are_read_line_by_line(layouts):
    root = layouts.listed_vessap(n=2)
    first, second = find_listed_vessap_cases(root, in_channels=2).cases
    assert (first.case_id, second.case_id) == ("0_wga", "1_wga")
    assert second.image == (root / "data" / "1_wga.nii.gz", root / "data" / "1_eb.nii.gz")
    assert second.label == root / "data" / "label_1.nii.gz"


def test_lists_with_one_name_in_two_folders_are_told_apart(touch):
    root = touch("a/raw.nii", "b/raw.nii", "a/label.nii", "b/label.nii")
    (root / "inputs.txt").write_text("a/raw.nii\nb/raw.nii\n")
    (root / "labels.txt").write_text("a/label.nii\nb/label.nii\n")
    found = find_listed_vessap_cases(root)
    assert [case.case_id for case in found.cases] == ["001_raw", "002_raw"]


def test_image_that_stands_on_two_lines_is_a_problem(layouts):
    root = layouts.listed_vessap(n=3)
    lines = (root / "inputs.txt").read_text().splitlines()
    lines[2] = "data/../data/1_wga.nii.gz\tdata/2_eb.nii.gz"
    (root / "inputs.txt").write_text("\n".join(lines))
    found = find_listed_vessap_cases(root)
    assert [case.label.name for case in found.cases] == ["label_0.nii.gz", "label_1.nii.gz"]
    (problem,) = found.problems
    assert f"1_wga.nii.gz: is named in lines 2 and 3 of {root / 'inputs.txt'}" in problem


def test_file_that_stands_twice_on_a_line_is_a_problem(layouts):
    root = layouts.listed_vessap(n=2)
    text = (root / "inputs.txt").read_text()
    (root / "inputs.txt").write_text(text.replace("1_eb", "1_wga"))
    found = find_listed_vessap_cases(root)
    assert len(found.cases) == 1
    assert "1_wga.nii.gz: is named in line 2 twice" in found.problems[0]


def test_line_with_too_few_channels_is_a_problem(layouts):
    root = layouts.listed_vessap(n=3)
    lines = [line + f"\tdata/{n}_third.nii.gz" for n, line in enumerate(_lines(root))]
    lines[1] = lines[1].rpartition("\t")[0]
    for n in (0, 2):
        (root / "data" / f"{n}_third.nii.gz").touch()
    (root / "inputs.txt").write_text("\n".join(lines))
    found = find_listed_vessap_cases(root, in_channels=3)
    assert [len(case.image) for case in found.cases] == [3, 3]
    assert "case 1_wga has 2 channels, 3 are expected" in found.problems[0]


def test_blanks_around_a_line_are_no_part_of_a_name(layouts):
    root = layouts.listed_vessap(n=2)
    for name in ("inputs.txt", "labels.txt"):
        lines = (root / name).read_text().splitlines()
        (root / name).write_text("".join(f" {line} \t\n" for line in lines))
    found = find_listed_vessap_cases(root, in_channels=2)
    assert found.problems == []
    assert [len(case.image) for case in found.cases] == [2, 2]


def test_lists_of_different_length_are_refused(layouts):
    root = layouts.listed_vessap(n=3)
    (root / "labels.txt").write_text("data/label_0.nii.gz\n")
    with pytest.raises(InputError, match=r"labels\.txt: has 1 lines and inputs\.txt has 3"):
        find_listed_vessap_cases(root)


def test_empty_line_in_a_list_is_named(layouts):
    root = layouts.listed_vessap(n=3)
    (root / "labels.txt").write_text("data/label_0.nii.gz\n\ndata/label_2.nii.gz\n")
    with pytest.raises(InputError, match=r"labels\.txt: line 2 is empty"):
        find_listed_vessap_cases(root)


def test_file_that_a_list_names_in_vain_shows_the_nearest(layouts):
    root = layouts.listed_vessap(n=2)
    (root / "data" / "label_1.nii.gz").rename(root / "data" / "labels_1.nii.gz")
    (problem,) = find_listed_vessap_cases(root).problems
    assert "label_1.nii.gz: there is no such file (nearest found: labels_1.nii.gz)" in problem
    assert "line 2 of the lists" in problem


@pytest.mark.parametrize(
    ("there", "other", "near"),
    [
        ("inputs.txt", "labels.txt", "label.txt"),
        ("labels.txt", "inputs.txt", "input.txt"),
        ("inputs.txt", "labels.txt", ""),
    ],
)
def test_list_without_the_other_shows_the_nearest_name(touch, there, other, near):
    root = touch(there, "data/a.nii", *[near] * bool(near))
    shown = f" (nearest found: {near})" if near else ""
    with pytest.raises(InputError) as raised:
        find_any_vessap_cases(root)
    assert str(raised.value).startswith(f"{root}: has {there} but no {other}{shown}; rename or add")


@pytest.mark.parametrize("release", RELEASES)
def test_folder_above_a_release_names_the_release(layouts, release):
    root = getattr(layouts, release)()
    with pytest.raises(InputError) as raised:
        find_any_vessap_cases(root.parent)
    assert str(raised.value).endswith(f"did you mean {root}?")


def test_folder_of_no_release_says_all_three(tmp_path):
    (tmp_path / "raws").mkdir()
    with pytest.raises(InputError) as raised:
        find_any_vessap_cases(tmp_path)
    message = str(raised.value)
    assert "there is no raw (nearest found: raws)" in message
    assert "older release" in message
    assert "inputs.txt and labels.txt" in message


@pytest.mark.parametrize("in_channels", [1, 2])
def test_patch_without_its_first_channel_or_with_two_labels_is_a_problem_of_its_own(
    layouts, in_channels
):
    root = layouts.vessap(5)
    (root / "raw" / "patchvolume_001_0000.nii.gz").unlink()
    label = root / "gt" / "patchvolume_002.nii.gz"
    label.with_name("patchvolume_002.nii").write_bytes(label.read_bytes())
    image = root / "raw" / "patchvolume_003_0001.nii.gz"
    image.with_name("patchvolume_003_0001.nii").write_bytes(image.read_bytes())
    found = find_any_vessap_cases(root, in_channels=in_channels)
    assert [case.case_id[-3:] for case in found.cases] == ["000", "004"]
    first, second, third = found.problems
    assert "patchvolume_001_0001.nii.gz: case patchvolume_001 has this channel but not _" in first
    assert "patchvolume_002.nii would be the label of case patchvolume_002" in second
    assert "patchvolume_003_0001.nii would be case patchvolume_003" in third


def _lines(root):
    return (root / "inputs.txt").read_text().splitlines()
