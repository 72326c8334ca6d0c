"""What `prepare` found, as a table of 80 columns."""

from __future__ import annotations

import statistics
import textwrap
from collections.abc import Sequence

import numpy as np

from cldice_monai.data.check_case import CaseReport
from cldice_monai.data.paper_split import SplitIds
from cldice_monai.data.source import Source

__all__ = ["found_table", "parts_table"]

_MOST_ROWS = 8
_UNITS = {"mm": "mm", "micron": "um", "meter": "m", "unknown": "no unit"}
_SHAPE_WIDTH, _SIZE_WIDTH, _LINE_WIDTH = 16, 22, 80
_ROW = f"{{:>6}}  {{:>8}}  {{:<{_SHAPE_WIDTH}}}{{:<{_SIZE_WIDTH}}}{{:>7}}{{:>7}}{{:>7}}"
_Group = tuple[int, str, str]


def found_table(source: Source, reports: Sequence[CaseReport], *, n_faulty: int) -> str:
    """Return the table of what the files hold: one row for all cases of one shape.

    Args:
        source: the dataset.
        reports: one for each case, those with faults included.
        n_faulty: number of cases that cannot be used.

    Returns:
        Lines of 80 characters at most.
    """
    groups: dict[_Group, list[CaseReport]] = {}
    for report in reports:
        if report.image is not None:
            groups.setdefault(_group(source, report), []).append(report)
    lines = [
        _ROW.format("", "", "", "", "", f"{source.structure}, %", "").rstrip(),
        _ROW.format("cases", "channels", "shape", "voxel size", "least", "median", "most"),
    ]
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    for (channels, shape, size), members in ordered[:_MOST_ROWS]:
        shares = [100 * r.vessel_share for r in members if r.vessel_share is not None]
        if len(shape) < _SHAPE_WIDTH and len(size) < _SIZE_WIDTH:
            lines.append(_ROW.format(len(members), channels, shape, size, *_spread(shares)))
        else:  # the shares on a line of their own
            lines.append(f"{len(members):>6}  {channels:>8}  {shape}  {size}")
            lines.append(_ROW.format("", "", "", "", *_spread(shares)))
    if len(ordered) > _MOST_ROWS:
        n_more = sum(len(members) for _, members in ordered[_MOST_ROWS:])
        lines.append(f"{n_more:>6}  of {len(ordered) - _MOST_ROWS} other shapes or voxel sizes")
    n_unread = sum(report.image is None for report in reports)
    if n_unread:
        lines.append(f"{n_unread:>6}  whose image cannot be read")
    lines += _mask_line(reports)
    lines.append(f"{n_faulty:>6}  {'has a fault' if n_faulty == 1 else 'have a fault'}")
    return "\n".join(line.rstrip() for line in lines)


def parts_table(split: SplitIds, *, seed: int, n_left_out: int) -> str:
    """Return the table of how many cases each part has.

    Args:
        split: the parts.
        seed: the seed they were drawn with.
        n_left_out: cases left out for their faults.

    Returns:
        Lines of 80 characters at most.
    """
    folds = " + ".join(str(len(fold)) for fold in split.folds)
    rows = [
        ("training", str(len(split.training))),
        ("validation", str(len(split.validation))),
        ("test", str(len(split.test))),
        ("not drawn", str(len(split.unused))),
        ("left out", str(n_left_out)),
    ]
    lines = [f"{name:<12}{count:>6}" for name, count in rows if count != "0"]
    last = f"{'folds':<12}{folds:>6} of training and validation; seed {seed}"
    lines += textwrap.wrap(last, _LINE_WIDTH, subsequent_indent=" " * 12)
    return "\n".join(lines)


def _group(source: Source, report: CaseReport) -> _Group:
    image = report.image
    assert image is not None
    n_axes = source.spatial_dims
    shape = "x".join(str(n) for n in image.array.shape[1 : 1 + n_axes])
    if n_axes == 2 and image.unit == "unknown":
        return len(image.array), shape, "not stated"
    sizes = np.linalg.norm(image.affine[:3, :3], axis=0)[:n_axes]
    size = "x".join(f"{value:.3g}" for value in sizes)
    return len(image.array), shape, f"{size} {_UNITS[image.unit]}"


def _spread(shares: Sequence[float]) -> tuple[str, str, str]:
    if not shares:
        return "-", "-", "-"
    least, middle, most = min(shares), statistics.median(shares), max(shares)
    return _percent(least), _percent(middle), _percent(most)


def _percent(value: float) -> str:
    """Write a share with three digits, or with one where that would fill the column."""
    text = f"{value:.3g}"
    return text if len(text) < 7 else f"{value:.0e}"


def _mask_line(reports: Sequence[CaseReport]) -> list[str]:
    shares = [100 * report.mask_share for report in reports if report.mask_share is not None]
    if not shares:
        return []
    n_partial = sum(share < 100 for share in shares)
    words = f"masks, {n_partial} of them with a part outside; kept, %"
    return [f"{len(shares):>6}  {words:<48}" + "{:>7}{:>7}{:>7}".format(*_spread(shares))]
