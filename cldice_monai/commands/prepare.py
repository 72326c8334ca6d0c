"""``cldice-monai prepare``: from a published dataset to a checked Decathlon list."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cldice_monai.errors import InputError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["add_parser"]


def add_parser(subparsers: Subparsers) -> None:
    """Add the command.

    Args:
        subparsers: what ``add_subparsers`` of the main parser returned.
    """
    parser = subparsers.add_parser("prepare", help="check a dataset and list it for training")
    parser.add_argument("dataset", metavar="DATASET")
    parser.add_argument("source", metavar="SRC", type=Path)
    parser.add_argument("target", metavar="DST", type=Path)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    raise InputError(f"{options.source}: no dataset can be prepared yet")
