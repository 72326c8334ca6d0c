"""What is written box by box is byte for byte what `write_like` writes of the whole."""

from __future__ import annotations

import gzip
import logging
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from cldice_monai.data import read_volume, write_like
from cldice_monai.data.boxwise.large_volume import reading_boxes
from cldice_monai.data.boxwise.nifti import open_nifti, write_nifti
from cldice_monai.errors import InputError

OBLIQUE = np.array([[0.5, 0.1, 0, -3], [-0.1, 0.4, 0, 5], [0, 0, -2, 7], [0, 0, 0, 1.0]])


def save(path: Path, array: np.ndarray, *, slope: float | None = None) -> Path:
    image = nib.Nifti1Image(array, OBLIQUE)
    image.header.set_xyzt_units("micron")
    if slope is not None:
        image.header.set_slope_inter(slope, 3)
    nib.save(image, path)
    return path


def image(*shape: int, dtype: type = np.int16) -> np.ndarray:
    return np.random.default_rng(0).integers(-50, 900, shape).astype(dtype)


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
@pytest.mark.parametrize("shape", [(9, 8, 7), (9, 8, 7, 1), (9, 8, 7, 2), (1, 9, 8, 20), (9, 8)])
def test_boxes_are_those_of_the_volume_in_memory(shape: tuple, ending: str, tmp_path: Path):
    path = save(tmp_path / f"a{ending}", image(*shape), slope=0.5)
    whole = read_volume(path)
    with open_nifti([path], scratch=tmp_path) as volume:
        assert (volume.n_channels, *volume.shape) == whole.array.shape
        assert volume.spacing_mm == pytest.approx(whole.spacing_mm)
        boxes = list(reading_boxes(volume, max_voxels=20))
        found = np.full_like(whole.array, np.nan)
        for box in boxes:
            found[:, *box] = volume.read(box)
    assert np.array_equal(found, whole.array)
    assert len(boxes) > 1


def test_one_file_a_channel_is_one_volume(tmp_path: Path):
    paths = [save(tmp_path / f"a_{n}.nii.gz", image(6, 5, 4) + n) for n in range(2)]
    with open_nifti(paths, scratch=tmp_path) as volume:
        box = (slice(1, 3), slice(0, 5), slice(2, 4))
        assert np.array_equal(volume.read(box), read_volume(paths).array[:, 1:3, :, 2:4])


def test_channels_on_two_grids_are_refused(tmp_path: Path):
    paths = [save(tmp_path / "a.nii", image(6, 5, 4)), save(tmp_path / "b.nii", image(6, 5, 3))]
    with (
        pytest.raises(InputError, match=r"b.nii: does not have the grid of a.nii"),
        open_nifti(paths, scratch=tmp_path),
    ):
        pass


def test_a_packed_file_is_announced_with_its_size_and_leaves_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    path = save(tmp_path / "a.nii.gz", image(9, 8, 7))
    with (
        caplog.at_level(logging.WARNING),
        open_nifti([path], scratch=tmp_path / "scratch"),
    ):
        assert len(list((tmp_path / "scratch").iterdir())) == 1
    assert f"temporary file of {352 + 9 * 8 * 7 * 2} bytes" in caplog.text
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_packed_file_is_refused_where_the_disk_is_too_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = save(tmp_path / "a.nii.gz", image(9, 8, 7))
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with (
        pytest.raises(InputError, match=r"takes 1360 bytes, and .* has 1000"),
        open_nifti([path], scratch=tmp_path),
    ):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["a.nii.gz"]


@pytest.mark.parametrize("cut", [-30, 200])
def test_a_damaged_packed_file_is_one_line(cut: int, tmp_path: Path):
    path = save(tmp_path / "a.nii.gz", image(40, 40, 40))
    content = path.read_bytes()
    path.write_bytes(content[:cut] if cut < 0 else content[:-cut] + bytes(cut))
    with pytest.raises(InputError, match="damaged"), open_nifti([path], scratch=tmp_path):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["a.nii.gz"]


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
@pytest.mark.parametrize("shape", [(9, 8, 7), (9, 8, 7, 1), (9, 8, 7, 2), (9, 8, 1)])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_written_by_boxes_equals_written_at_once(
    shape: tuple, ending: str, dtype: str, tmp_path: Path
):
    path = save(tmp_path / "a.nii", image(*shape))
    values = np.random.default_rng(1).integers(0, 2, shape[:3]).astype(dtype)
    whole = write_like(values, tmp_path / f"whole{ending}", like=path, dtype=dtype)
    target = tmp_path / f"boxes{ending}"
    with (
        open_nifti([path], scratch=tmp_path) as volume,
        write_nifti(target, like=volume, dtype=dtype) as output,
    ):
        for box in reading_boxes(volume, max_voxels=20):
            output.write(box, values[box])
            assert np.array_equal(output.read(box), values[box])
    if ending == ".nii":
        assert target.read_bytes() == whole.read_bytes()
    else:
        assert gzip.decompress(target.read_bytes()) == gzip.decompress(whole.read_bytes())


def test_a_mask_that_is_not_finished_leaves_nothing(tmp_path: Path):
    path = save(tmp_path / "a.nii", image(6, 5, 4))

    def fail() -> None:
        with (
            open_nifti([path], scratch=tmp_path) as volume,
            write_nifti(tmp_path / "mask.nii.gz", like=volume),
        ):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert [file.name for file in tmp_path.iterdir()] == ["a.nii"]


def test_a_full_disk_is_one_line_and_leaves_the_old_mask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = save(tmp_path / "a.nii", image(6, 5, 4))
    (tmp_path / "mask.nii").write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    with (
        open_nifti([path], scratch=tmp_path) as volume,
        pytest.raises(InputError, match=r"mask.nii: cannot be written \(No space left"),
        write_nifti(tmp_path / "mask.nii", like=volume),
    ):
        pass
    assert (tmp_path / "mask.nii").read_text() == "old"
