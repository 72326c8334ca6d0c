"""Resample microscopy to the voxel size that the zero-shot network was made for, and back."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import InvertibleTransform, MapTransform
from monai.utils import TransformBackends, ensure_tuple_rep

from cldice_monai.errors import InputError
from cldice_monai.transforms.isotropic import ResampleMode, ResampleToIsotropic

__all__ = [
    "ResampleToWorkingGrid",
    "ResampleToWorkingGridD",
    "ResampleToWorkingGridDict",
    "ResampleToWorkingGridd",
    "check_scale",
    "is_microscopy",
    "was_resampled",
]

_MICROSCOPY_MM = 0.02
_ROUNDING = 1e-5  # headers of NIfTI hold 20 um in single precision, a little less than it is
_MOST_SCALE = 16
_UNITS = {1.0: "mm", 0.001: "micron", 1000.0: "meter"}


class ResampleToWorkingGrid(InvertibleTransform):
    """Resample a volume of a microscope to isotropic voxels; leave any other as it is.

    The zero-shot network was trained on vessels of 1 to 13 voxels in radius. Those of
    a microscope are in that range at 2 um. Where the finest side of a voxel is not below 20 um, or
    the file names no unit and so counts as mm, the vessels' radius in voxels is all that matters,
    and the volume keeps its grid. The inverse gives back the first shape and affine exactly.

    Args:
        side_mm: side of the voxels that a microscope's volume gets.
        mode: ``"bilinear"`` for images, ``"label"`` for labels, ``"nearest"`` for masks, see
            `ResampleToIsotropic`.

    Raises:
        ValueError: if the side is not positive, or the image called with knows no voxel size.

    Example:
        >>> import torch
        >>> affine = torch.diag(torch.tensor([0.001, 0.001, 0.005, 1.0]))  # mm
        >>> stack = MetaTensor(torch.ones(1, 8, 8, 2), affine=affine)
        >>> resample = ResampleToWorkingGrid(side_mm=0.002)
        >>> tuple(resample(stack).shape), tuple(resample.inverse(resample(stack)).shape)
        ((1, 4, 4, 4), (1, 8, 8, 2))
        >>> tuple(resample(MetaTensor(torch.ones(1, 8, 8, 2))).shape)  # voxels of 1 mm
        (1, 8, 8, 2)
    """

    backend = (TransformBackends.TORCH,)

    def __init__(self, side_mm: float = 0.002, mode: ResampleMode = "bilinear") -> None:
        if not 0 < side_mm < float("inf"):
            raise ValueError(f"side_mm must be a positive number of mm, got {side_mm!r}")
        self.side_mm = side_mm
        self.finest = ResampleToIsotropic("finest", mode)

    def resamples(self, img: MetaTensor) -> bool:
        """Return whether a volume counts as one of a microscope, and would be resampled.

        Args:
            img: MetaTensor (C, X, Y, Z).
        """
        return is_microscopy([self.finest.side_mm(img) * _mm_per_unit(img)])

    def __call__(self, img: MetaTensor) -> MetaTensor:
        """Resample an image.

        Args:
            img: MetaTensor (C, X, Y, Z); ``mm_per_unit`` in its metadata says what its affine
                is in, mm without it.

        Returns:
            MetaTensor on the new grid, float32 or a label's own type, or one that shares the
            image's voxels.

        Raises:
            InputError: if an axis would get or lose more than 16 times its voxels, as where a file
                names a wrong unit.
        """
        resamples = self.resamples(img)
        if resamples:
            self._check_scale(img)
            out = self.finest(img, side_mm=self.side_mm / _mm_per_unit(img))
        else:
            out = MetaTensor(img.as_tensor()).copy_meta_from(img)
        self.push_transform(out, extra_info={"resampled": resamples})
        return out

    def _check_scale(self, img: MetaTensor) -> None:
        steps = img.affine[:3, :3].double().norm(dim=0)
        check_scale(
            [float(step) * _mm_per_unit(img) for step in steps],
            self.side_mm,
            name=str(img.meta.get("filename_or_obj", "the image")),
            unit=_UNITS.get(_mm_per_unit(img), "its own unit"),
        )

    def inverse(self, img: MetaTensor) -> MetaTensor:
        """Bring an image back to the grid it came from.

        Args:
            img: MetaTensor from `__call__`, or a prediction that has taken over its trace.

        Returns:
            MetaTensor of the first shape and affine.
        """
        entry = self.pop_transform(img)
        return self.finest.inverse(img) if entry["extra_info"]["resampled"] else img


def is_microscopy(sides_mm: Sequence[float]) -> bool:
    """Return whether voxels are those of a microscope: their finest side is below 20 um.

    Args:
        sides_mm: of a voxel.

    Example:
        >>> is_microscopy([0.001, 0.001, 0.05]), is_microscopy([0.03, 0.03, 0.03])
        (True, False)
    """
    return min(sides_mm) < _MICROSCOPY_MM * (1 - _ROUNDING)


def check_scale(sides_mm: Sequence[float], side_mm: float, *, name: str, unit: str) -> None:
    """Refuse a volume of which an axis would get or lose more than 16 times its voxels.

    Args:
        sides_mm: of its voxels.
        side_mm: of the voxels it would get.
        name: of the file, for the message.
        unit: that the file names, for the message.

    Raises:
        InputError: if it is to be refused; most likely the unit is wrong.

    Example:
        >>> check_scale((0.001, 0.001, 0.003), 0.002, name="a.nii", unit="micron")
        >>> check_scale((0.1, 0.1, 0.1), 0.002, name="a.nii", unit="mm")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: a.nii: ...
    """
    scale = max(max(side / side_mm, side_mm / side) for side in sides_mm)
    if scale > _MOST_SCALE:
        voxel = " x ".join(f"{1000 * side:.3g}" for side in sides_mm)
        raise InputError(
            f"{name}: voxels of {voxel} um, read in {unit}, would be scaled {scale:.0f} times to "
            f"the {1000 * side_mm:g} um that the network works on; most likely the unit is wrong: "
            "correct it in the file or in the spacing"
        )


def was_resampled(img: torch.Tensor) -> bool:
    """Return whether `ResampleToWorkingGrid` has brought an image, or a whole batch, to its grid.

    Args:
        img: MetaTensor (C, X, Y, Z), or (B, C, X, Y, Z) of a DataLoader, which knows what was done
            to it; False for a tensor that does not.

    Example:
        >>> affine = torch.diag(torch.tensor([0.001, 0.001, 0.005, 1.0]))
        >>> stack = MetaTensor(torch.ones(1, 8, 8, 2), affine=affine)
        >>> was_resampled(stack), was_resampled(ResampleToWorkingGrid()(stack))
        (False, True)
    """
    traces = getattr(img, "applied_operations", [])
    per_item = traces if traces and isinstance(traces[0], list) else [traces]
    return all(any(_is_resampling(entry) for entry in trace) for trace in per_item)


def _is_resampling(entry: object) -> bool:
    if not isinstance(entry, Mapping) or entry.get("class") != ResampleToWorkingGrid.__name__:
        return False
    return bool(entry["extra_info"]["resampled"])


def _mm_per_unit(img: MetaTensor) -> float:
    return float(img.meta.get("mm_per_unit", 1.0))


class ResampleToWorkingGridd(MapTransform, InvertibleTransform):
    """Dictionary form of `ResampleToWorkingGrid`.

    Args:
        keys: keys of images and labels.
        side_mm: side of the voxels that a microscope's volume gets.
        mode: one for all keys or one each, see `ResampleToWorkingGrid`.
        allow_missing_keys: leave out keys that an item does not have.

    Example:
        >>> import torch
        >>> affine = torch.diag(torch.tensor([0.001, 0.001, 0.005, 1.0]))
        >>> item = {"image": MetaTensor(torch.ones(1, 8, 8, 2), affine=affine)}
        >>> tuple(ResampleToWorkingGridd("image")(item)["image"].shape)
        (1, 4, 4, 4)
    """

    backend = ResampleToWorkingGrid.backend

    def __init__(
        self,
        keys: KeysCollection,
        side_mm: float = 0.002,
        mode: ResampleMode | list[ResampleMode] = "bilinear",
        allow_missing_keys: bool = False,
    ) -> None:
        MapTransform.__init__(self, keys, allow_missing_keys)
        modes = ensure_tuple_rep(mode, len(self.keys))
        self.converters = [ResampleToWorkingGrid(side_mm, one) for one in modes]

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of the item on the working grid."""
        item = dict(data)
        for key, converter in self.key_iterator(item, self.converters):
            item[key] = converter(item[key])
        return item

    def inverse(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of the item on the grid it came from."""
        item = dict(data)
        for key, converter in self.key_iterator(item, self.converters):
            item[key] = converter.inverse(item[key])
        return item


ResampleToWorkingGridD = ResampleToWorkingGridDict = ResampleToWorkingGridd
