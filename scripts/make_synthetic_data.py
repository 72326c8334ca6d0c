#!/usr/bin/env python
"""Write a folder of synthetic vessel volumes; `--help` lists the choices."""

from __future__ import annotations

import argparse
import sys

from cldice_monai.data.synthetic import write_synthetic_dataset
from cldice_monai.data.synthetic.presets import PRESET_NAMES
from cldice_monai.errors import InputError


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: the words after the program's name; None for those of the process.

    Returns:
        Exit status: 0, or 1 with one line on standard error.
    """
    options = _parser().parse_args(arguments)
    size = options.size[0] if len(options.size) == 1 else tuple(options.size)
    try:
        folder = write_synthetic_dataset(
            options.folder,
            n_training=options.training,
            n_validation=options.validation,
            n_test=options.test,
            size=size,
            preset=options.preset,
            seed=options.seed,
            n_channels=options.channels,
            progress=None if options.quiet else _print_now,
        )
    except (InputError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if not options.quiet:
        _print_now(f"written: {folder}")
    return 0


def _print_now(line: str) -> None:
    print(line, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Write synthetic vessel volumes with labels: NIfTI files and a dataset.json.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("folder", help="where to write; must not exist, or be empty")
    parser.add_argument("--training", type=int, default=4, help="number of training volumes")
    parser.add_argument("--validation", type=int, default=1, help="number of validation volumes")
    parser.add_argument("--test", type=int, default=1, help="number of test volumes")
    parser.add_argument(
        "--size", type=int, nargs="+", default=[96], help="sides in voxels: one number or three"
    )
    parser.add_argument("--preset", choices=PRESET_NAMES, default="paper", help="kind of volume")
    parser.add_argument("--seed", type=int, default=0, help="the same seed writes the same voxels")
    parser.add_argument("--channels", type=int, default=1, help="channels of each image")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")
    return parser


if __name__ == "__main__":
    sys.exit(main())
