"""``cldice-monai evaluate``: all columns of the paper's Table 1 for folders of masks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["add_parser"]

_DESCRIPTION = """\
Measure predicted masks against labels: Dice, accuracy, clDice, Betti errors,
StreetMover distance, Euler error, Opt-J F1, and more, by patch and by volume.

<case>_mask.nii.gz or <case>.nii.gz in the folder of predictions belongs to
<case>.nii.gz in the folder of labels. Several --pred are compared with the first.

Writes OUT/summary.md, report.html, evaluation.json, cases.csv, patches.csv and
error_maps/<case>_ghosts_misses.nii.gz (1 ghost, 2 miss)."""


def add_parser(subparsers: Subparsers) -> None:
    """Add the command.

    Args:
        subparsers: what ``add_subparsers`` of the main parser returned.
    """
    parser = subparsers.add_parser(
        "evaluate",
        help="measure predicted masks against labels",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--pred", metavar="DIR", type=Path, action="append", required=True, help="predictions")
    add("--label", metavar="DIR", type=Path, required=True, help="labels")
    add("--image", metavar="DIR", type=Path, default=None, help="images, for the report's pictures")
    add("--out", metavar="DIR", type=Path, required=True, help="folder for the tables")
    add(
        "--n-patches", metavar="N", type=int, default=24, help="patches of a case (24, the paper's)"
    )
    add("--patch-size", metavar="N", type=int, default=None, help="voxels a side (48; 64 in 2D)")
    add("--tiling", action="store_true", help="cover each volume by patches once")
    add("--seed", metavar="N", type=int, default=0, help="of the patches (0)")
    add("--th-snap", metavar="VOXELS", type=float, default=5.0, help="reach of Opt-J (5)")
    add(
        "--surface-tolerance-mm",
        metavar="MM",
        type=float,
        default=None,
        help="of the surface Dice (the largest side of a voxel)",
    )
    add(
        "--classes",
        metavar="N",
        type=int,
        nargs="+",
        default=(),
        help="values of the masks to measure apart (all above 0 are vessel)",
    )
    add("--num-workers", metavar="N", type=int, default=1, help="processes (1)")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from cldice_monai.errors import InputError
    from cldice_monai.evaluation.case import EvaluationSettings
    from cldice_monai.evaluation.find_pairs import images_by_case
    from cldice_monai.evaluation.run import evaluate
    from cldice_monai.evaluation.tables import write_tables
    from cldice_monai.evaluation.terminal import as_terminal_table
    from cldice_monai.files import require_writable_folder
    from cldice_monai.report.error_maps import write_error_maps
    from cldice_monai.report.page import write_report
    from cldice_monai.topology.patches import PatchSampler

    if options.th_snap <= 0:
        raise InputError(f"--th-snap {options.th_snap}: must be above 0")
    if any(number < 1 for number in options.classes):
        raise InputError(f"--classes {options.classes}: must be 1 or more each")
    try:
        sampler = PatchSampler(
            options.patch_size, options.n_patches, options.seed, tiling=options.tiling
        )
    except ValueError as error:
        raise InputError(f"--n-patches, --patch-size: {error}") from error
    settings = EvaluationSettings(
        sampler,
        th_snap=options.th_snap,
        surface_tolerance_mm=options.surface_tolerance_mm,
        classes=tuple(options.classes),
    )
    images = images_by_case(options.image) if options.image else {}
    require_writable_folder(options.out, argument="--out")
    evaluation = evaluate(
        options.pred, options.label, settings, n_workers=options.num_workers, show=_print_now
    )
    paths = write_tables(evaluation, options.out)
    paths.append(write_report(evaluation, options.out / "report.html", images=images))
    write_error_maps(evaluation, options.out / "error_maps")
    _print_now("")
    _print_now(as_terminal_table(evaluation))
    _print_now("written: " + ", ".join(str(path) for path in paths))
    return 0


def _print_now(text: str) -> None:
    print(text, flush=True)
