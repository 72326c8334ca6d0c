from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import numpy as np
import pytest

from cldice_monai.data.boxwise.large_volume import reading_boxes
from cldice_monai.data.boxwise.ome_metadata import OmeImage
from cldice_monai.data.boxwise.ome_zarr import open_level, open_ome_zarr, write_ome_zarr
from cldice_monai.errors import InputError

zarr = pytest.importorskip("zarr")
ZYX = [{"name": n, "type": "space", "unit": "micrometer"} for n in "zyx"]
CHANNEL = {"name": "c", "type": "channel"}
TIME = {"name": "t", "type": "time", "unit": "second"}


def save(
    path: Path, array: np.ndarray, axes: list[dict], *, version: str, scale: object = None
) -> Path:
    """Write an image as other programs do, without any code of ours."""
    group = zarr.open_group(path, mode="w", zarr_format=2 if version == "0.4" else 3)
    chunks = tuple(min(size, 5) for size in array.shape)
    group.create_array("s0", shape=array.shape, chunks=chunks, dtype=array.dtype)[:] = array
    numbers = scale or [2.0 if axis["type"] == "space" else 1.0 for axis in axes]
    level = {"path": "s0", "coordinateTransformations": [{"type": "scale", "scale": numbers}]}
    image = {"axes": axes, "datasets": [level]}
    if version == "0.4":
        group.attrs["multiscales"] = [{"version": "0.4", **image}]
    else:
        group.attrs["ome"] = {"version": "0.5", "multiscales": [image]}
    return path


def values(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 60000, shape).astype(np.uint16)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        (ZYX, (12, 9, 7)),
        ([CHANNEL, *ZYX], (2, 12, 9, 7)),
        ([TIME, CHANNEL, *ZYX], (1, 2, 12, 9, 7)),
        ([*ZYX, CHANNEL], (12, 9, 7, 2)),
        (ZYX[1:], (9, 7)),
    ],
)
def test_boxes_are_those_of_the_array(axes: list, shape: tuple, version: str, tmp_path: Path):
    array = values(*shape)
    volume = open_ome_zarr(save(tmp_path / "a.zarr", array, axes, version=version))
    expected = array[0] if axes[0] is TIME else array
    expected = np.moveaxis(expected, -1, 0) if axes[-1] is CHANNEL else expected
    expected = expected if CHANNEL in axes else expected[None]
    assert (volume.n_channels, *volume.shape) == expected.shape
    assert volume.spacing_mm == (0.002,) * len(volume.shape)
    found = np.zeros(expected.shape, np.float32)
    for box in reading_boxes(volume):
        found[:, *box] = volume.read(box)
    assert np.array_equal(found, expected)


def test_scales_of_the_level_and_of_the_image_multiply(tmp_path: Path):
    path = save(tmp_path / "a.zarr", values(4, 4, 4), ZYX, version="0.5", scale=[5, 1, 0.5])
    group = zarr.open_group(path, mode="r+")
    ome = group.attrs["ome"]
    ome["multiscales"][0]["coordinateTransformations"] = [{"type": "scale", "scale": [2, 2, 2]}]
    group.attrs["ome"] = ome
    assert open_ome_zarr(path).spacing_mm == pytest.approx((0.01, 0.002, 0.001))


