#!/usr/bin/env python
"""Compare a real vessel label with what a preset of the generator draws; `--help` lists choices.

python scripts/compare_synthetic.py LABEL [--preset deepvesselnet] [--seeds 5] [--png OUT]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cldice_monai.data.nifti import read_volume
from cldice_monai.data.synthetic import generate_vessels
from cldice_monai.data.synthetic.presets import PRESET_NAMES
from cldice_monai.data.synthetic.statistics import (
    LabelStatistics,
    ks_distance,
    label_statistics,
    murray_exponent,
)
from cldice_monai.errors import InputError
from cldice_monai.files import replace_when_complete

_NEAR = 0.15  # goal: relative difference of densities, and Kolmogorov-Smirnov distance


@dataclass(frozen=True)
class Row:
    """One line of the table; verdict is empty where there is no goal."""

    name: str
    real: str
    generated: str
    goal: str
    found: str
    verdict: str


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: the words after the program's name; None for those of the process.

    Returns:
        Exit status: 0, or 1 with one line on standard error, or if a goal is missed.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.seeds < 1:
            raise InputError(f"--seeds must be 1 or more, got {options.seeds}")
        real = read_volume(options.label).array[0] > 0
        if real.ndim != 3 or not real.any():
            raise InputError(f"{options.label}: must be a volume with vessels; give another label")
        label, drawn = real, []
        for seed in range(options.seeds):
            label = generate_vessels(real.shape, preset=options.preset, seed=seed).label > 0
            drawn.append(label_statistics(label))
        print(
            f"{options.seeds} seeds of preset {options.preset} at {real.shape}; lengths in voxels"
        )
        rows = compare(label_statistics(real), drawn)
        print(table(rows))
        if options.png is not None:
            _save_picture(options.png, real, label)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 1 if any(row.verdict == "MISSED" for row in rows) else 0


def compare(real: LabelStatistics, drawn: Sequence[LabelStatistics]) -> list[Row]:
    """Set the numbers of a real label beside the mean over generated ones.

    Args:
        real: measured on the real label.
        drawn: measured on each generated one.

    Returns:
        The rows of the table.
    """
    rows = []
    for name, field, scale in (
        ("foreground, %", "foreground_fraction", 100.0),
        ("segments/Mvoxel", "segments_per_megavoxel", 1.0),
        ("bifurcations/Mvoxel", "bifurcations_per_megavoxel", 1.0),
    ):
        expected = scale * float(getattr(real, field))
        mean = scale * float(np.mean([getattr(one, field) for one in drawn]))
        apart = mean / expected - 1.0
        found = _verdict(abs(apart) <= _NEAR)
        rows.append(Row(name, f"{expected:.2f}", f"{mean:.2f}", "15 %", f"{apart:+.1%}", found))
    for name, field in (("radius", "radius"), ("length", "length")):
        values = [getattr(one, field) for one in drawn]
        mean = float(np.mean([ks_distance(getattr(real, field), one) for one in values]))
        rows.append(
            Row(
                f"{name}, median",
                f"{np.median(getattr(real, field)):.2f}",
                f"{np.mean([np.median(one) for one in values]):.2f}",
                f"KS {_NEAR}",
                f"{mean:.3f}",
                _verdict(mean <= _NEAR),
            )
        )
    return [*rows, _murray_row(real, drawn), _betti_row(real, drawn)]


def _murray_row(real: LabelStatistics, drawn: Sequence[LabelStatistics]) -> Row:
    there = murray_exponent(real.fork_radii)
    here = murray_exponent(np.concatenate([one.fork_radii for one in drawn]))
    meet = here[1] <= there[2] and there[1] <= here[2]
    both = [f"{n:.2f} ({low:.2f}-{high:.2f})" for n, low, high in (there, here)]
    apart = "yes" if meet else f"{max(there[1] - here[2], here[1] - there[2]):.2f}"
    return Row("Murray (95 %)", both[0], both[1], "overlap", apart, _verdict(meet))


def _betti_row(real: LabelStatistics, drawn: Sequence[LabelStatistics]) -> Row:
    mean = np.mean([one.betti for one in drawn], axis=0)
    numbers = ", ".join(f"{n:.1f}" for n in mean)
    return Row("Betti numbers", ", ".join(map(str, real.betti)), numbers, "none", "", "")


def _verdict(is_met: bool) -> str:
    return "met" if is_met else "MISSED"


def table(rows: Sequence[Row]) -> str:
    """Return the rows as text, at most 80 columns wide.

    Args:
        rows: as `compare` returns them.

    Returns:
        Lines with aligned columns.
    """
    lines = [("", "real", "generated", "goal", "found", "")]
    lines += [(r.name, r.real, r.generated, r.goal, r.found, r.verdict) for r in rows]
    width = [max(len(line[i]) for line in lines) for i in range(6)]
    text = ["  ".join(cell.ljust(w) for cell, w in zip(line, width, strict=True)) for line in lines]
    return "\n".join(line.rstrip() for line in text)


def _save_picture(path: Path, real: npt.NDArray[np.bool_], drawn: npt.NDArray[np.bool_]) -> None:
    """Write projections of the thickness: the real label left, a generated one right."""
    from PIL import Image

    half = np.concatenate([_projection(real), np.full((real.shape[0], 6), 255, np.uint8)], axis=1)
    both = np.concatenate([half, _projection(drawn)], axis=1)
    with replace_when_complete(path) as temporary:
        Image.fromarray(both).save(temporary)


def _projection(label: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """Project along the second axis, thick vessels brighter."""
    thick = label.sum(axis=1, dtype=np.float32)
    return np.asarray(255.0 * np.clip(thick / 20.0, 0.0, 1.0) ** 0.5, dtype=np.uint8)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Compare a real vessel label with what a preset draws at the same size.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("label", type=Path, help="NIfTI file; vessel is every value above 0")
    parser.add_argument("--preset", choices=PRESET_NAMES, default="deepvesselnet", help="settings")
    parser.add_argument("--seeds", type=int, default=5, help="number of volumes to draw")
    parser.add_argument("--png", type=Path, help="write projections of both beside each other")
    return parser


if __name__ == "__main__":
    sys.exit(main())
