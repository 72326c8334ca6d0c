import stat
from pathlib import Path

import pytest

from cldice_monai.errors import InputError
from cldice_monai.files import (
    fill_folder_when_complete,
    replace_when_complete,
    require_writable_folder,
)


def test_a_failure_keeps_the_old_file_and_leaves_nothing_else(tmp_path: Path):
    target = tmp_path / "mask.nii.gz"
    target.write_text("old")

    def write_half() -> None:
        with replace_when_complete(target) as temporary:
            temporary.write_text("half")
            raise OSError("disk full")

    with pytest.raises(InputError, match=r"mask\.nii\.gz: cannot be written \(disk full\)"):
        write_half()
    assert [p.name for p in tmp_path.iterdir()] == ["mask.nii.gz"]
    assert target.read_text() == "old"


def test_success_replaces_the_old_file(tmp_path: Path):
    target = tmp_path / "mask.nii.gz"
    target.write_text("old")
    with replace_when_complete(target) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.name.endswith(".nii.gz")
        assert target.read_text() == "old"
        temporary.write_text("new")
    assert [p.name for p in tmp_path.iterdir()] == ["mask.nii.gz"]
    assert target.read_text() == "new"


def test_a_result_can_be_read_by_others(tmp_path: Path):
    with replace_when_complete(tmp_path / "a.json") as temporary:
        temporary.write_text("{}")
    (tmp_path / "plain.json").write_text("{}")
    modes = {stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()}
    assert len(modes) == 1, "same permissions as any file this user makes"


def test_dots_in_a_case_name_are_not_taken_for_an_ending(tmp_path: Path):
    with replace_when_complete(tmp_path / "case.v1.png") as temporary:
        assert temporary.name.endswith(".png")
        temporary.write_text("x")
    assert (tmp_path / "case.v1.png").exists()


def test_writable_folder_is_made_with_its_parents_and_left_empty(tmp_path: Path):
    folder = require_writable_folder(tmp_path / "a" / "b", argument="output_dir")
    assert folder.is_dir()
    assert list(folder.iterdir()) == []


def test_folder_that_cannot_be_made_is_named_with_the_remedy(tmp_path: Path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputError, match=r"output_dir .*file/x cannot be written .*--output_dir"):
        require_writable_folder(tmp_path / "file" / "x", argument="output_dir")


def test_folder_that_the_command_line_made_a_number_of_is_refused():
    with pytest.raises(InputError, match=r"ckpt_dir was read as 5, .*--ckpt_dir \./NAME"):
        require_writable_folder(5, argument="ckpt_dir")  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_folder_that_fails_half_way_leaves_nothing(tmp_path: Path, error: BaseException):
    def write_half() -> None:
        with fill_folder_when_complete(tmp_path / "data") as temporary:
            (temporary / "half").write_text("half")
            raise error

    expected = InputError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        write_half()
    assert list(tmp_path.iterdir()) == []


def test_a_complete_folder_takes_the_place_of_an_empty_one_and_others_can_read_it(tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "plain").mkdir()
    with fill_folder_when_complete(tmp_path / "data") as temporary:
        (temporary / "whole").write_text("whole")
        assert list((tmp_path / "data").iterdir()) == []
    assert (tmp_path / "data" / "whole").read_text() == "whole"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_a_folder_that_holds_something_is_not_filled(tmp_path: Path):
    (tmp_path / "mine").write_text("mine")
    with (
        pytest.raises(InputError, match="not empty and nothing is overwritten"),
        fill_folder_when_complete(tmp_path),
    ):
        pass
    with (
        pytest.raises(InputError, match="is a file, not a folder"),
        fill_folder_when_complete(tmp_path / "mine"),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
