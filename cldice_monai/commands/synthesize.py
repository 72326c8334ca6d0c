"""``cldice-monai synthesize``: a folder of synthetic vessel volumes to train on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cldice_monai.errors import InputError
from cldice_monai.lines import print_now

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["add_parser"]

_PRESETS = ("paper", "hard", "deepvesselnet", "randomised")
_DESCRIPTION = """\
Draw vessel volumes with their labels and write them as NIfTI files with a
Decathlon list OUT/dataset.json. 22 volumes are split 15/2/5 into training,
validation and test as in the clDice paper, other numbers in proportion.

  paper          mild: trees and a capillary mesh, plainly visible
  hard           low contrast, strong bias field, texture, speckle, distractors
  randomised     other settings for every volume
  deepvesselnet  grown arterial trees as in the DeepVesselNet data

OUT appears when it is complete and not before; a folder that is not empty is
never touched."""


def add_parser(subparsers: Subparsers) -> None:
    """Add the command.

    Args:
        subparsers: what ``add_subparsers`` of the main parser returned.
    """
    parser = subparsers.add_parser(
        "synthesize",
        help="draw labelled vessel volumes to train on",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("target", metavar="OUT", type=Path, help="folder to write to")
    parser.add_argument("--n", type=int, default=22, help="number of volumes (default 22)")
    parser.add_argument(
        "--size",
        type=int,
        nargs="+",
        default=[128],
        metavar="N",
        help="sides in voxels, one number or three, each 16 or more (default 128)",
    )
    parser.add_argument("--preset", choices=_PRESETS, default="paper", help="(default paper)")
    parser.add_argument(
        "--seed", type=int, default=0, help="the same seed writes the same voxels (default 0)"
    )
    parser.add_argument("--channels", type=int, default=1, help="of each image (default 1)")
    parser.add_argument(
        "--workers", type=int, default=0, help="processes that draw; 0 for none (default 0)"
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from cldice_monai.data.paper_split import PaperCounts, part_counts
    from cldice_monai.data.synthetic import write_synthetic_dataset

    if options.n < 3:
        raise InputError(f"--n {options.n}: must be 3 or more, one volume for each part")
    size = options.size[0] if len(options.size) == 1 else tuple(options.size)
    try:
        folder = write_synthetic_dataset(
            options.target,
            counts=part_counts(PaperCounts(15, 2, 5), options.n),
            size=size,
            preset=options.preset,
            seed=options.seed,
            n_channels=options.channels,
            n_workers=options.workers,
            progress=print_now,
        )
    except ValueError as error:
        raise InputError(str(error)) from error
    print_now(f"written: {folder}")
    return 0
