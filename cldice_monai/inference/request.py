"""What a run of predict is asked for, and how each of its cases ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.spacing import Spacing

__all__ = ["CaseResult", "PredictRequest"]


@dataclass(frozen=True, kw_only=True)
class PredictRequest:
    """What a user asks for.

    Attributes:
        inputs: files, folders, patterns or lists.
        output: folder for the results.
        channels: one pattern a channel; None where names end in _0000, _0001.
        spacing: voxel size for formats that do not say it.
        weights: file of the weights; None for those of the bundle.
        settings: keys of inference.json and their values.
        save_prob: write probabilities, too.
        save_skeleton: write the skeleton, too.
        max_bytes: memory that a case may take; one that would take more is segmented in parts.
        scheduler: address of a Dask scheduler whose workers segment OME-Zarr images; None for this
            process.
        overwrite: segment cases again that are done.
        bars: draw bars on the terminal.

    Example:
        >>> request = PredictRequest(
        ...     inputs=["scans/*.nii.gz"], output=Path("masks"), settings={"threshold": 0.4}
        ... )
        >>> request.max_bytes, request.save_prob
        (2000000000, False)
    """

    inputs: Sequence[str | Path]
    output: Path
    channels: Sequence[str] | None = None
    spacing: Spacing | None = None
    weights: Path | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    save_prob: bool = False
    save_skeleton: bool = False
    max_bytes: int = 2_000_000_000
    scheduler: str | None = None
    overwrite: bool = False
    bars: bool = False


@dataclass(frozen=True)
class CaseResult:
    """How a case ended.

    Attributes:
        case: its files.
        status: ``"done"``, ``"skipped"`` where it was done before, or ``"failed"``.
        report: what its report says; None where it failed.
        problem: one line; None where it did not fail.

    Example:
        >>> case = VesselCase("a", (Path("a.nii.gz"),))
        >>> result = CaseResult(case, "failed", problem="a.nii.gz: damaged; copy it again")
        >>> result.report is None
        True
    """

    case: VesselCase
    status: Literal["done", "skipped", "failed"]
    report: dict[str, Any] | None = None
    problem: str | None = None
