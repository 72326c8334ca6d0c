"""What the study is made of: trainings, the rows and tables that they fill, their networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "Block",
    "Budget",
    "Cell",
    "Method",
    "Row",
    "cells_in_order",
    "network_config",
    "network_title",
]

Budget = Literal["small", "gpu"]
_Kind = tuple[str, dict[str, Any]]
_UNET: _Kind = ("cldice_monai.networks.ClassicUNet", {"block": "late"})
_FCN: _Kind = ("cldice_monai.networks.ConvolutionalNet", {})
_NETWORKS: dict[str, tuple[str, _Kind, tuple[int, ...]]] = {
    "unet": ("U-Net", _UNET, (32, 64, 128, 256, 512)),
    "fcn": ("FCN", _FCN, (5, 10, 20, 50)),
    "unet2d": ("2D U-Net", (_UNET[0], {}), (64, 128, 256, 512, 1024)),
}


@dataclass(frozen=True)
class Method:
    """A loss with its settings.

    Attributes:
        name: short, for the names of files.
        overlays: config files of the bundle on top of train.json.
        settings: keys on top of these.
    """

    name: str
    overlays: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """One training and its evaluation.

    Attributes:
        data: name of the data set in study_data.py.
        network: key of the network.
        method: the loss.
        seed: of first weights, crops and order.
        epochs: passes over the training volumes.
    """

    data: str
    network: str
    method: Method
    seed: int
    epochs: int

    @property
    def name(self) -> str:
        """Name of its files."""
        return f"{self.data}_{self.network}_{self.method.name}_s{self.seed}"


@dataclass(frozen=True)
class Row:
    """A row of a table: the same training with several seeds.

    Attributes:
        words: its first columns; the network is named with its width when the table is written.
        cells: one a seed.
        against: number of the row that it is compared with, or None.
    """

    words: tuple[str, ...]
    cells: tuple[Cell, ...]
    against: int | None = None


@dataclass(frozen=True)
class Block:
    """A table.

    Attributes:
        key: for file names and --only.
        title: heading.
        note: what a reader has to know, one paragraph.
        heads: names of the columns of words.
        rows: the rows.
        claims: whether differences are shown at all; a smoke run has none.
        every_column: the eight columns of the paper's Table 1, in 3D with those of cavities, in
            place of four.
    """

    key: str
    title: str
    note: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    claims: bool = True
    every_column: bool = True


def network_config(network: str, budget: Budget) -> dict[str, Any]:
    """Return the network_def of a network at the width of a budget."""
    _, (target, others), full = _NETWORKS[network]
    channels = [max(width // _divisor(budget), 2) for width in full]
    n_axes = 2 if network.endswith("2d") else 3
    made_of: dict[str, Any] = {"_target_": target, "spatial_dims": n_axes, "channels": channels}
    counts = {"in_channels": "@in_channels", "out_channels": "@out_channels"}
    return made_of | counts | others


def network_title(network: str, budget: Budget) -> str:
    """Return the name of a network, with its width where that is not the paper's."""
    title = _NETWORKS[network][0]
    return title if _divisor(budget) == 1 else f"{title}, 1/{_divisor(budget)} width"


def cells_in_order(blocks: Sequence[Block]) -> list[Cell]:
    """Return every cell once, in the order in which they run: by table, then by seed."""
    found: dict[str, Cell] = {}
    for block in blocks:
        for cell in _by_seed(block):
            found.setdefault(cell.name, cell)
    return list(found.values())


def _by_seed(block: Block) -> Iterator[Cell]:
    for place in range(max(len(row.cells) for row in block.rows)):
        yield from (row.cells[place] for row in block.rows if place < len(row.cells))


def _divisor(budget: Budget) -> int:
    return {"small": 4, "gpu": 1}[budget]
