import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from monai.data import MetaTensor
from monai.transforms import LoadImage, LoadImaged

from cldice_monai.data import NiftiVolumeReader, read_volume, write_like
from cldice_monai.errors import InputError


def ramp(shape, dtype=np.float32):
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32, np.float64])
def test_types_and_endings_read_as_nibabel_reads_them(save, ending, dtype):
    path = save(f"a{ending}", ramp((3, 4, 5), dtype))
    volume = read_volume(path)
    assert volume.array.dtype == np.float32
    np.testing.assert_array_equal(volume.array[0], nib.load(path).get_fdata())
    np.testing.assert_array_equal(volume.affine, nib.load(path).affine)
    assert volume.affine.dtype == np.float64
    assert volume.path == path


def test_scl_slope_and_inter_are_applied(tmp_path):
    image = nib.Nifti1Image(ramp((3, 4, 5), np.int16), np.eye(4))
    image.header.set_slope_inter(0.5, -3)
    nib.save(image, tmp_path / "a.nii.gz")
    # nibabel stores (value - inter) / slope; patch the stored numbers to know them exactly
    raw = bytearray(gzip.decompress((tmp_path / "a.nii.gz").read_bytes()))
    raw[352:] = ramp((60,), "<i2").tobytes()
    (tmp_path / "b.nii").write_bytes(raw)
    stored = ramp((60,)).reshape((3, 4, 5), order="F")
    np.testing.assert_array_equal(read_volume(tmp_path / "b.nii").array[0], stored * 0.5 - 3)


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
@pytest.mark.parametrize("endianness", ["<", ">"])
def test_both_nifti_versions_and_byte_orders_are_read(tmp_path, kind, endianness):
    header = kind.header_class(endianness=endianness)
    header.set_data_dtype(np.int16)
    image = kind(ramp((3, 4, 5), np.int16), np.diag([1, 2, 3, 1]), header)
    nib.save(image, tmp_path / "a.nii.gz")
    volume = read_volume(tmp_path / "a.nii.gz")
    np.testing.assert_array_equal(volume.array[0], ramp((3, 4, 5)))
    np.testing.assert_array_equal(volume.affine, np.diag([1, 2, 3, 1]))


def test_gzip_is_recognised_by_content_not_by_name(save, tmp_path):
    path = save("a.nii.gz", ramp((3, 4, 5)))
    path.rename(tmp_path / "a.nii")
    np.testing.assert_array_equal(read_volume(tmp_path / "a.nii").array[0], ramp((3, 4, 5)))


def test_sform_counts_before_qform_and_qform_before_pixdim(tmp_path):
    header = nib.Nifti1Header()
    header.set_data_shape((3, 4, 5))
    header.set_qform(np.diag([2.0, 2, 2, 1]), code=1)
    header.set_sform(np.diag([-3.0, 3, 3, 1]), code=2)
    nib.save(nib.Nifti1Image(ramp((3, 4, 5)), None, header), tmp_path / "both.nii")
    header["sform_code"] = 0
    nib.save(nib.Nifti1Image(ramp((3, 4, 5)), None, header), tmp_path / "qform.nii")
    both, qform = read_volume(tmp_path / "both.nii"), read_volume(tmp_path / "qform.nii")
    np.testing.assert_array_equal(both.affine, np.diag([-3, 3, 3, 1]))
    np.testing.assert_array_equal(qform.affine, np.diag([2, 2, 2, 1]))
    assert (both.qform_code, both.sform_code) == (1, 2)


@pytest.mark.parametrize(
    ("unit", "expected"), [("mm", 2.0), ("micron", 0.002), ("meter", 2000), ("unknown", 2)]
)
def test_spacing_is_in_mm_whatever_the_unit_of_the_file(tmp_path, unit, expected):
    image = nib.Nifti1Image(ramp((3, 4, 5)), np.diag([2, 2, 2, 1]))
    image.header.set_xyzt_units(unit, "sec")
    nib.save(image, tmp_path / "a.nii")
    volume = read_volume(tmp_path / "a.nii")
    assert volume.unit == unit
    assert volume.spacing_mm == pytest.approx((expected,) * 3)


