"""Images of every format: what is read, that the mask lies on their grid, what is refused."""

from __future__ import annotations

import locale
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import tifffile

from cldice_monai.data.formats import format_of, read_image, write_result
from cldice_monai.data.itk_module import kept_locale, load_itk
from cldice_monai.data.spacing import Spacing
from cldice_monai.errors import InputError

itk = load_itk()
VOXELS = np.random.default_rng(0).integers(0, 900, (4, 5, 6)).astype(np.int16)  # x, y, z
ANGLE = np.deg2rad(20)
DIRECTION = np.array(
    [[np.cos(ANGLE), -np.sin(ANGLE), 0], [np.sin(ANGLE), np.cos(ANGLE), 0], [0, 0, 1]]
)
UM = Spacing((5.0, 0.994, 0.994), "um")


def itk_image(voxels: np.ndarray = VOXELS) -> Any:
    """An oblique image with voxels of 0.5 x 0.6 x 2 mm."""
    image = itk.image_from_array(np.ascontiguousarray(voxels.transpose(2, 1, 0)))
    image.SetSpacing([0.5, 0.6, 2.0])
    image.SetOrigin([1.0, -20.0, 3.5])
    image.SetDirection(DIRECTION)
    return image


@kept_locale()
def save_dicom(folder: Path, *, without: tuple[int, ...] = (), series: str = "1.2.3") -> Path:
    folder.mkdir(exist_ok=True)
    for z in range(VOXELS.shape[2]):
        if z in without:
            continue
        piece = itk.image_from_array(np.ascontiguousarray(VOXELS[:, :, z].T[None]))
        piece.SetSpacing([0.5, 0.6, 2.0])
        tags = {"0020|000e": series, "0020|000d": "1.2", "0008|0060": "CT", "0020|0013": str(z)}
        tags |= {"0020|0032": f"1\\-20\\{3.5 + 2 * z}", "0020|0037": "1\\0\\0\\0\\1\\0"}
        for tag, value in tags.items():
            piece[tag] = value
        io = itk.GDCMImageIO.New()
        io.SetKeepOriginalUID(True)
        itk.imwrite(piece, str(folder / f"{series}_{z}.dcm"), imageio=io)
    return folder


@pytest.mark.parametrize("ending", ["nrrd", "nhdr", "mha", "mhd"])
@pytest.mark.parametrize("compressed", [True, False])
def test_itk_file_is_read_in_ras_and_its_mask_has_the_same_geometry(
    ending: str, compressed: bool, tmp_path: Path
):
    path = tmp_path / f"a.{ending}"
    itk.imwrite(itk_image(), str(path), compression=compressed)
    volume = read_image(path)
    assert np.array_equal(volume.array[0], VOXELS)
    assert volume.spacing_mm == pytest.approx((0.5, 0.6, 2.0))
    # the centre of a voxel, by ITK in LPS and by the affine in RAS
    left, posterior, superior = itk_image().TransformIndexToPhysicalPoint([3, 2, 5])
    world = volume.affine @ [3, 2, 5, 1]
    assert world[:3] == pytest.approx([-left, -posterior, superior])

    mask = write_result(VOXELS > 400, tmp_path / "a_mask", like=volume)
    assert mask.name == ("a_mask.nrrd" if ending in ("nrrd", "nhdr") else "a_mask.mha")
    written, source = itk.imread(str(mask)), itk.imread(str(path))
    for name in ("GetOrigin", "GetSpacing"):
        assert tuple(getattr(written, name)()) == tuple(getattr(source, name)())
    assert np.array_equal(
        itk.array_from_matrix(written.GetDirection()), itk.array_from_matrix(source.GetDirection())
    )
    assert np.array_equal(itk.array_from_image(written).transpose(2, 1, 0), VOXELS > 400)
    assert np.array_equal(read_image(mask).affine, volume.affine)


def test_channels_of_an_nrrd_file_come_first(tmp_path: Path):
    both = np.stack([VOXELS, 2 * VOXELS], -1).transpose(2, 1, 0, 3)
    image = itk.image_from_array(np.ascontiguousarray(both, np.float32), is_vector=True)
    itk.imwrite(image, str(tmp_path / "a.nrrd"))
    assert np.array_equal(read_image(tmp_path / "a.nrrd").array, np.stack([VOXELS, 2 * VOXELS]))


def test_channels_may_be_files_of_their_own(tmp_path: Path):
    for n in (0, 1):
        itk.imwrite(itk_image(VOXELS * (n + 1)), str(tmp_path / f"a_{n}.mha"))
    volume = read_image([tmp_path / "a_0.mha", tmp_path / "a_1.mha"])
    assert np.array_equal(volume.array, np.stack([VOXELS, 2 * VOXELS]))


def test_dicom_series_becomes_a_nifti_mask(tmp_path: Path):
    volume = read_image(save_dicom(tmp_path / "series"))
    assert np.array_equal(volume.array[0], VOXELS)
    expected = np.diag([-0.5, -0.6, 2.0, 1.0])
    expected[:3, 3] = [-1, 20, 3.5]
    assert np.allclose(volume.affine, expected)
    mask = nib.load(write_result(VOXELS > 400, tmp_path / "a_mask", like=volume))
    assert np.allclose(mask.affine, expected)
    assert mask.header.get_xyzt_units()[0] == "mm"
    assert np.array_equal(np.asarray(mask.dataobj), VOXELS > 400)


