"""Resample to voxels with equal sides, and back to the grid of the file."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any, Literal

import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.data.utils import affine_to_spacing
from monai.transforms import InvertibleTransform, MapTransform, SpatialResample
from monai.utils import TransformBackends, ensure_tuple_rep

from cldice_monai.transforms.label_grid import resample_label

__all__ = [
    "ResampleToIsotropic",
    "ResampleToIsotropicD",
    "ResampleToIsotropicDict",
    "ResampleToIsotropicd",
]

_DIGITS = 3  # that float32 leaves of a number of voxels
IsotropicSpacing = float | Literal["finest", "coarsest"]
ResampleMode = Literal["bilinear", "nearest", "label"]


class ResampleToIsotropic(InvertibleTransform):
    """Resample an image to voxels with equal sides, by MONAI's SpatialResample.

    Lengths are in the unit of the image's affine, which is that of its file: mm, or micron from a
    microscope. The directions of the axes and the place in space stay. The inverse brings an image
    back to the shape and affine it had, exactly; the intensities are interpolated twice.

    Args:
        spacing: side of the voxels; ``"finest"`` and ``"coarsest"`` take the shortest and
            the longest side of the image's own voxels.
        mode: ``"bilinear"`` (linear in 3D too) for images; ``"label"`` for labels with thin
            vessels: nearest where the grid gets finer, and where it gets coarser the largest value
            that a voxel covers, so that no vessel falls apart; ``"nearest"`` as there. The
            inverse uses the same mode; from a coarser grid a thin vessel comes back thicker.

    Raises:
        ValueError: for a spacing or mode that does not exist; when called: for an image without
            affine.

    Example:
        >>> affine = torch.diag(torch.tensor([0.5, 0.5, 2.0, 1.0]))
        >>> image = MetaTensor(torch.ones(1, 8, 8, 3), affine=affine)
        >>> resample = ResampleToIsotropic()
        >>> tuple(resample(image).shape), tuple(resample.inverse(resample(image)).shape)
        ((1, 8, 8, 9), (1, 8, 8, 3))
    """

    backend = (TransformBackends.TORCH,)

    def __init__(
        self, spacing: IsotropicSpacing = "finest", mode: ResampleMode = "bilinear"
    ) -> None:
        named = spacing in ("finest", "coarsest")
        if not named and (isinstance(spacing, str) or not 0 < spacing < float("inf")):
            raise ValueError(
                f'spacing must be a positive number of mm, "finest" or "coarsest", got {spacing!r}'
            )
        if mode not in ("bilinear", "nearest", "label"):
            raise ValueError(f'mode must be "bilinear", "nearest" or "label", got {mode!r}')
        self.spacing = spacing
        self.mode = mode

    def side_mm(self, img: MetaTensor) -> float:
        """Return the side of the voxels that the image would be resampled to, in mm.

        Args:
            img: MetaTensor (C, X, Y) or (C, X, Y, Z).
        """
        if not isinstance(img, MetaTensor):
            raise ValueError(
                f"img must be a MetaTensor, which knows its voxel size, got {type(img).__name__}; "
                "load it with LoadImaged or make it one with MetaTensor(x, affine=affine)"
            )
        sides = affine_to_spacing(img.affine, r=img.ndim - 1)
        if self.spacing == "finest":
            return float(min(sides))
        return float(max(sides)) if self.spacing == "coarsest" else float(self.spacing)

    def __call__(self, img: MetaTensor, side_mm: float | None = None) -> MetaTensor:
        """Resample an image.

        Args:
            img: MetaTensor (C, X, Y) or (C, X, Y, Z), any number type.
            side_mm: side of the voxels, in place of what ``spacing`` says.

        Returns:
            MetaTensor on the new grid, float32; a label in its own type.
        """
        side = self.side_mm(img) if side_mm is None else side_mm
        grid, size = _grid_of_sides(img, side)
        out = _resampled(img, grid, size, mode=self.mode)
        before = {"affine": img.affine.numpy().copy(), "mode": self.mode}
        self.push_transform(out, orig_size=tuple(img.shape[1:]), extra_info=before)
        return out

    def inverse(self, img: MetaTensor) -> MetaTensor:
        """Bring an image back to the grid it came from.

        Args:
            img: MetaTensor from `__call__`, or a mask that has taken over its trace.

        Returns:
            MetaTensor of the first shape and affine.
        """
        entry = self.pop_transform(img)
        before = entry["extra_info"]
        affine, size = torch.as_tensor(before["affine"]), entry["orig_size"]
        size = tuple(int(n) for n in size)
        return _resampled(img, affine, size, mode=before["mode"])


def _resampled(
    img: MetaTensor, affine: torch.Tensor, size: tuple[int, ...], *, mode: ResampleMode
) -> MetaTensor:
    """Return an image on another grid, with what is known of it."""
    unit = _unit_near(float(min(affine_to_spacing(affine, r=img.ndim - 1))))
    source, grid = _for_monai(img, unit), _in_unit(affine, unit)
    if mode == "label":
        out = MetaTensor(resample_label(source, grid, size)).copy_meta_from(img)
    else:
        resample = SpatialResample(mode=mode)
        with resample.trace_transform(False):
            out = resample(source, dst_affine=grid, spatial_size=size)
    out.affine = affine
    return out


def _grid_of_sides(img: MetaTensor, side: float) -> tuple[torch.Tensor, tuple[int, ...]]:
    """Return affine and shape of a grid along the image's own axes, from its first voxel on.

    MONAI's Spacing gives the same where the axes are those of the world. Oblique ones that a file
    holds as float32 count as sheared there, and the grid is shifted by a part of a voxel; and the
    last digit of the affine says which way half a voxel is rounded, which 5 um over 2 um leave in
    every stack of an even number of slices.
    """
    n_axes = img.ndim - 1
    ratios = [float(own) / side for own in affine_to_spacing(img.affine, r=n_axes)]
    grid = img.affine.double().clone()
    for axis, ratio in enumerate(ratios):
        grid[:-1, axis] /= ratio
    steps = [(n - 1) * ratio for n, ratio in zip(img.shape[1:], ratios, strict=True)]
    return grid, tuple(round(round(step, _DIGITS) + 1.0) for step in steps)


def _for_monai(img: MetaTensor, unit: float) -> MetaTensor:
    """Return the image in another unit; as float32 if bfloat16, which MONAI does not resample."""
    out = MetaTensor(img.as_tensor().float() if img.dtype == torch.bfloat16 else img.as_tensor())
    out = out.copy_meta_from(img)
    out.affine = _in_unit(img.affine, unit)
    return out


def _unit_near(side: float) -> float:
    """Return the power of two nearest to a length.

    MONAI takes affines that differ by less than 0.001 for the same, whatever their unit: voxels of
    1 and 2 um are the same to it if the affine is in mm. A power of two leaves every digit.
    """
    return float(2.0 ** round(math.log2(side)))


def _in_unit(affine: torch.Tensor, unit: float) -> torch.Tensor:
    """Return an affine whose lengths are counted in a unit."""
    scaled = affine.clone()
    scaled[:-1] /= unit
    return scaled


class ResampleToIsotropicd(MapTransform, InvertibleTransform):
    """Dictionary form of `ResampleToIsotropic`; all keys get the spacing of the first.

    Args:
        keys: keys of images and labels.
        spacing: side of the voxels in mm, ``"finest"`` or ``"coarsest"``.
        mode: one for all keys or one each: ``"bilinear"`` for images, ``"label"`` for labels.
        allow_missing_keys: leave out keys that an item does not have.

    Example:
        >>> affine = torch.diag(torch.tensor([0.5, 0.5, 2.0, 1.0]))
        >>> item = {key: MetaTensor(torch.ones(1, 8, 8, 3), affine=affine) for key in "ab"}
        >>> resample = ResampleToIsotropicd(["a", "b"], 1.0, mode=["bilinear", "label"])
        >>> {key: tuple(value.shape) for key, value in resample(item).items()}
        {'a': (1, 4, 4, 5), 'b': (1, 4, 4, 5)}
    """

    backend = ResampleToIsotropic.backend

    def __init__(
        self,
        keys: KeysCollection,
        spacing: IsotropicSpacing = "finest",
        mode: ResampleMode | list[ResampleMode] = "bilinear",
        allow_missing_keys: bool = False,
    ) -> None:
        MapTransform.__init__(self, keys, allow_missing_keys)
        modes = ensure_tuple_rep(mode, len(self.keys))
        self.converters = [ResampleToIsotropic(spacing, one) for one in modes]

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of the item on the isotropic grid."""
        item = dict(data)
        side = None
        for key, converter in self.key_iterator(item, self.converters):
            side = converter.side_mm(item[key]) if side is None else side
            item[key] = converter(item[key], side_mm=side)
        return item

    def inverse(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of the item on the grid it came from."""
        item = dict(data)
        for key, converter in self.key_iterator(item, self.converters):
            item[key] = converter.inverse(item[key])
        return item


ResampleToIsotropicD = ResampleToIsotropicDict = ResampleToIsotropicd