def test_one_file_a_channel_stacks_in_the_order_given(save):
    first, second = save("a_0000.nii.gz", ramp((3, 4, 5))), save("a_0001.nii", -ramp((3, 4, 5)))
    volume = read_volume([first, second])
    assert volume.array.shape == (2, 3, 4, 5)
    np.testing.assert_array_equal(volume.array[1], -ramp((3, 4, 5)))
    assert volume.path == first


def test_channels_of_other_shape_are_refused(save):
    first, second = save("a_0000.nii", ramp((3, 4, 5))), save("a_0001.nii", ramp((3, 4, 6)))
    with pytest.raises(InputError, match=r"a_0001.nii: shape \(3, 4, 6\).*a_0000.nii.*resample"):
        read_volume([first, second])


def test_channels_on_other_grids_are_refused(save):
    first = save("a_0000.nii", ramp((3, 4, 5)), np.eye(4))
    second = save("a_0001.nii", ramp((3, 4, 5)), np.diag([1, 1, 2, 1]))
    # spacing 2 instead of 1: slice 4 lies 4 voxels off
    with pytest.raises(InputError, match=r"a_0001.nii.* 4 voxels off.*a_0000.nii.*resample"):
        read_volume([first, second])


def test_channel_files_with_channels_inside_are_refused(save):
    first, second = save("a_0000.nii", ramp((3, 4, 5))), save("a_0001.nii", ramp((3, 4, 5, 2)))
    with pytest.raises(InputError, match=r"a_0000.nii.*hold 3 channels.*one file"):
        read_volume([first, second])


def test_no_file_at_all_is_refused():
    with pytest.raises(ValueError, match="at least one file"):
        read_volume([])


def broken(tmp_path: Path, content: bytes, name: str = "a.nii") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def header_bytes(**fields) -> bytes:
    header = nib.Nifti1Header()
    header.set_data_dtype(np.uint8)
    header["dim"] = [3, 4, 4, 4, 1, 1, 1, 1]
    header["pixdim"] = 1
    header["vox_offset"] = 352
    header["magic"] = b"n+1"
    for name, value in fields.items():
        header[name] = value
    return header.binaryblock + bytes(4)