def test_reading_dicom_leaves_the_locale_alone(tmp_path: Path):
    folder = save_dicom(tmp_path / "series")
    before = locale.setlocale(locale.LC_ALL)
    read_image(folder)
    assert locale.setlocale(locale.LC_ALL) == before


def test_series_with_a_gap_or_beside_another_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="slices are missing or not evenly spaced"):
        read_image(save_dicom(tmp_path / "gap", without=(3,)))
    save_dicom(tmp_path / "two")
    with pytest.raises(InputError, match="holds 2 DICOM series"):
        read_image(save_dicom(tmp_path / "two", series="1.2.4"))


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("imagej", [True, False])
def test_tiff_stack_is_read_with_the_spacing_of_its_axes(
    compression: str | None, imagej: bool, tmp_path: Path
):
    stack = VOXELS.transpose(2, 1, 0).astype(np.uint16)
    path = tmp_path / "a.tif"
    if imagej:
        tifffile.imwrite(path, stack, imagej=True, metadata={"axes": "ZYX"})
    else:
        tifffile.imwrite(path, stack, compression=compression, photometric="minisblack")
    volume = read_image(path, spacing=UM)
    assert np.array_equal(volume.array[0], VOXELS)
    assert volume.spacing_mm == pytest.approx((0.000994, 0.000994, 0.005))
    assert volume.unit == "micron"
    mask = tifffile.imread(write_result(VOXELS > 400, tmp_path / "a_mask", like=volume))
    assert np.array_equal(mask, 255 * (stack > 400))


def test_lzw_stack_is_read(tmp_path: Path):
    from PIL import Image

    pages = [Image.fromarray(page.astype(np.uint16)) for page in VOXELS.transpose(2, 1, 0)]
    path = tmp_path / "a.tif"
    pages[0].save(path, save_all=True, append_images=pages[1:], compression="tiff_lzw")
    assert np.array_equal(read_image(path, spacing=UM).array[0], VOXELS)


def test_compression_that_is_not_read_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """tifffile packs and unpacks some compressions by a package that is not asked for here."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, VOXELS.transpose(2, 1, 0).astype(np.uint16), photometric="minisblack")

    def imread(_: Path):
        raise ValueError("<COMPRESSION.ZSTD: 50000> requires the 'imagecodecs' package")

    monkeypatch.setattr(tifffile, "imread", imread)
    with pytest.raises(InputError, match="save it without one, or with LZW or zlib"):
        read_image(path, spacing=UM)


def test_channel_axis_of_an_imagej_stack_comes_first(tmp_path: Path):
    stack = np.stack([VOXELS, 2 * VOXELS]).transpose(3, 0, 2, 1).astype(np.uint16)  # z c y x
    tifffile.imwrite(tmp_path / "a.tif", stack, imagej=True, metadata={"axes": "ZCYX"})
    volume = read_image(tmp_path / "a.tif", spacing=UM)
    assert np.array_equal(volume.array, np.stack([VOXELS, 2 * VOXELS]))


@pytest.mark.parametrize(
    ("spacing", "says"),
    [
        (None, "pass --spacing with the unit"),
        (Spacing((1.0, 1.0), "um"), r"a stack \(z, y, x\) needs 3 numbers"),
    ],
)
def test_tiff_without_its_spacing_is_refused(spacing: Spacing | None, says: str, tmp_path: Path):
    tifffile.imwrite(tmp_path / "a.tif", VOXELS.astype(np.uint16), photometric="minisblack")
    with pytest.raises(InputError, match=says):
        read_image(tmp_path / "a.tif", spacing=spacing)


def _meta(path: Path, old: str, new: str) -> None:
    path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))


@pytest.mark.parametrize(
    ("name", "damage", "says"),
    [
        ("a.nrrd", lambda p: _meta(p, "sizes: 4", "sizes: 40000000"), "bytes of voxels"),
        ("a.nrrd", lambda p: _meta(p, "sizes: 4", "sizes: -4"), "impossible dimensions"),
        ("a.nrrd", lambda p: _meta(p, "NRRD", "NOPE"), "not an NRRD file"),
        ("a.nrrd", lambda p: _meta(p, "encoding: raw", "encoding: bzip2"), "bzip2 is not read"),
        ("a.mha", lambda p: _meta(p, "LOCAL", "../../secret.raw"), "no single file beside it"),
        ("a.mha", lambda p: _meta(p, "LOCAL", "LIST"), "in several files"),
        ("a.mha", lambda p: p.write_bytes(p.read_bytes()[:-5]), "bytes of voxels, the file holds"),
        ("a.mha", lambda p: p.write_bytes(b""), "not a MetaImage file"),
    ],
)
def test_damaged_itk_file_is_one_line(
    name: str, damage: Callable[[Path], object], says: str, tmp_path: Path
):
    path = tmp_path / name
    itk.imwrite(itk_image(), str(path), compression=False)
    damage(path)
    with pytest.raises(InputError, match=says) as found:
        read_image(path)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("name", ["a.nrrd", "a.mha"])
def test_changed_byte_in_compressed_voxels_is_noticed(name: str, tmp_path: Path):
    path = tmp_path / name
    itk.imwrite(itk_image(), str(path), compression=True)
    content = bytearray(path.read_bytes())
    content[-40] ^= 0x10
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match="cut off or changed"):
        read_image(path)


def test_other_files_have_no_format(tmp_path: Path):
    assert format_of(tmp_path / "notes.txt") is None
    with pytest.raises(InputError, match="not a format that is read here"):
        read_image(tmp_path / "notes.txt")