def test_an_image_without_units_is_in_mm_and_noted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    axes = [{"name": n, "type": "space"} for n in "zyx"]
    with caplog.at_level(logging.WARNING):
        volume = open_ome_zarr(save(tmp_path / "a.zarr", values(4, 4, 4), axes, version="0.4"))
    assert volume.spacing_mm == (2.0, 2.0, 2.0)
    assert "no unit" in caplog.text


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_what_is_written_is_read_back_with_its_pyramid(version: str, tmp_path: Path):
    array = (values(260, 40, 9) > 59000).astype(np.uint8)
    units = ("micrometer",) * 3
    image = OmeImage(
        version=version,
        axes=("space",) * 3,
        names=("z", "y", "x"),
        units=units,
        scale=(4.0, 1.0, 1.0),
        translation=(3.0, 0.0, 0.0),
    )
    path = tmp_path / "mask.zarr"
    with write_ome_zarr(path, shape=array.shape, image=image) as output:
        for start in range(0, 260, 128):
            box = (slice(start, min(start + 128, 260)), slice(0, 40), slice(0, 9))
            output.write(box, array[box])
    volume = open_ome_zarr(path)
    assert np.array_equal(volume.read(tuple(slice(0, n) for n in array.shape))[0], array)
    assert volume.metadata == image
    padded = np.pad(array, [(0, 0), (0, 0), (0, 1)])
    half = padded.reshape(130, 2, 20, 2, 5, 2).max(axis=(1, 3, 5))
    assert np.array_equal(open_level(path, "1")[:], half)
    assert open_level(path, "2").shape == (65, 10, 3)
    attributes = dict(zarr.open_group(path, mode="r").attrs)
    levels = attributes.get("ome", attributes)["multiscales"][0]["datasets"]
    assert levels[2]["coordinateTransformations"] == [
        {"type": "scale", "scale": [16.0, 4.0, 4.0]},
        # the centre of the first voxel moves: 3 + 4 * 1.5, 0 + 1 * 1.5
        {"type": "translation", "translation": [9.0, 1.5, 1.5]},
    ]


def test_an_old_image_is_replaced_only_by_a_whole_one(tmp_path: Path):
    image = OmeImage(
        version="0.5",
        axes=("space",) * 2,
        names=("y", "x"),
        units=(None, None),
        scale=(1.0, 1.0),
        translation=(0.0, 0.0),
    )
    box = (slice(0, 4), slice(0, 4))
    for value in (1, 2):
        with write_ome_zarr(tmp_path / "a.zarr", shape=(4, 4), image=image) as output:
            output.write(box, np.full((4, 4), value))

    def stop() -> None:
        with write_ome_zarr(tmp_path / "a.zarr", shape=(4, 4), image=image):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert (open_level(tmp_path / "a.zarr", "0")[:] == 2).all()
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.zarr"]


def spoil(path: Path, **changes: object) -> Path:
    file = path / "zarr.json"
    content = json.loads(file.read_text())
    image = content["attributes"]["ome"]["multiscales"][0]
    image.update(changes)
    file.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"axes": ZYX[1:]}, "lack or spoil"),
        ({"axes": [{**ZYX[0], "unit": "parsec"}, *ZYX[1:]]}, "'parsec', which is not a known"),
        ({"datasets": []}, "is no OME-Zarr image"),
        ({"datasets": [{"path": "../s0"}]}, "outside the group"),
        ({"datasets": [{"path": "s1"}]}, "array s1 cannot be read"),
        ({"axes": [TIME, *ZYX[1:]]}, "holds 6 times"),
        (
            {
                "datasets": [
                    {
                        "path": "s0",
                        "coordinateTransformations": [{"type": "scale", "scale": [-1, 1, 1]}],
                    }
                ]
            },
            "voxel size .* is not positive",
        ),
    ],
)
def test_metadata_that_make_no_sense_are_one_line(changes: dict, words: str, tmp_path: Path):
    path = spoil(save(tmp_path / "a.zarr", values(6, 5, 4), ZYX, version="0.5"), **changes)
    with pytest.raises(InputError, match=words) as caught:
        open_ome_zarr(path)
    assert "\n" not in str(caught.value)


def test_a_damaged_chunk_is_one_line(tmp_path: Path):
    path = save(tmp_path / "a.zarr", values(6, 5, 4), ZYX, version="0.5")
    chunk = path / "s0" / "c" / "0" / "0" / "0"
    chunk.write_bytes(chunk.read_bytes()[:20])
    with pytest.raises(InputError, match="a chunk cannot be read"):
        open_ome_zarr(path).read((slice(0, 6), slice(0, 5), slice(0, 4)))


def test_a_folder_that_is_no_group_is_one_line(tmp_path: Path):
    with pytest.raises(InputError, match="is no Zarr group"):
        open_ome_zarr(tmp_path)


def test_the_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(InputError, match=r"cldice-monai\[zarr\]"):
        open_ome_zarr(tmp_path)
