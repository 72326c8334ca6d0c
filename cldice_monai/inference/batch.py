"""The cases of a run, one after the other: a bad one does not stop the others."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from math import prod
from typing import Any

from cldice_monai.data.cases import VesselCase
from cldice_monai.errors import InputError, first_line
from cldice_monai.inference.calls import count_calls
from cldice_monai.inference.case import LoadedCase, load_case, save_case
from cldice_monai.inference.folder import OutputFolder
from cldice_monai.inference.grid import enlargement_note, read_grid, working_voxels
from cldice_monai.inference.large import needs_streaming, save_large_case
from cldice_monai.inference.measure import cavity_note
from cldice_monai.inference.progress import Progress
from cldice_monai.inference.recipe import Recipe
from cldice_monai.inference.request import CaseResult, PredictRequest
from cldice_monai.transforms.working_grid import was_resampled
from cldice_monai.volumes.memory import format_bytes
from cldice_monai.workflows.too_much_vessel import too_much_vessel

__all__ = ["Batch"]

_logger = logging.getLogger(__name__)
_AHEAD = 512 << 20  # bytes of a file up to which it is read while the one before is segmented


class Batch:
    """Cases one after the other, the next one read while the network runs.

    Args:
        request: inputs, output and settings.
        recipe: weights and settings, loaded.
        folder: where the results go.
        made_with: from `cldice_monai.inference.finished.made_with`.
        show: takes a line for the user about each case.
    """

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
        """Segment what is not done.

        Args:
            cases: all of them.
            finished: reports of those that are done, by case id.

        Returns:
            A result for each case, in their order.
        """
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
        """Return the case; None where it is not to be in memory."""
        side_mm, max_bytes = self.recipe.settings["side_mm"], self.request.max_bytes
        if self.request.scheduler is not None:
            return None
        if needs_streaming(case, max_bytes=max_bytes, side_mm=side_mm):
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
            problem = first_line(error)
        except MemoryError:
            problem = f"{case.image[0]}: does not fit into memory; crop or downsample it"
        except Exception as error:  # a fault of ours must not cost the cases behind it
            _logger.debug("case %s", case.case_id, exc_info=True)
            what = (str(error) or "no message").splitlines()[0][:160]
            problem = f"{case.image[0]}: failed ({type(error).__name__}: {what}); please report it"
        else:
            bar.clear()
            self.show(_done_line(case.case_id, report))
            doubts = too_much_vessel(report["vessel_fraction"])
            for line in (*doubts, *cavity_note(report["betti_numbers"])):
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
        if self.request.scheduler is None:
            amount = format_bytes(self.request.max_bytes)
            self.show(
                f"note: {case.case_id}: takes more than {amount} of memory, so it is segmented in "
                "parts"
            )
        if (grid := read_grid(case.image)) is not None:
            after = working_voxels(*grid, side_mm=self.recipe.settings["side_mm"])
            for line in enlargement_note(prod(grid[0]), after):
                self.show(f"note: {case.case_id}: {line}")
        return save_large_case(
            case,
            self.recipe,
            self.folder,
            made_with=self.made_with,
            request=self.request,
            started=started,
            progress=bar.share,
        )

    def _note(self, loaded: LoadedCase, bar: Progress) -> None:
        lines = [f"note: {line}" for line in loaded.notes]
        before, after = prod(loaded.volume.array.shape[1:]), prod(loaded.item["image"].shape[1:])
        lines += [f"note: {loaded.case.case_id}: {n}" for n in enlargement_note(before, after)]
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
