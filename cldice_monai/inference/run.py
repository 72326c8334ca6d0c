"""A batch of cases: those that are done are skipped, and a bad one does not stop the others."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import cldice_monai
from cldice_monai.data.cases import VesselCase
from cldice_monai.data.formats import format_of
from cldice_monai.data.spacing import Spacing
from cldice_monai.errors import InputError
from cldice_monai.inference.calls import count_calls
from cldice_monai.inference.case import LoadedCase, load_case, save_case
from cldice_monai.inference.folder import OutputFolder
from cldice_monai.inference.identity import is_unchanged
from cldice_monai.inference.inputs import find_inputs
from cldice_monai.inference.large import needs_streaming, save_large_case
from cldice_monai.inference.manifest import write_summaries
from cldice_monai.inference.progress import Progress
from cldice_monai.inference.recipe import Recipe
from cldice_monai.transforms.working_grid import was_resampled
from cldice_monai.volumes.memory import format_bytes
from cldice_monai.workflows.too_much_vessel import too_much_vessel

__all__ = ["CaseResult", "PredictRequest", "predict_cases"]

_logger = logging.getLogger(__name__)
_AHEAD = 512 << 20  # bytes of a file up to which it is read while the one before is segmented


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
        overwrite: segment cases again that are done.
        bars: draw bars on the terminal.
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
    """

    case: VesselCase
    status: Literal["done", "skipped", "failed"]
    report: dict[str, Any] | None = None
    problem: str | None = None


def predict_cases(
    request: PredictRequest, *, show: Callable[[str], None] = print
) -> list[CaseResult]:
    """Segment every case, and write the summary and the manifest of the run.

    Args:
        request: inputs, output and settings.
        show: takes a line for the user about each case.

    Returns:
        A result for each case, in their order.

    Raises:
        InputError: if inputs, output, weights or settings cannot be used, or the folder holds
            results that were made otherwise and ``overwrite`` is not set.
    """
    started = time.monotonic()
    cases = find_inputs(request.inputs, channels=request.channels)
    _prepare_formats(cases, request.spacing)
    settings = {**request.settings, "save_prob": request.save_prob}
    recipe = Recipe(weights=request.weights, settings=settings)
    made_with = _made_with(recipe, request.spacing)
    with OutputFolder(request.output) as folder:
        finished = {} if request.overwrite else _finished(cases, folder, request, made_with)
        batch = _Batch(request, recipe, folder, made_with, show)
        results = batch.run(cases, finished)
        write_summaries(folder, results, recipe=recipe, seconds=time.monotonic() - started)
    return results


def _made_with(recipe: Recipe, spacing: Spacing | None) -> dict[str, Any]:
    return {
        "cldice_monai": cldice_monai.__version__,
        "weights_sha256": recipe.weights.sha256,
        "spacing": None if spacing is None else [*spacing.sizes, spacing.unit],
        **recipe.settings,
    }


def _prepare_formats(cases: Sequence[VesselCase], spacing: Spacing | None) -> None:
    formats = [format_of(path) for case in cases for path in case.image]
    for known in formats:
        if known is not None:
            known.load()
    if spacing is not None and not any(f is not None and f.needs_spacing for f in formats):
        raise InputError(
            "--spacing has no effect: no input is a TIFF file, the others say the size of their "
            "voxels; leave it out"
        )


def _finished(
    cases: Sequence[VesselCase],
    folder: OutputFolder,
    request: PredictRequest,
    made_with: dict[str, Any],
) -> dict[str, dict[str, Any]]:
    """Return the reports of the cases that are done; refuse those that were made otherwise."""
    wanted = {"mask", *(["prob"] if request.save_prob else [])}
    wanted |= {"skeleton"} if request.save_skeleton else set()
    found, others = {}, []
    for case in cases:
        report = folder.report(case.case_id)
        if report is None or not folder.has_all(report.get("files")):
            continue
        before = report.get("made_with") or {}
        differ = sorted(name for name in made_with if before.get(name) != made_with[name])
        if not is_unchanged(report.get("input"), case.image):
            differ.append("input")
        if differ:
            others.append((case.case_id, differ))
        elif wanted <= set(report["files"]):
            found[case.case_id] = report
    if others:
        name, differ = others[0]
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        raise InputError(
            f"{folder.path}: holds a result of {name}{more} made with other "
            f"{', '.join(differ)}; pass --overwrite, or choose another folder"
        )
    return found