def test_the_plain_header_of_these_tests_is_readable(tmp_path):
    path = broken(tmp_path, header_bytes() + bytes(64))
    assert read_volume(path).array.shape == (1, 4, 4, 4)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty; copy it again"),
        (b"this is a text file, not an image" * 20, "not a NIfTI file; .* convert"),
        (header_bytes()[:100], "cut off|ends too early"),
        (header_bytes() + bytes(63), "cut off or damaged; copy or download it again"),
        (header_bytes(dim=[3, 4, -4, 4, 1, 1, 1, 1]), "impossible dimensions.*export it again"),
        (header_bytes(dim=[3, 0, 4, 4, 1, 1, 1, 1]), "impossible dimensions"),
        (header_bytes(dim=[3, 32767, 32767, 32767, 1, 1, 1, 1]), "promises.*cut off or damaged"),
        (header_bytes(dim=[5, 2, 2, 2, 2, 4, 1, 1]) + bytes(64), "more than one axis.*save one"),
        (header_bytes(datatype=128, bitpix=24) + bytes(192), "no intensities; convert"),
        (header_bytes(datatype=32, bitpix=64) + bytes(512), "no intensities; convert"),
        (header_bytes(datatype=9999) + bytes(512), "header is not valid.*export"),
        (header_bytes(magic=b"ni1") + bytes(64), "separate .img file; convert"),
        (header_bytes(scl_slope=np.inf) + bytes(64), "scl_slope inf.*export"),
        (header_bytes(sform_code=1) + bytes(64), "affine.*cannot be inverted.*qform or sform"),
        (
            header_bytes(sform_code=1, srow_x=[np.nan] * 4) + bytes(64),
            "affine.*cannot be inverted",
        ),
        (header_bytes(qform_code=1, quatern_b=2) + bytes(64), "orientation cannot be read"),
    ],
)
def test_broken_file_is_named_with_its_fault_and_remedy(tmp_path, content, message):
    path = broken(tmp_path, content)
    with pytest.raises(InputError, match=message) as caught:
        read_volume(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert ";" in str(caught.value)


@pytest.mark.parametrize("n_lost", [1, 8, 30, 200])
def test_truncated_gzip_is_noticed_even_when_only_the_checksum_is_lost(save, n_lost):
    rng = np.random.default_rng(0)
    path = save("a.nii.gz", rng.integers(0, 255, (8, 8, 8), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[:-n_lost])
    with pytest.raises(InputError, match=r"a.nii.gz: .*ends too early or is damaged; copy or down"):
        read_volume(path)


def test_flipped_bits_inside_a_gzip_are_noticed(tmp_path):
    content = header_bytes() + bytes(range(64))
    packed = bytearray(gzip.compress(content, 0))  # stored, so the stream stays decodable
    packed[packed.index(bytes(range(20, 40)))] ^= 1
    path = broken(tmp_path, bytes(packed), "a.nii.gz")
    with pytest.raises(InputError, match=r"a.nii.gz: .*damaged; copy or download it again"):
        read_volume(path)


def test_small_gzip_that_promises_a_huge_volume_is_refused_before_allocating(tmp_path):
    content = gzip.compress(header_bytes(dim=[3, 30000, 30000, 30000, 1, 1, 1, 1]))
    path = broken(tmp_path, content, "a.nii.gz")
    with pytest.raises(InputError, match=r"a.nii.gz: .*promises.*30000"):
        read_volume(path)


def test_text_named_as_gzip_is_refused(tmp_path):
    path = broken(tmp_path, b"hello", "a.nii.gz")
    with pytest.raises(InputError, match="not a NIfTI file"):
        read_volume(path)


def test_missing_file_and_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"gone.nii: there is no such file; check the path"):
        read_volume(tmp_path / "gone.nii")
    (tmp_path / "folder.nii").mkdir()
    with pytest.raises(InputError, match="no such file"):
        read_volume(tmp_path / "folder.nii")


def test_other_format_is_refused_by_name(tmp_path):
    with pytest.raises(InputError, match=r"a.tif: not a NIfTI file name; convert"):
        read_volume(broken(tmp_path, b"II*", "a.tif"))


def test_reading_says_nothing_on_the_streams(tmp_path, capfd):
    path = broken(tmp_path, header_bytes(pixdim=[0, 1, 1, 0, 0, 0, 0, 0]) + bytes(64))
    read_volume(path)
    assert capfd.readouterr() == ("", "")


def test_values_too_large_for_float32_become_infinite_and_do_not_warn(save):
    path = save("a.nii", np.full((2, 2, 2), 1e300))
    assert np.isinf(read_volume(path).array).all()


def test_reader_gives_channel_first_metatensors_with_the_affine(save):
    item = {
        "image": [
            str(save("a_0000.nii.gz", ramp((3, 4, 5)))),
            str(save("a_0001.nii.gz", ramp((3, 4, 5)))),
        ],
        "label": str(save("l.nii.gz", ramp((3, 4, 5, 1), np.uint8))),
    }
    load = LoadImaged(
        keys=["image", "label"], reader=NiftiVolumeReader(), ensure_channel_first=True
    )
    loaded = load(item)
    affine = torch.from_numpy(nib.load(item["label"]).affine)
    assert isinstance(loaded["image"], MetaTensor)
    assert loaded["image"].shape == (2, 3, 4, 5)
    assert loaded["label"].shape == (1, 3, 4, 5)
    assert torch.equal(loaded["image"].affine, affine)
    assert torch.equal(loaded["label"].affine, affine)
    assert loaded["image"].meta["filename_or_obj"] == item["image"][0]
    assert loaded["image"].meta["spatial_shape"].tolist() == [3, 4, 5]


def test_reader_gives_channels_of_one_file(save):
    load = LoadImaged(keys="image", reader=NiftiVolumeReader(), ensure_channel_first=True)
    image = load({"image": save("a.nii.gz", ramp((3, 4, 5, 2)))})["image"]
    np.testing.assert_array_equal(image.numpy()[1], ramp((3, 4, 5, 2))[..., 1])


def test_reader_shows_the_fault_instead_of_trying_other_readers(tmp_path):
    path = broken(tmp_path, header_bytes()[:60])
    load = LoadImaged(keys="image", reader=NiftiVolumeReader(), ensure_channel_first=True)
    with pytest.raises(InputError, match=r"a.nii: .*copy or download it again"):
        load({"image": path})


def test_reader_knows_its_endings():
    reader = NiftiVolumeReader()
    assert reader.verify_suffix("a.NII.gz")
    assert not reader.verify_suffix(["a.nii", "b.mha"])


@settings(
    deadline=None,
    derandomize=True,
    max_examples=80,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    changes=st.lists(st.tuples(st.integers(0, 351), st.integers(0, 255)), min_size=1, max_size=3),
    n_kept=st.integers(0, 416) | st.just(416),
    zipped=st.booleans(),
)
def test_damaged_bytes_give_a_volume_or_one_clear_line_and_nothing_else(
    tmp_path, changes, n_kept, zipped
):
    rows = {"srow_x": [2, 0, 0, 5], "srow_y": [0, 2, 0, 5], "srow_z": [0, 1, 3, 0]}
    content = bytearray(header_bytes(sform_code=1, **rows) + bytes(64))
    for place, value in changes:
        content[place] = value
    kept = bytes(content[:n_kept])
    path = broken(tmp_path, gzip.compress(kept) if zipped else kept)
    fault = f"{path}: read well; nothing to do"
    try:
        volume = read_volume(path)
        assert volume.array.ndim == 4
        assert np.isfinite(volume.affine).all()
    except InputError as error:
        fault = str(error)
    assert fault.startswith(f"{path}: ")
    assert "\n" not in fault


@pytest.mark.real_data
def test_published_vessel_label_reads_as_nibabel_reads_it(shared_data, tmp_path):
    path = shared_data / "VesSAP_synthetic" / "label.nii.gz"
    volume = read_volume(path)
    assert volume.array.shape == (1, 325, 304, 600)
    assert volume.array.mean() == pytest.approx(0.0199, abs=1e-4)
    written = write_like(volume.array[0], tmp_path / "copy.nii.gz", like=path)
    before, after = nib.load(path), nib.load(written)
    np.testing.assert_array_equal(np.asarray(after.dataobj), np.asarray(before.dataobj))
    np.testing.assert_array_equal(after.affine, before.affine)


def test_file_that_may_not_be_read_is_named_with_the_reason(save, monkeypatch):
    path = save("a.nii", ramp((3, 4, 5)))

    def forbidden(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(
        InputError, match=r"a.nii: the file cannot be read \(Permission denied\); check"
    ):
        read_volume(path)


def test_volume_of_zeros_that_compresses_as_far_as_gzip_can_is_read(tmp_path):
    content = header_bytes(dim=[3, 200, 200, 50, 1, 1, 1, 1]) + bytes(2_000_000)
    path = broken(tmp_path, gzip.compress(content, 9), "a.nii.gz")
    assert path.stat().st_size < 2_500
    assert not read_volume(path).array.any()


@pytest.mark.parametrize(("unit", "mm"), [("micron", 0.001), ("mm", 1.0), ("meter", 1000.0)])
def test_transforms_are_given_the_affine_of_the_file_and_the_length_of_its_unit(tmp_path, unit, mm):
    affine = np.array([[2.0, 0, 0, 10], [0, 2, 0, -4], [0, 0, 5, 1], [0, 0, 0, 1]])
    image = nib.Nifti1Image(np.zeros((4, 5, 6), np.float32), affine)
    image.header.set_xyzt_units(unit)
    nib.save(image, tmp_path / "a.nii")
    loaded = LoadImage(NiftiVolumeReader(), ensure_channel_first=True)(tmp_path / "a.nii")
    assert np.allclose(loaded.affine, affine)
    assert loaded.meta["mm_per_unit"] == mm
    assert np.allclose(read_volume(tmp_path / "a.nii").spacing_mm, [2 * mm, 2 * mm, 5 * mm])
