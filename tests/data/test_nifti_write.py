import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cldice_monai.data import read_volume, write_like
from cldice_monai.errors import InputError

GEOMETRY = [
    *("dim_info", "pixdim", "xyzt_units", "qform_code", "sform_code", "toffset"),
    *("quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z"),
    *("srow_x", "srow_y", "srow_z", "slice_start", "slice_end", "slice_code"),
]


def stored_header(path: Path):
    """The header as it stands in the file, nothing repaired by nibabel."""
    raw = path.read_bytes()
    raw = gzip.decompress(raw) if path.name.endswith(".gz") else raw
    is_second = raw[:4] in ((540).to_bytes(4, "little"), (540).to_bytes(4, "big"))
    kind = nib.Nifti2Header if is_second else nib.Nifti1Header
    return kind(raw[: kind.sizeof_hdr], check=False)


finite = st.floats(-50, 50, allow_nan=False, width=32)


@st.composite
def headers(draw):
    """NIfTI headers with any orientation: qform and sform independent, codes, units, versions."""
    kind = draw(st.sampled_from([nib.Nifti1Header, nib.Nifti2Header]))
    header = kind(endianness=draw(st.sampled_from("<>")))
    header.set_data_dtype(np.dtype(draw(st.sampled_from(["u1", "i2", "f4"]))))
    spatial = draw(hnp.array_shapes(min_dims=3, max_dims=3, min_side=2, max_side=5))
    header.set_data_shape(spatial + draw(st.sampled_from([(), (1,), (2,), (1, 3), (1, 1)])))
    quaternion = draw(hnp.arrays(np.float64, 3, elements=st.floats(-0.57, 0.57)))
    header["quatern_b"], header["quatern_c"], header["quatern_d"] = quaternion
    header["pixdim"][0] = draw(st.sampled_from([-1, 1]))  # a left-handed qform
    header["pixdim"][1:4] = draw(hnp.arrays(np.float32, 3, elements=st.floats(0.125, 10, width=32)))
    header["pixdim"][4:] = draw(hnp.arrays(np.float32, 4, elements=st.floats(0, 10, width=32)))
    for name in ("qoffset_x", "qoffset_y", "qoffset_z"):
        header[name] = draw(finite)
    shear = draw(hnp.arrays(np.float32, (3, 3), elements=st.floats(-0.25, 0.25, width=32)))
    flips = draw(st.sampled_from([-1, 1]))
    sform = (np.eye(3) + shear) * draw(st.sampled_from([0.25, 1, 10]))
    sform[:, 0] *= flips
    sform = sform[draw(st.permutations([0, 1, 2]))]
    for name, row in zip(("srow_x", "srow_y", "srow_z"), sform, strict=True):
        header[name] = [*row, draw(finite)]
    header["qform_code"], header["sform_code"] = draw(st.integers(0, 4)), draw(st.integers(0, 4))
    header["xyzt_units"] = draw(st.sampled_from([0, 1, 2, 3, 8 + 2, 16 + 3]))
    header["scl_slope"], header["scl_inter"] = draw(st.sampled_from([(0.5, 3), (1, 0), (0, 0)]))
    header["toffset"], header["dim_info"] = draw(finite), draw(st.integers(0, 63))
    header["descrip"] = b"made by a microscope"
    return header


