"""``cldice-monai cross-validate``: the bundle's training for every fold, and their summary."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cldice_monai.errors import InputError
from cldice_monai.lines import print_now

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["add_parser"]

_DRAWN_FOLDS = 3  # as the training draws them
_DESCRIPTION = """\
Train the bundle once for each fold of DATA, into OUT/fold_0, OUT/fold_1 and so
on, and write the validation scores with mean and standard deviation to
OUT/cross_validation.json and .md.

DATA is what the training takes as --dataset_dir. A list that "prepare" wrote
names its folds; without such a list three are drawn by --seed. All that
follows is handed on to each training: --epochs 50 --lr 0.001 ...

The same command again goes on where it was stopped."""


def add_parser(subparsers: Subparsers) -> None:
    """Add the command.

    Args:
        subparsers: what ``add_subparsers`` of the main parser returned.
    """
    parser = subparsers.add_parser(
        "cross-validate",
        help="train the bundle on every fold and compare",
        description=_DESCRIPTION,
        usage="cldice-monai cross-validate DATA OUT [options] [--KEY VALUE ...]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("data", metavar="DATA", type=Path, help="volumes to train on, or a list")
    parser.add_argument("target", metavar="OUT", type=Path, help="folder to write to")
    _add_options(parser)
    parser.add_argument("settings", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.set_defaults(run=_run, bundle=None, folds=None, overlay=None)


def _add_options(parser: argparse.ArgumentParser) -> None:
    """Add what may stand before the folders, where argparse finds it, and after them."""
    parser.add_argument(
        "--folds",
        type=int,
        default=argparse.SUPPRESS,
        metavar="N",
        help="train on the first N folds only (default: all)",
    )
    parser.add_argument(
        "--overlay",
        nargs="+",
        action="extend",
        default=argparse.SUPPRESS,
        metavar="FILE",
        help="config files on top of train.json, such as loss_dice",
    )
    parser.add_argument(
        "--bundle",
        type=Path,
        default=argparse.SUPPRESS,
        metavar="DIR",
        help="an edited copy of the bundle",
    )


def _run(options: argparse.Namespace) -> int:
    from cldice_monai.bundle_folder import bundle_dir
    from cldice_monai.workflows.cross_validation import cross_validate, summary_table

    behind = argparse.ArgumentParser(
        prog="cldice-monai cross-validate", add_help=False, allow_abbrev=False
    )
    _add_options(behind)
    options, settings = behind.parse_known_args(options.settings, namespace=options)
    bundle = options.bundle or bundle_dir()
    if not (bundle / "configs" / "train.json").is_file():
        raise InputError(f"--bundle {bundle}: holds no configs/train.json")
    results = cross_validate(
        options.data,
        options.target,
        bundle=bundle.resolve(),
        n_folds=_n_folds(options.data, options.folds),
        overlays=options.overlay or (),
        settings=settings,
        show=print_now,
    )
    print_now(summary_table(results))
    print_now(f"written: {options.target / 'cross_validation.json'} and .md")
    failed = [str(result.fold) for result in results if result.failed_because is not None]
    if failed:
        raise InputError(
            f"fold {', '.join(failed)} of {len(results)} failed, as said above; mend it and "
            "repeat the command, the others are kept"
        )
    return 0


def _n_folds(data: Path, asked: int | None) -> int:
    """Return how many folds to train: those that the data name, or those that are drawn."""
    from cldice_monai.data import find_training_cases

    try:
        named = len(find_training_cases(data).folds)
    except InputError:  # the first training says it
        named = 0
    there_are = named or _DRAWN_FOLDS
    if asked is not None and not 1 <= asked <= there_are:
        raise InputError(f"--folds {asked}: there are {there_are} folds")
    return asked or there_are
