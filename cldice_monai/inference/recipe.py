"""The bundle's inference.json as a function: one volume in, its mask out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cldice_monai.bundle_folder import bundle_dir
from cldice_monai.data.formats import format_of
from cldice_monai.data.nifti import Volume
from cldice_monai.errors import InputError, find_input_error
from cldice_monai.inference.weights_file import WeightsFile, describe_weights
from cldice_monai.lines import counted
from cldice_monai.workflows.settings import as_switch
from cldice_monai.workflows.start import check_device, check_roi

__all__ = ["Recipe", "Segmentation"]

_ROI = 64  # of inference.json, for as many axes as the network has
_SETTINGS = (
    *("threshold", "roi", "overlap", "tta", "fill_cavities", "min_length_mm", "precision", "seed"),
    *(
        "in_channels",
        "out_channels",
        "side_mm",
        "cutoff",
        "lift",
        "floor",
        "factors",
        "pad_windows",
    ),
)
Wrap = Callable[[torch.nn.Module], Callable[..., Any]]


@dataclass(frozen=True, eq=False)
class Segmentation:
    """What the network says of a volume, on the volume's grid.

    Attributes:
        classes: uint8 (X, Y, Z), 0 for background; 1 for vessel, or the number of the class.
        probability: float32 (X, Y, Z), that of a vessel of any class; None where not asked for.

    Example:
        >>> vessel = np.zeros((8, 8, 4), np.float32)
        >>> vessel[4] = 0.9
        >>> found = Segmentation((vessel >= 0.5).astype(np.uint8), vessel)
        >>> int(found.classes.sum())
        32
    """

    classes: np.ndarray
    probability: np.ndarray | None


class Recipe:
    """The components of inference.json with settings of a user, loaded once for many volumes.

    What the config says of transforms, network, inferer and what follows is taken from it as it
    stands, so that a mask is the one that ``python -m monai.bundle run`` writes.

    Args:
        weights: file of the weights; None for those of the bundle.
        settings: keys of inference.json and their values.
        bundle: folder of a bundle; None for that of the installation.

    Attributes:
        weights: the file, its hash, and the shape of its network.
        device: where the network is.
        settings: what the masks are made with, by name.

    Raises:
        InputError: if a setting or the weights cannot be used.
    """

    def __init__(
        self,
        *,
        weights: str | os.PathLike[str] | None = None,
        settings: Mapping[str, Any] | None = None,
        bundle: Path | None = None,
    ) -> None:
        root = bundle_dir() if bundle is None else bundle
        self.weights: WeightsFile = describe_weights(weights or root / "models" / "model.pt")
        self._parser = _parser(root, _overrides(root, self.weights, settings or {}))
        get = self._get
        check_roi(get("roi"))
        check_device(get("device"))
        self.device = torch.device(get("device"))
        self.settings = {name: _plain(get(name)) for name in _SETTINGS if name in self._parser}
        for number in range(len(self._parser["initialize"])):
            get(f"initialize#{number}")
        self.network: torch.nn.Module = get("network").eval()
        self.inferer = get("inferer")
        self._before, self._after = get("preprocessing"), get("postprocessing")

    @property
    def saves_probability(self) -> bool:
        """Whether probabilities are kept beside the mask."""
        return as_switch(self._get("save_prob"), argument="save_prob")

    @property
    def is_for_pictures(self) -> bool:
        """Whether the network takes pictures, not volumes."""
        return self.weights.spatial_dims == 2

    @property
    def steps_before(self) -> tuple[str, ...]:
        """Names of the transforms that prepare an image, in their order."""
        return tuple(type(step).__name__ for step in self._before.transforms)

    def prepare(self, volume: Volume, *, case_id: str = "image") -> dict[str, Any]:
        """Do what comes before the network.

        Args:
            volume: the image.
            case_id: for messages.

        Returns:
            The item, its ``image`` (C, ...) as the network takes it.

        Raises:
            InputError: if the image does not fit the network.
        """
        self._require_fit(volume)
        try:
            item: dict[str, Any] = self._before({"image": volume, "case_id": case_id})
        except RuntimeError as error:  # MONAI wraps what a transform raises
            raise find_input_error(error) or error from error
        return item

    def segment(self, item: dict[str, Any], *, wrap: Wrap | None = None) -> Segmentation:
        """Run the network and what comes after it.

        Args:
            item: from `prepare`.
            wrap: puts something around the network, such as a counter of its calls.

        Returns:
            The mask, and probabilities where ``save_prob`` is set.
        """
        from monai.data import decollate_batch, list_data_collate

        batch = list_data_collate([item])
        network = self.network if wrap is None else wrap(self.network)
        on_cuda = self.device.type == "cuda"
        with torch.no_grad(), torch.autocast("cuda", enabled=on_cuda):
            logits = self.inferer(batch["image"].to(self.device), network)
        (result,) = decollate_batch({**batch, "pred": logits})
        result = self._after(result)
        classes = np.asarray(result["pred"][0].cpu()).astype(np.uint8)
        prob = result.get("prob")
        if prob is not None:
            # a sigmoid's one channel is vessel; a softmax has the background first
            prob = np.asarray((prob[0] if len(prob) == 1 else 1 - prob[0]).cpu(), np.float32)
        return Segmentation(_deep(classes), None if prob is None else _deep(prob))

    def _get(self, name: str) -> Any:
        try:
            return self._parser.get_parsed_content(name)
        except RuntimeError as error:  # MONAI wraps what an expression raises
            raise find_input_error(error) or error from error

    def _require_fit(self, volume: Volume) -> None:
        n_channels, *size = volume.array.shape
        if n_channels != self.weights.in_channels:
            raise InputError(
                f"{volume.path}: has {counted(n_channels, 'channel')}, the weights are for "
                f"{counted(self.weights.in_channels, 'channel')}; pass other --weights, or name "
                "the files of the channels with --channels"
            )
        known = format_of(volume.path)
        if not self.is_for_pictures and known is not None and known.name == "picture":
            raise InputError(
                f"{volume.path}: is a picture, and the weights are for volumes; pass --weights of "
                "a network for pictures"
            )
        if self.is_for_pictures and size[2] > 1:
            raise InputError(
                f"{volume.path}: has {size[2]} slices, the weights are for pictures; pass other "
                "--weights"
            )


def _parser(root: Path, overrides: Mapping[str, Any]) -> Any:
    from monai.bundle import ConfigParser

    parser = ConfigParser()
    parser.read_config(root / "configs" / "inference.json")
    for name in overrides:
        if name not in parser:
            raise InputError(f"{name}: no such setting in inference.json; check its spelling")
    parser.update(dict(overrides))
    # what finds, lists and saves the volumes of a folder has no place here
    parser["data"] = _NoData()
    parser["initialize"] = [line for line in parser["initialize"] if "start_workflow" not in line]
    parser.parse()
    return parser


class _NoData:
    """Stands where inference.json has the volumes of its folder; volumes come one by one here."""

    readers = None
    items: tuple[()] = ()


def _overrides(root: Path, weights: WeightsFile, given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "bundle_root": str(root),
        "weights": str(weights.path),
        "in_channels": weights.in_channels,
        "out_channels": weights.out_channels,
        **given,
        "roi": _roi(given.get("roi", _ROI), weights.spatial_dims),
    }


def _roi(given: int | Sequence[int], n_axes: int) -> list[int]:
    """Return the sides of a window; one number is that of all."""
    return [given] * n_axes if isinstance(given, int) else list(given)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return value


def _deep(array: np.ndarray) -> np.ndarray:
    """Give a picture the third axis that it has as a volume."""
    return np.ascontiguousarray(array.reshape((*array.shape, 1)[:3]))
