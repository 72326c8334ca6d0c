"""``cldice-monai prepare``: from a published dataset to a checked Decathlon list."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cldice_monai.errors import InputError
from cldice_monai.lines import print_now

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["add_parser"]

_NAMES = ("vessap", "deepvesselnet", "drive", "roads", "cremi", "folder")
_DESCRIPTION = """\
Check every file of a dataset that you have, draw training, validation and test
parts and folds, and write DST/dataset.json to train from.

  vessap         raw/ and gt/; prep/ and gt_all/; inputs.txt and labels.txt
  deepvesselnet  raw/ and seg/
  drive          training/ and test/ with images/, 1st_manual/, mask/
  roads          train/, valid/, test/ with sat/, map/
  cremi          sample_A*.hdf, sample_B*.hdf, sample_C*.hdf
  folder         imagesTr/ and labelsTr/

NIfTI files are referred to where they are; the others are converted into DST.
Nothing is downloaded and no file of SRC is changed."""


def add_parser(subparsers: Subparsers) -> None:
    """Add the command.

    Args:
        subparsers: what ``add_subparsers`` of the main parser returned.
    """
    parser = subparsers.add_parser(
        "prepare",
        help="check a dataset and list it for training",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("dataset", metavar="DATASET", choices=_NAMES, help="see above")
    parser.add_argument("source", metavar="SRC", type=Path, help="folder with the data")
    parser.add_argument("target", metavar="DST", type=Path, help="folder to write to")
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="the same seed draws the same parts (default 0)",
    )
    parser.add_argument(
        "--folds", type=int, default=3, metavar="N", help="number of folds (default 3)"
    )
    parser.add_argument(
        "--channels",
        "--in_channels",  # as the bundle calls it, and as messages do
        type=int,
        default=None,
        metavar="N",
        help="channels of an image, for vessap (1 or 2) and folder (default 1)",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="take every case where the paper took some of a larger release",
    )
    parser.add_argument(
        "--skip-bad", action="store_true", help="leave out cases with a fault, naming each"
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from cldice_monai.data.prepare import prepare_dataset
    from cldice_monai.data.source_names import source_named

    if options.seed < 0:
        raise InputError(f"--seed {options.seed}: must be 0 or more")
    if options.folds < 2:
        raise InputError(f"--folds {options.folds}: must be 2 or more")
    prepared = prepare_dataset(
        source_named(options.dataset, in_channels=options.channels),
        options.source,
        options.target,
        seed=options.seed,
        n_folds=options.folds,
        skip_bad=options.skip_bad,
        take_all=options.all,
        show=print_now,
    )
    print_now(f"written: {prepared.list_path}")
    return 0
