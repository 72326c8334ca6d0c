"""A map of where a prediction and a label disagree about the network."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from monai.config import KeysCollection, NdarrayOrTensor
from monai.transforms import MapTransform, Transform
from monai.utils import TransformBackends, convert_to_dst_type, ensure_tuple_rep

from cldice_monai.skeleton.binary import skeletonize
from cldice_monai.topology.ghosts import ghosts_and_misses
from cldice_monai.transforms._containers import as_whole_numbers

__all__ = [
    "GHOST",
    "HIT",
    "MISS",
    "GhostsAndMisses",
    "GhostsAndMissesD",
    "GhostsAndMissesDict",
    "GhostsAndMissesd",
]

HIT, GHOST, MISS = 1, 2, 3


class GhostsAndMisses(Transform):
    """Map of a prediction against its label, on the centrelines, for a viewer.

    ====  =====================================================
    0     nothing
    1     hit: the label's skeleton, inside the prediction
    2     ghost: the prediction's skeleton, outside the label
    3     miss: the label's skeleton, outside the prediction
    ====  =====================================================

    Hits and misses together are the label's skeleton, so that Tsens = hits / (hits + misses).

    Example:
        >>> label = np.zeros((1, 3, 6), np.uint8)
        >>> label[0, 1, :4] = 1
        >>> GhostsAndMisses()(np.roll(label, 2, axis=2), label)[0, 1].tolist()
        [3, 3, 1, 1, 2, 2]

    Reference:
        Shit et al., clDice, CVPR 2021, appendix A.
    """

    backend = (TransformBackends.NUMPY,)

    def __call__(self, pred: NdarrayOrTensor, label: NdarrayOrTensor) -> NdarrayOrTensor:
        """Compare one prediction with its label.

        Args:
            pred: (C, X, Y) or (C, X, Y, Z), a mask: vessel is > 0; each channel by itself.
            label: the same shape, vessel is > 0.

        Returns:
            uint8 of 0 to 3, shape and container of ``pred``.

        Raises:
            ValueError: for another number of axes, shapes that differ, NaN or fractions.
        """
        predicted = as_whole_numbers(pred, name="pred") > 0
        true = as_whole_numbers(label, name="label") > 0
        if predicted.ndim not in (3, 4) or predicted.shape != true.shape:
            raise ValueError(
                "pred and label must both be (C, X, Y) or (C, X, Y, Z), got "
                f"{predicted.shape} and {true.shape}; bring them to one grid"
            )
        codes = np.stack([_codes(p, t) for p, t in zip(predicted, true, strict=True)])
        return convert_to_dst_type(codes, dst=pred, dtype=codes.dtype)[0]


def _codes(pred: np.ndarray, label: np.ndarray) -> np.ndarray:
    found = ghosts_and_misses(pred, label)
    codes = np.zeros(pred.shape, np.uint8)
    codes[skeletonize(label)] = HIT
    codes[found.ghosts] = GHOST
    codes[found.misses] = MISS
    return codes


class GhostsAndMissesd(MapTransform):
    """Dictionary form of `GhostsAndMisses`; the map goes to a key of its own.

    Args:
        keys: keys of the predictions, masks.
        label_keys: key of the label, one for all of ``keys`` or one each.
        output_postfix: joined to a prediction's key by an underscore, the key of its map.
        allow_missing_keys: leave out predictions that an item does not have.

    Raises:
        KeyError: when called: if an item has no label.

    Example:
        >>> mask = np.ones((1, 3, 3), np.uint8)
        >>> sorted(GhostsAndMissesd("pred")({"pred": mask, "label": mask}))
        ['label', 'pred', 'pred_ghosts_and_misses']
    """

    backend = GhostsAndMisses.backend

    def __init__(
        self,
        keys: KeysCollection,
        label_keys: KeysCollection = "label",
        output_postfix: str = "ghosts_and_misses",
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.label_keys = ensure_tuple_rep(label_keys, len(self.keys))
        self.output_postfix = output_postfix
        self.converter = GhostsAndMisses()

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of the item with the maps added."""
        item = dict(data)
        for key, label_key in self.key_iterator(item, self.label_keys):
            item[f"{key}_{self.output_postfix}"] = self.converter(data[key], data[label_key])
        return item


GhostsAndMissesD = GhostsAndMissesDict = GhostsAndMissesd
