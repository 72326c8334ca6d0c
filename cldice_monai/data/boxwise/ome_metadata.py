"""What OME-Zarr 0.4 and 0.5 say about an image: axes, units, scales, levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from cldice_monai.errors import InputError

__all__ = ["OmeImage", "image_attributes", "parse_image", "stack_image"]

Version = Literal["0.4", "0.5"]

_MM_PER_UNIT = {
    "angstrom": 1e-7,
    "nanometer": 1e-6,
    "micrometer": 1e-3,
    "millimeter": 1.0,
    "centimeter": 10.0,
    "decimeter": 100.0,
    "meter": 1000.0,
    "inch": 25.4,
}


@dataclass(frozen=True, kw_only=True)
class OmeImage:
    """The finest level of a multiscale image.

    Attributes:
        version: of the metadata; 0.4 is Zarr version 2, 0.5 version 3.
        axes: kind of each axis of the array: "space", "channel" or "time".
        names: names of the axes of space.
        units: their units as they are written, None where there is none.
        scale: sides of a voxel along the axes of space, in their units.
        translation: centre of the first voxel along them.
        level: path of the array inside the group.
    """

    version: Version
    axes: tuple[str, ...]
    names: tuple[str, ...]
    units: tuple[str | None, ...]
    scale: tuple[float, ...]
    translation: tuple[float, ...]
    level: str = "0"

    @property
    def spacing_mm(self) -> tuple[float, ...]:
        """Sides of a voxel in mm; an axis without a unit is taken to be in mm."""
        return self._in_mm(self.scale)

    @property
    def translation_mm(self) -> tuple[float, ...]:
        """Centre of the first voxel in mm, as `spacing_mm`."""
        return self._in_mm(self.translation)

    def _in_mm(self, lengths: Sequence[float]) -> tuple[float, ...]:
        pairs = zip(lengths, self.units, strict=True)
        return tuple(length * _MM_PER_UNIT[unit or "millimeter"] for length, unit in pairs)

    def coarser(self, factors: Sequence[int]) -> OmeImage:
        """Return the image whose voxels join ``factors`` of these along each axis of space."""
        scale = tuple(side * factor for side, factor in zip(self.scale, factors, strict=True))
        shift = tuple(
            first + side * (factor - 1) / 2
            for first, side, factor in zip(self.translation, self.scale, factors, strict=True)
        )
        return replace(self, scale=scale, translation=shift)


def stack_image(*, sides: Sequence[float], unit: str) -> OmeImage:
    """Return an image of version 0.5 with the axes z, y, x and nothing else.

    Args:
        sides: of a voxel along z, y, x.
        unit: of them, by its full name.

    Example:
        >>> stack_image(sides=(2, 1, 1), unit="micrometer").spacing_mm
        (0.002, 0.001, 0.001)
    """
    return OmeImage(
        version="0.5",
        axes=("space",) * 3,
        names=("z", "y", "x"),
        units=(unit,) * 3,
        scale=tuple(map(float, sides)),
        translation=(0.0,) * 3,
    )


def parse_image(path: Path, attributes: Mapping[str, Any]) -> OmeImage:
    """Read the attributes of a Zarr group.

    Args:
        path: of the group, for messages.
        attributes: of the group; 0.5 keeps its own under "ome".

    Returns:
        The first image of the group.

    Raises:
        InputError: if they do not describe an image of two or three axes of space.
    """
    version: Version = "0.5" if "ome" in attributes else "0.4"
    try:
        image = attributes.get("ome", attributes)["multiscales"][0]
        axes = [dict(axis) for axis in image["axes"]]
        level = image["datasets"][0]
        numbers = [
            _transform(part.get("coordinateTransformations", ()), n_axes=len(axes))
            for part in (level, image)
        ]
        kinds = tuple(str(axis.get("type", "space")) for axis in axes)
        name = str(level["path"])
        _ = [axis["name"] for axis in axes]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{path}: is no OME-Zarr image of version 0.4 or 0.5 (its multiscales metadata "
            f"lack or spoil {error}); give the group that has multiscales in its attributes"
        ) from error
    in_space = [number for number, kind in enumerate(kinds) if kind == "space"]
    _check(path, kinds, [axes[number] for number in in_space], name)
    (scale, shift), (more, shift_more) = numbers
    return OmeImage(
        version=version,
        axes=kinds,
        names=tuple(str(axes[number]["name"]) for number in in_space),
        units=tuple(axes[number].get("unit") for number in in_space),
        scale=_sides(path, [scale[number] * more[number] for number in in_space]),
        translation=_place(path, [shift[n] * more[n] + shift_more[n] for n in in_space]),
        level=name,
    )


def image_attributes(levels: Sequence[OmeImage], *, name: str) -> dict[str, Any]:
    """Return the attributes of a group with these levels, finest first.

    Args:
        levels: images of the same axes; only axes of space are written.
        name: of the image.
    """
    first = levels[0]
    axes: list[dict[str, str]] = []
    for axis, unit in zip(first.names, first.units, strict=True):
        axes.append({"name": axis, "type": "space"} | ({"unit": unit} if unit else {}))
    image = {
        "name": name,
        "axes": axes,
        "datasets": [
            {
                "path": level.level,
                "coordinateTransformations": [
                    {"type": "scale", "scale": list(level.scale)},
                    {"type": "translation", "translation": list(level.translation)},
                ],
            }
            for level in levels
        ],
    }
    if first.version == "0.4":
        return {"multiscales": [{"version": "0.4", **image}]}
    return {"ome": {"version": "0.5", "multiscales": [image]}}


def _transform(
    transforms: Sequence[Mapping[str, Any]], *, n_axes: int
) -> tuple[list[float], list[float]]:
    scale, shift = [1.0] * n_axes, [0.0] * n_axes
    for transform in transforms:
        if transform["type"] == "scale":
            scale = [float(number) for number in transform["scale"]]
        elif transform["type"] == "translation":
            shift = [float(number) for number in transform["translation"]]
    if len(scale) != n_axes or len(shift) != n_axes:
        raise ValueError("coordinateTransformations")
    return scale, shift


def _check(path: Path, kinds: Sequence[str], in_space: list[dict[str, Any]], name: str) -> None:
    if len(in_space) not in (2, 3) or set(kinds) - {"space", "channel", "time"}:
        raise InputError(
            f"{path}: has the axes {', '.join(kinds)}; two or three axes of space, a channel "
            "and a time axis are understood"
        )
    for axis in in_space:
        if axis.get("unit") not in (None, *_MM_PER_UNIT):
            raise InputError(
                f"{path}: axis {axis.get('name')} is in {axis['unit']!r}, which is not a known "
                f"length; use one of {', '.join(_MM_PER_UNIT)}"
            )
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise InputError(f"{path}: the array {name!r} lies outside the group; damaged metadata")


def _sides(path: Path, sides: list[float]) -> tuple[float, ...]:
    if not all(0 < side < float("inf") for side in sides):
        raise InputError(
            f"{path}: the voxel size {sides} is not positive; correct the scale in the metadata"
        )
    return tuple(sides)


def _place(path: Path, translation: list[float]) -> tuple[float, ...]:
    if not all(isfinite(number) for number in translation):
        raise InputError(
            f"{path}: the translation {translation} is not finite; correct it in the metadata"
        )
    return tuple(translation)
