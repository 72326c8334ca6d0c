"""``cldice-monai evaluate``: all columns of the paper's Table 1 for folders of masks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cldice_monai.lines import print_now

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["add_parser"]

_DESCRIPTION = """\
Measure predicted masks against labels: Dice, accuracy, clDice, Betti errors,
StreetMover distance, Euler error, Opt-J F1, and more, by patch and by volume.

<case>_mask.nii.gz or <case>.nii.gz in the folder of predictions belongs to
<case>.nii.gz in the folder of labels. Several --pred are compared with the first.
Masks may be .nii, .nrrd, .mha, .zarr, .tif or .png too; a .tif or .png says no
voxel size, so that its lengths are in voxels without --spacing.

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
    add(
        "--spacing",
        metavar="Z,Y,XUNIT",
        help="voxel size of .tif and .png labels along z, y, x (y, x of pictures) with its unit: "
        "5,0.994,0.994um",
    )
    add("--num-workers", metavar="N", type=int, default=1, help="processes (1)")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from cldice_monai.report.evaluation_report import EvaluationRequest, write_evaluation

    request = EvaluationRequest(
        pred_dirs=options.pred,
        label_dir=options.label,
        output_dir=options.out,
        image_dir=options.image,
        n_patches=options.n_patches,
        patch_size=options.patch_size,
        tiling=options.tiling,
        seed=options.seed,
        th_snap=options.th_snap,
        surface_tolerance_mm=options.surface_tolerance_mm,
        classes=options.classes,
        num_workers=options.num_workers,
        spacing=options.spacing,
    )
    write_evaluation(request, show=print_now)
    return 0