@settings(
    deadline=None,
    derandomize=True,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(header=headers(), ending=st.sampled_from([".nii", ".nii.gz"]))
def test_mask_lies_on_exactly_the_grid_of_its_input(tmp_path, header, ending):
    source = tmp_path / "in.nii"
    shape = header.get_data_shape()
    voxels = np.zeros(shape, header.get_data_dtype())
    header["vox_offset"] = header.sizeof_hdr + 4
    source.write_bytes(header.binaryblock + bytes(4) + voxels.tobytes())

    volume = read_volume(source)
    mask = np.random.default_rng(0).integers(0, 2, volume.array.shape[1:])
    target = write_like(mask, tmp_path / f"out{ending}", like=source)

    written, original = stored_header(target), stored_header(source)
    for name in GEOMETRY:
        assert written[name].tobytes() == original[name].tobytes(), name
    assert (written["scl_slope"], written["scl_inter"]) == (1, 0)
    assert written.get_data_dtype() == np.uint8
    # what another program sees
    before, after = nib.load(source), nib.load(target)
    assert after.shape == (shape if max(shape[3:], default=1) == 1 else shape[:3])
    np.testing.assert_array_equal(after.affine, before.affine)
    assert after.header.get_xyzt_units() == before.header.get_xyzt_units()
    np.testing.assert_array_equal(np.asarray(after.dataobj).reshape(mask.shape), mask)
    np.testing.assert_array_equal(read_volume(target).array[0], mask)


@pytest.mark.parametrize(
    "shape",
    [(40, 41, 20), (40, 41, 20, 1), (1, 40, 41, 20), (40, 41, 1, 20), (40, 41, 1), (40, 41)],
)
def test_single_channel_shape_is_kept_with_every_singleton(save, tmp_path, shape):
    source = save("in.nii.gz", np.zeros(shape, np.int16))
    mask = (np.random.default_rng(0).random(shape) > 0.5).astype(np.uint8)
    write_like(mask.reshape(read_volume(source).array.shape[1:]), tmp_path / "o.nii", like=source)
    written = nib.load(tmp_path / "o.nii")
    assert written.shape == shape
    np.testing.assert_array_equal(np.asarray(written.dataobj), mask)


def test_mask_of_one_file_a_channel_follows_the_first_file(save, tmp_path):
    files = [save("a_0000.nii", np.zeros((3, 4, 5, 1))), save("a_0001.nii", np.zeros((3, 4, 5)))]
    written = write_like(np.ones((3, 4, 5), bool), tmp_path / "a_mask.nii.gz", like=files)
    assert nib.load(written).shape == (3, 4, 5, 1)


def test_display_range_intent_and_extensions_of_the_input_are_not_copied(tmp_path):
    image = nib.Nifti1Image(np.zeros((3, 4, 5), np.float32), np.eye(4))
    image.header["cal_max"] = 4000
    image.header.set_intent("vector", (), "displacement")
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"private"))
    nib.save(image, tmp_path / "in.nii")
    write_like(np.zeros((3, 4, 5)), tmp_path / "out.nii", like=tmp_path / "in.nii")
    header = nib.load(tmp_path / "out.nii").header
    assert float(header["cal_max"]) == 0
    assert header.get_intent() == ("none", (), "")
    assert len(header.extensions) == 0
    assert b"private" not in (tmp_path / "out.nii").read_bytes()


@pytest.mark.parametrize("array", [np.ones((3, 4, 5)), torch.ones(3, 4, 5, dtype=torch.int64)])
def test_whole_numbers_of_any_container_are_written_as_uint8(save, tmp_path, array):
    source = save("in.nii", np.zeros((3, 4, 5)))
    written = nib.load(write_like(array, tmp_path / "o.nii", like=source))
    assert written.get_data_dtype() == np.uint8
    assert int(np.asarray(written.dataobj).sum()) == 60


@pytest.mark.parametrize("endianness", ["<", ">"])
@pytest.mark.parametrize("stored", ["u1", "i2", "f4"])
def test_probabilities_are_written_as_float32_in_the_byte_order_of_the_input(
    tmp_path, endianness, stored
):
    header = nib.Nifti1Header(endianness=endianness)
    header.set_data_dtype(np.dtype(stored))
    image = nib.Nifti1Image(np.zeros((3, 4, 5), stored), np.diag([2, 1, 1, 1]), header)
    image.header["scl_slope"] = 0.5
    nib.save(image, tmp_path / "in.nii")
    values = np.random.default_rng(0).random((3, 4, 5))
    for ending in (".nii", ".nii.gz"):
        target = write_like(
            values, tmp_path / f"out{ending}", like=tmp_path / "in.nii", dtype="float32"
        )
        written = nib.load(target)
        assert written.header.endianness == endianness
        assert written.get_data_dtype().newbyteorder("=") == np.float32
        np.testing.assert_array_equal(written.affine, image.affine)
        np.testing.assert_array_equal(np.asarray(written.dataobj), values.astype(np.float32))


