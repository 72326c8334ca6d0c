"""``cldice-monai prepare`` as a user calls it."""

from __future__ import annotations

import pytest

from cldice_monai.cli import main
from cldice_monai.commands import prepare
from cldice_monai.data import find_training_cases
from cldice_monai.data.source_names import SOURCE_NAMES


def test_a_prepared_folder_can_be_trained_from(make_dataset, tmp_path, capsys):
    root = make_dataset(6, size=12)
    assert main(["prepare", "folder", str(root), str(tmp_path / "out")]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.endswith(f"written: {tmp_path / 'out' / 'dataset.json'}\n")
    assert len(find_training_cases(tmp_path / "out").training) == 4


def test_the_seed_draws_other_parts(make_dataset, tmp_path):
    root = make_dataset(8, size=12)
    ids = []
    for seed in (0, 1):
        target = tmp_path / f"out{seed}"
        assert main(["prepare", "folder", str(root), str(target), "--seed", str(seed)]) == 0
        ids.append({case.case_id for case in find_training_cases(target).training})
    assert ids[0] != ids[1]


def test_bad_files_are_lines_on_standard_error_and_skip_bad_leaves_them_out(
    make_dataset, tmp_path, capsys
):
    root = make_dataset(6, size=12)
    for name in ("case_1", "case_4"):
        (root / "imagesTr" / f"{name}.nii.gz").write_bytes(b"damaged")
    words = ["prepare", "folder", str(root), str(tmp_path / "out")]
    assert main(words) == 1
    first, second, advice = capsys.readouterr().err.splitlines()
    assert first.startswith(f"error: {root / 'imagesTr' / 'case_1.nii.gz'}")
    assert second.startswith(f"error: {root / 'imagesTr' / 'case_4.nii.gz'}")
    assert advice == f"error: {root}: 2 faults; mend them, or leave them out with --skip-bad"
    assert not (tmp_path / "out").exists()

    assert main([*words, "--skip-bad"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "left out         2" in printed.out
    assert "     2  whose image cannot be read" in printed.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seed", "-1"], "--seed -1: must be 0 or more"),
        (["--folds", "1"], "--folds 1: must be 2 or more"),
        (["--folds", "9"], "9 folds need as many cases beside the test part, there are 5"),
        (["--channels", "0"], "--channels 0: must be 1 or more"),
        (["--channels", "2"], "has 1 channel, expected 2"),
    ],
)
def test_options_that_make_no_sense_are_one_line(make_dataset, tmp_path, capsys, words, message):
    root = make_dataset(6, size=12)
    assert main(["prepare", "folder", str(root), str(tmp_path / "out"), *words]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert message in lines[0]
    assert all(line.startswith("error: ") for line in lines)
    assert not (tmp_path / "out").exists()


def test_names_of_datasets_are_those_that_are_known():
    assert prepare._NAMES == SOURCE_NAMES


def test_unknown_dataset_is_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["prepare", "stare", "a", "b"])
    assert ended.value.code == 2
    assert "invalid choice: 'stare'" in capsys.readouterr().err