class _Batch:
    """Cases one after the other, the next one read while the network runs."""

    def __init__(
        self,
        request: PredictRequest,
        recipe: Recipe,
        folder: OutputFolder,
        made_with: dict[str, Any],
        show: Callable[[str], None],
    ) -> None:
        self.request, self.recipe, self.folder = request, recipe, folder
        self.made_with = made_with
        self.show = show
        self._said_unit = False

    def run(
        self, cases: Sequence[VesselCase], finished: dict[str, dict[str, Any]]
    ) -> list[CaseResult]:
        results: dict[str, CaseResult] = {
            case.case_id: CaseResult(case, "skipped", finished[case.case_id])
            for case in cases
            if case.case_id in finished
        }
        if results:
            self.show(f"{len(results)} of {len(cases)} cases are done already; --overwrite redoes")
        left = [case for case in cases if case.case_id not in results]
        bar = Progress(sys.stderr, n_cases=len(left), is_on=self.request.bars)
        reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reader")
        try:
            ahead: Future[LoadedCase | None] | None = None
            for number, case in enumerate(left):
                bar.start(case.case_id)
                future = ahead or reader.submit(self._load, case)
                following = left[number + 1] if number + 1 < len(left) else None
                result, ahead = self._one(case, future, following, reader, bar)
                results[case.case_id] = result
        finally:
            bar.clear()
            reader.shutdown(wait=False, cancel_futures=True)
        return [results[case.case_id] for case in cases]

    def _load(self, case: VesselCase) -> LoadedCase | None:
        """Return the case; None where it is too large to be in memory."""
        side_mm = self.recipe.settings["side_mm"]
        if needs_streaming(case, max_bytes=self.request.max_bytes, side_mm=side_mm):
            return None
        return load_case(case, self.recipe, spacing=self.request.spacing)

    def _one(
        self,
        case: VesselCase,
        future: Future[LoadedCase | None],
        following: VesselCase | None,
        reader: ThreadPoolExecutor,
        bar: Progress,
    ) -> tuple[CaseResult, Future[LoadedCase | None] | None]:
        started = time.monotonic()
        ahead = None
        try:
            loaded = future.result()
            if following is not None and _is_small(following):
                ahead = reader.submit(self._load, following)
            if loaded is None:
                report = self._stream(case, bar, started)
            else:
                self._note(loaded, bar)
                report = self._segment(loaded, bar, started)
        except InputError as error:
            problem = str(error).splitlines()[0]
        except MemoryError:
            problem = f"{case.image[0]}: does not fit into memory; crop or downsample it"
        except Exception as error:  # a fault of ours must not cost the cases behind it
            _logger.debug("case %s", case.case_id, exc_info=True)
            what = (str(error) or "no message").splitlines()[0][:160]
            problem = f"{case.image[0]}: failed ({type(error).__name__}: {what}); please report it"
        else:
            bar.clear()
            self.show(_done_line(case.case_id, report))
            for line in too_much_vessel(report["vessel_fraction"]):
                self.show(f"warning: {case.case_id}: {line}")
            return CaseResult(case, "done", report), ahead
        bar.clear()
        print(f"error: {problem}", file=sys.stderr, flush=True)
        return CaseResult(case, "failed", problem=problem), ahead

    def _segment(self, loaded: LoadedCase, bar: Progress, started: float) -> dict[str, Any]:
        image = loaded.item["image"]
        size, resampled = tuple(image.shape[1:]), was_resampled(image)
        bar.begin_windows(count_calls(self.recipe.inferer, size, resampled=resampled))
        found = self.recipe.segment(loaded.item, wrap=bar.counting)
        bar.say("measuring")
        return save_case(
            loaded,
            found,
            self.folder,
            made_with=self.made_with,
            save_skeleton=self.request.save_skeleton,
            started=started,
            is_picture=self.recipe.is_for_pictures,
        )

    def _stream(self, case: VesselCase, bar: Progress, started: float) -> dict[str, Any]:
        bar.clear()
        amount = format_bytes(self.request.max_bytes)
        self.show(
            f"note: {case.case_id}: takes more than {amount} of memory, so it is segmented in "
            "parts; a larger --max-memory measures radii and branches, too"
        )
        if self.request.save_skeleton:
            raise InputError(
                f"{case.image[0]}: --save-skeleton needs the whole mask in memory; raise "
                "--max-memory or leave it out"
            )
        return save_large_case(
            case,
            self.recipe,
            self.folder,
            made_with=self.made_with,
            max_bytes=self.request.max_bytes,
            started=started,
            progress=bar.share,
        )

    def _note(self, loaded: LoadedCase, bar: Progress) -> None:
        lines = [f"note: {line}" for line in loaded.notes]
        is_file_of_lengths = not self.recipe.is_for_pictures
        if loaded.volume.unit == "unknown" and is_file_of_lengths and not self._said_unit:
            self._said_unit = True
            lines.append(
                f"note: {loaded.volume.path}: names no unit of length, so it counts as mm (said "
                "once a run)"
            )
        if lines:
            bar.clear()
        for line in lines:
            self.show(line)


def _is_small(case: VesselCase) -> bool:
    try:
        return all(path.is_file() and path.stat().st_size < _AHEAD for path in case.image)
    except OSError:
        return False


def _done_line(case_id: str, report: dict[str, Any]) -> str:
    shape = "x".join(str(n) for n in report["shape"])
    return f"{case_id}: {shape} voxels in {report['wall_seconds']:.1f} s"
