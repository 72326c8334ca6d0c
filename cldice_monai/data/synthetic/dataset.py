"""Synthetic volumes drawn while a network trains, as many as it asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from typing import Any

import numpy as np
from torch.utils.data import IterableDataset, get_worker_info

from cldice_monai.data.synthetic.arguments import check_integer, check_shape
from cldice_monai.data.synthetic.generate import generate_vessels
from cldice_monai.data.synthetic.presets import Preset

__all__ = ["SyntheticVesselDataset"]

_LONGEST = 1 << 32  # volumes in the stream of one seed


class SyntheticVesselDataset(IterableDataset[Any]):
    """Endless labelled vessel volumes for a DataLoader, each drawn when it is asked for.

    Volume i of the stream depends on the seed and i alone. Of several workers each draws its own
    share, so no volume comes twice; with a batch size of 1 every number of workers gives the same
    volumes in the same order, in larger batches the order differs. The volumes are others than
    those that `write_synthetic_dataset` draws from the same seed. With a ``length`` each pass gives
    the same volumes, until `set_epoch` moves on to the next ones. In distributed training give each
    process another seed.

    Args:
        shape: the sides of each volume in voxels, each 16 or more.
        preset: name of the generator's settings, or a `Preset` of your own.
        seed: 0 or more; the same seed gives the same stream.
        n_channels: channels of each image.
        length: volumes in one pass; None never ends.
        transform: called with each item; what it returns is given out. One that has MONAI's
            ``set_random_state`` is seeded for every volume, so that the stream stays the same.

    Raises:
        TypeError: if seed, n_channels or length is no integer, or transform no function.
        ValueError: for settings that the generator cannot use, or a length below 1.

    Example:
        >>> volumes = SyntheticVesselDataset((32, 32, 32), preset="randomised", length=2)
        >>> [(item["image"].shape, item["label"].shape) for item in volumes]
        [((1, 32, 32, 32), (1, 32, 32, 32)), ((1, 32, 32, 32), (1, 32, 32, 32))]
    """

    def __init__(
        self,
        shape: Sequence[int],
        *,
        preset: str | Preset = "randomised",
        seed: int = 0,
        n_channels: int = 1,
        length: int | None = None,
        transform: Callable[[dict[str, Any]], Any] | None = None,
    ) -> None:
        # the smallest volume says at once what is wrong with the other settings
        generate_vessels((16, 16, 16), preset=preset, seed=seed, n_channels=n_channels)
        check_integer("length", 1 if length is None else length, 1)
        if transform is not None and not callable(transform):
            raise TypeError(f"transform must be a function of an item, got {transform!r}")
        self.shape = check_shape(shape)
        self.preset, self.seed, self.n_channels = preset, seed, n_channels
        self.length, self.transform = length, transform
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose which part of the stream the next pass gives; needs a length to make a difference.

        Args:
            epoch: 0 for the first ``length`` volumes, 1 for the next ones, and so on. Call it
                before each pass, with workers that are started anew for each.

        Raises:
            TypeError: if it is no integer.
            ValueError: if it is negative.
        """
        check_integer("epoch", epoch, 0)
        self.epoch = epoch

    def __iter__(self) -> Iterator[Any]:
        """Draw the volumes of this worker, one after another."""
        worker = get_worker_info()
        first, step = (0, 1) if worker is None else (worker.id, worker.num_workers)
        start = 0 if self.length is None else self.epoch * self.length
        for number in islice(count(), first, self.length, step):
            yield self._draw(start + number)

    def _draw(self, number: int) -> Any:
        # never a seed of write_synthetic_dataset, whose volumes may be those of the test
        seed = (self.seed + 1) * _LONGEST + number
        sample = generate_vessels(
            self.shape, preset=self.preset, seed=seed, n_channels=self.n_channels
        )
        item = {"image": sample.image, "label": sample.label[None]}
        if self.transform is None:
            return item
        if hasattr(self.transform, "set_random_state"):
            state = np.random.SeedSequence(seed).generate_state(1)
            self.transform.set_random_state(seed=int(state[0]))
        return self.transform(item)
