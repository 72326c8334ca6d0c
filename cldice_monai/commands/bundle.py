"""``cldice-monai bundle``: a copy of the MONAI bundle, to edit."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["add_parser"]

_DESCRIPTION = """\
Copy the MONAI bundle of this installation to OUT: configs, docs, licence and
weights. Edit the copy, and run it by

  python -m monai.bundle run --bundle_root OUT \\
      --config_file OUT/configs/inference.json --dataset_dir PATH

OUT appears when it is complete and not before; a folder that is not empty is
never touched."""


def add_parser(subparsers: Subparsers) -> None:
    """Add the command.

    Args:
        subparsers: what ``add_subparsers`` of the main parser returned.
    """
    parser = subparsers.add_parser(
        "bundle",
        help="copy the MONAI bundle out, to edit it",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("target", metavar="OUT", type=Path, help="folder to write to")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from cldice_monai.bundle_folder import copy_bundle

    print(f"written: {copy_bundle(options.target)}", flush=True)
    return 0