def test_equal_masks_are_equal_files(save, tmp_path):
    source = save("in.nii", np.zeros((3, 4, 5)))
    first = write_like(np.ones((3, 4, 5)), tmp_path / "a.nii.gz", like=source)
    second = write_like(np.ones((3, 4, 5)), tmp_path / "b.nii.gz", like=source)
    assert first.read_bytes() == second.read_bytes()


def test_other_shape_is_refused(save, tmp_path):
    source = save("in.nii", np.zeros((3, 4, 5)))
    with pytest.raises(
        ValueError, match=r"\(3, 4, 5\).*got \(1, 3, 4, 5\); drop batch and channel"
    ):
        write_like(np.zeros((1, 3, 4, 5)), tmp_path / "o.nii", like=source)
    assert [path.name for path in tmp_path.iterdir()] == ["in.nii"]


@pytest.mark.parametrize("value", [0.5, -1, 256, np.nan])
def test_values_that_are_no_mask_are_refused(save, tmp_path, value):
    source = save("in.nii", np.zeros((3, 4, 5)))
    with pytest.raises(ValueError, match=r"whole numbers from 0 to 255.*threshold it first"):
        write_like(np.full((3, 4, 5), value), tmp_path / "o.nii", like=source)


def test_other_ending_is_refused(save, tmp_path):
    source = save("in.nii", np.zeros((3, 4, 5)))
    with pytest.raises(ValueError, match=r"\.nii or \.nii\.gz, got .*o\.png"):
        write_like(np.zeros((3, 4, 5)), tmp_path / "o.png", like=source)


def test_folder_that_cannot_be_made_is_an_input_error_with_the_remedy(save, tmp_path):
    source = save("in.nii", np.zeros((3, 4, 5)))
    with pytest.raises(InputError, match=r"o.nii.gz: cannot be written .*choose an output folder"):
        write_like(np.zeros((3, 4, 5)), source / "sub" / "o.nii.gz", like=source)


def test_failure_while_writing_leaves_neither_half_file_nor_harm(save, tmp_path, monkeypatch):
    source = save("in.nii", np.zeros((3, 4, 5)))
    target = write_like(np.ones((3, 4, 5)), tmp_path / "out" / "o.nii.gz", like=source)
    before = target.read_bytes()

    def disk_full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cldice_monai.data.nifti_write.os.fsync", disk_full)
    with pytest.raises(InputError, match=r"o.nii.gz: cannot be written \(No space left"):
        write_like(np.zeros((3, 4, 5)), target, like=source)
    assert target.read_bytes() == before
    assert [path.name for path in target.parent.iterdir()] == ["o.nii.gz"]


def test_interruption_while_writing_leaves_no_half_file(save, tmp_path, monkeypatch):
    source = save("in.nii", np.zeros((3, 4, 5)))

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("cldice_monai.data.nifti_write.os.fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_like(np.zeros((3, 4, 5)), tmp_path / "out" / "o.nii.gz", like=source)
    assert list((tmp_path / "out").iterdir()) == []


def test_header_that_nibabel_would_repair_is_copied_as_it_is(tmp_path):
    header = nib.Nifti1Header()
    header.set_data_dtype(np.uint8)
    header.set_data_shape((3, 4, 5))
    header["pixdim"][:4] = [0, -1, 2, 3]  # no handedness, a negative size
    header["sform_code"], header["vox_offset"] = 1, 352
    header["srow_x"], header["srow_y"], header["srow_z"] = np.diag([1, 2, 3, 1])[:3]
    source = tmp_path / "in.nii"
    source.write_bytes(header.binaryblock + bytes(4 + 60))
    written = stored_header(write_like(np.ones((3, 4, 5)), tmp_path / "out.nii", like=source))
    assert written["pixdim"][:4].tolist() == [0, -1, 2, 3]
