"""``cldice-monai predict``: masks, measurements and pictures of image files."""

from __future__ import annotations

import argparse
import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cldice_monai.errors import InputError
from cldice_monai.lines import print_now

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["add_parser"]

_DESCRIPTION = """\
Segment vessels: bright, on a darker background. INPUT is a file, a folder, a
pattern in quotes ('scans/*.nii.gz') or a folder of DICOM slices. Read are NIfTI,
NRRD, MHA, DICOM, OME-Zarr, and TIFF with --spacing.

OUT gets, for each case, <case>_mask in the format of the image and on its grid,
<case>_report.json with lengths, volumes and counts, <case>_preview.png to look
at; and once summary.csv and manifest.json. A case that is done is not done
again. The exit status is 0 only if every case succeeded.

Research software, not a medical device."""


def add_parser(subparsers: Subparsers) -> None:
    """Add the command.

    Args:
        subparsers: what ``add_subparsers`` of the main parser returned.
    """
    parser = subparsers.add_parser(
        "predict",
        help="segment vessels in image files",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("inputs", metavar="INPUT", nargs="+", help="file, folder, pattern or .json list")
    add("-o", "--output", metavar="OUT", type=Path, required=True, help="folder for the results")
    add(
        "--spacing",
        metavar="Z,Y,XUNIT",
        help="voxel size of TIFF files along z, y, x with its unit: 5,0.994,0.994um",
    )
    add(
        "--channels",
        metavar="PATTERN",
        nargs="+",
        help="names of the files of each channel, * for the case: '*_C00.tif' '*_C01.tif' "
        "(without it: x_0000, x_0001)",
    )
    add("--weights", metavar="FILE", type=Path, help="weights (those of the bundle)")
    add("--device", metavar="NAME", help="cpu or cuda (cuda where there is one)")
    add("--threshold", metavar="P", type=float, help="probability from which a voxel is vessel")
    add("--tta", action="store_true", help="average all mirror images: 8 times as slow")
    add("--roi", metavar="N", type=int, nargs="+", help="sides of the window, one or three (64)")
    add("--overlap", metavar="SHARE", type=float, help="of two windows (0.5)")
    add("--precision", choices=("auto", "bfloat16", "float32"), help="of the network on a CPU")
    add("--fill-cavities", action="store_true", help="fill what the mask encloses on all sides")
    add("--min-length-mm", metavar="MM", type=float, help="remove pieces with a shorter centreline")
    add("--save-prob", action="store_true", help="write <case>_prob, too")
    add("--save-skeleton", action="store_true", help="write <case>_skeleton, too")
    add(
        "--max-memory",
        metavar="AMOUNT",
        default="2GB",
        help="a NIfTI or OME-Zarr image that takes more is segmented in parts (2GB)",
    )
    add(
        "--scheduler",
        metavar="ADDRESS",
        help="Dask scheduler whose workers segment OME-Zarr images: tcp://10.0.0.1:8786",
    )
    add("--overwrite", action="store_true", help="do cases again that are done")
    add("--quiet", action="store_true", help="print errors alone")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from cldice_monai.data.spacing import spacing_from_text
    from cldice_monai.inference.manifest import summary_table
    from cldice_monai.inference.request import PredictRequest
    from cldice_monai.inference.run import predict_cases
    from cldice_monai.volumes.memory import parse_bytes

    show = _say_nothing if options.quiet else print_now
    request = PredictRequest(
        inputs=options.inputs,
        output=options.output,
        channels=options.channels,
        spacing=None if options.spacing is None else spacing_from_text(options.spacing),
        weights=options.weights,
        settings=_settings(options),
        save_prob=options.save_prob,
        save_skeleton=options.save_skeleton,
        max_bytes=parse_bytes(options.max_memory),
        scheduler=options.scheduler,
        overwrite=options.overwrite,
        bars=not options.quiet,
    )
    with _logged_notes(shown=not options.quiet):
        results = predict_cases(request, show=show)
    failed = sum(result.status == "failed" for result in results)
    show(f"\n{summary_table(results)}\n\nwritten: {options.output}")
    if failed:
        raise InputError(f"{failed} of {len(results)} cases failed; their faults are named above")
    return 0


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return what was set, by the names of inference.json."""
    names = ("device", "threshold", "overlap", "precision", "min_length_mm")
    settings: dict[str, Any] = {name: getattr(options, name) for name in names}
    settings |= {"tta": options.tta or None, "fill_cavities": options.fill_cavities or None}
    if options.roi is not None:
        settings["roi"] = options.roi if len(options.roi) > 1 else options.roi[0]
    return {name: value for name, value in settings.items() if value is not None}


@contextlib.contextmanager
def _logged_notes(*, shown: bool) -> Iterator[None]:
    logger = logging.getLogger("cldice_monai")
    before = logger.level
    if not shown:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _say_nothing(_: str) -> None:
    return
