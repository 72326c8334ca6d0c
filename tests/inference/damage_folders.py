"""Damaged images that are folders: OME-Zarr and DICOM series."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cldice_monai.data.boxwise.ome_metadata import stack_image
from cldice_monai.data.boxwise.ome_zarr import write_ome_zarr
from tests.data.test_formats import save_dicom

__all__ = ["write_damaged_dicom", "write_damaged_zarr"]

_IMAGE = stack_image(sides=(2, 1, 1), unit="micrometer")


def write_damaged_zarr(folder: Path) -> list[str]:
    """Write OME-Zarr images into a folder, each damaged in one way.

    Args:
        folder: exists.

    Returns:
        Their names.
    """
    values = np.random.default_rng(0).normal(size=(20, 18, 16)).astype(np.float32)
    damage: dict[str, Callable[[Path], None]] = {}
    for n in range(8):
        damage[f"zarr_cut{n}"] = lambda path, n=n: _cut(path / "0/c/0/0/0", n / 8)
        damage[f"zarr_head_cut{n}"] = lambda path, n=n: _cut(path / "zarr.json", n / 8)
        damage[f"zarr_array_cut{n}"] = lambda path, n=n: _cut(path / "0/zarr.json", n / 8)
    for n, shape in enumerate(([99999999] * 3, [-20, 18, 16], [20, 18], "x", [0, 18, 16])):
        damage[f"zarr_shape{n}"] = lambda path, shape=shape: _set_shape(path, shape)
    for n, scale in enumerate(([2, -1, 1], [0, 1, 1], [1, 1], ["x", 1, 1])):
        damage[f"zarr_scale{n}"] = lambda path, scale=scale: _set_scale(path, scale)
    for n, level in enumerate(("../../../etc", "/etc/passwd", "nothing")):
        damage[f"zarr_level{n}"] = lambda path, level=level: _set_level(path, level)
    for name, spoil in damage.items():
        path = folder / f"{name}.zarr"
        with write_ome_zarr(path, shape=values.shape, image=_IMAGE, dtype="float32") as output:
            output.write(tuple(slice(0, n) for n in values.shape), values)
        spoil(path)
    return sorted(f"{name}.zarr" for name in damage)


def write_damaged_dicom(folder: Path) -> list[str]:
    """Write folders of DICOM slices, each with one slice that is damaged in one way.

    Args:
        folder: is made.

    Returns:
        Their names.
    """
    folder.mkdir()
    names = []
    for n in range(12):
        series = save_dicom(folder / f"dicom_cut{n}")
        slices = sorted(series.iterdir())
        _cut(slices[n % len(slices)], (n + 1) / 14)
        names.append(series.name)
    rows, bits = struct.pack("<HH", 0x0028, 0x0010), struct.pack("<HH", 0x0028, 0x0100)
    changes = {
        "rows": (rows, 65535),
        "no_rows": (rows, 0),
        "bits": (bits, 7),
        "no_bits": (bits, 0),
    }
    for name, (tag, number) in changes.items():
        series = save_dicom(folder / f"dicom_{name}")
        for file in series.iterdir():
            content = file.read_bytes()
            at = content.index(tag) + len(tag) + 4  # behind the type and the length
            file.write_bytes(content[:at] + struct.pack("<H", number) + content[at + 2 :])
        names.append(series.name)
    gap = save_dicom(folder / "dicom_gap")
    sorted(gap.iterdir())[2].unlink()
    save_dicom(folder / "dicom_two")
    save_dicom(folder / "dicom_two", series="1.2.4")
    return sorted([*names, "dicom_gap", "dicom_two"])


def _cut(file: Path, share: float) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(share * (len(content) - 1))])


def _change(file: Path, change: Callable[[Any], None]) -> None:
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def _set_shape(path: Path, shape: object) -> None:
    _change(path / "0/zarr.json", lambda head: head.update(shape=shape))
    _drop_consolidated(path)


def _set_scale(path: Path, scale: list[object]) -> None:
    def change(head: Any) -> None:
        dataset = head["attributes"]["ome"]["multiscales"][0]["datasets"][0]
        dataset["coordinateTransformations"][0]["scale"] = scale

    _change(path / "zarr.json", change)


def _set_level(path: Path, level: str) -> None:
    def change(head: Any) -> None:
        head["attributes"]["ome"]["multiscales"][0]["datasets"][0]["path"] = level

    _change(path / "zarr.json", change)


def _drop_consolidated(path: Path) -> None:
    _change(path / "zarr.json", lambda head: head.pop("consolidated_metadata", None))
