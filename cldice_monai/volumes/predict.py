"""Segment a volume that is larger than memory: file in, mask and figures out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cldice_monai.data.boxwise.formats import open_volume, write_volume
from cldice_monai.data.boxwise.large_volume import LargeVolume
from cldice_monai.volumes.figures import blockwise_figures
from cldice_monai.volumes.job import SegmentationJob
from cldice_monai.volumes.large_settings import LargeSettings, Predictor
from cldice_monai.volumes.memory import PeakMemory, give_freed_memory_back, memory_in_use
from cldice_monai.volumes.normalised import channel_ranges
from cldice_monai.volumes.plan import MemoryPlan, plan_memory
from cldice_monai.volumes.working_volume import fill_values

__all__ = ["LargeResult", "predict_large", "predict_volume"]


@dataclass(frozen=True)
class LargeResult:
    """What the segmentation of a large volume gives.

    Attributes:
        mask: the file that was written.
        figures: of the mask, see `blockwise_figures`.
        n_columns: columns, or blocks where it was resampled, that the volume was cut into; 1 for
            slabs.
        peak_bytes: the most anonymous and shared memory that the process took.
        smallest_bytes: the least ``max_bytes`` that would have been accepted.

    Example:
        >>> found = LargeResult(Path("mask.nii.gz"), {"vessel_fraction": 0.1}, 1, 640, 512)
        >>> found.mask.name, found.figures["vessel_fraction"]
        ('mask.nii.gz', 0.1)
    """

    mask: Path
    figures: dict[str, Any]
    n_columns: int
    peak_bytes: int
    smallest_bytes: int


def predict_large(
    paths: Sequence[Path],
    mask_path: Path,
    predict: Predictor,
    *,
    settings: LargeSettings,
    prob_path: Path | None = None,
    skeleton_path: Path | None = None,
    progress: Callable[[float], None] | None = None,
) -> LargeResult:
    """Segment one volume without ever having it in memory.

    The mask is that of the same network in memory, see `SlabInferer`; that of a volume which is
    resampled and seen at several resolutions, too.

    Args:
        paths: NIfTI files in the order of the channels, or the folder of one OME-Zarr image.
        mask_path: file to write in the format of its ending: .nii, .nii.gz or .zarr.
        predict: the network: windows (n, C, ...), float32 on the CPU, to logits (n, K, ...) on any
            device.
        settings: of the windows and the memory.
        prob_path: file for the probability of a vessel, whatever its class; None writes none.
        skeleton_path: file for the skeleton of the mask; None writes none.
        progress: is told the finished share of the inference, 0 to 1.

    Returns:
        The mask, its figures and the memory that it took.

    Raises:
        InputError: if a file cannot be used or written, or the memory is too small.

    Example:
        >>> import nibabel, numpy, tempfile
        >>> vessel = numpy.zeros((32, 32, 32), numpy.float32)
        >>> vessel[15:18, 15:18] = 200
        >>> settings = LargeSettings(roi=(16, 16, 16), max_bytes=16 * 10**9)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     scan, mask = Path(folder, "scan.nii"), Path(folder, "mask.nii.gz")
        ...     nibabel.save(nibabel.Nifti1Image(vessel, numpy.eye(4)), scan)
        ...     found = predict_large([scan], mask, lambda x: 9 * x - 4, settings=settings)
        >>> found.figures["betti_numbers"], found.figures["vessel_volume_mm3"]
        ({'b0': 1, 'b1': 0, 'b2': 0}, 288.0)
    """
    with open_volume(paths, mask_path.parent) as volume:
        return predict_volume(
            volume,
            mask_path,
            predict,
            settings=settings,
            prob_path=prob_path,
            skeleton_path=skeleton_path,
            progress=progress,
        )


def predict_volume(
    volume: LargeVolume,
    mask_path: Path,
    predict: Predictor,
    *,
    settings: LargeSettings,
    prob_path: Path | None = None,
    skeleton_path: Path | None = None,
    progress: Callable[[float], None] | None = None,
) -> LargeResult:
    """Do what `predict_large` does with a volume that is open already.

    Args:
        volume: from `open_volume`.
        mask_path: as there.
        predict: as there.
        settings: as there.
        prob_path: as there.
        skeleton_path: as there.
        progress: as there.

    Returns:
        As there.

    Raises:
        InputError: as there.

    Example:
        >>> import nibabel, numpy, tempfile
        >>> vessel = numpy.zeros((32, 32, 32), numpy.float32)
        >>> vessel[15:18, 15:18] = 200
        >>> settings = LargeSettings(roi=(16, 16, 16), max_bytes=16 * 10**9)
        >>> with tempfile.TemporaryDirectory() as name:
        ...     folder = Path(name)
        ...     nibabel.save(nibabel.Nifti1Image(vessel, numpy.eye(4)), folder / "scan.nii")
        ...     with open_volume([folder / "scan.nii"], folder) as volume:
        ...         mask = folder / "mask.nii.gz"
        ...         found = predict_volume(volume, mask, lambda x: 9 * x - 4, settings=settings)
        >>> found.n_columns, found.peak_bytes < settings.max_bytes
        (1, True)
    """
    give_freed_memory_back()
    with PeakMemory(interval_s=0.005) as peak, ExitStack() as stack:
        # planned with any range, so that too little memory is told before the volume is read
        job = SegmentationJob(volume, settings, predict)
        plan = _plan(job)
        if job.is_resampled:
            job = SegmentationJob(volume, settings, predict, fills=fill_values(volume))
        job.ranges = channel_ranges(job.working, settings.cutoff, settings.floor)
        mask = stack.enter_context(write_volume(mask_path, like=volume))
        prob = None
        if prob_path is not None:
            prob = stack.enter_context(write_volume(prob_path, like=volume, dtype="float32"))
        skeleton = None
        if skeleton_path is not None:
            skeleton = stack.enter_context(write_volume(skeleton_path, like=volume))
        job.run(plan.regions, mask, prob, progress)
        figures = blockwise_figures(
            lambda box: mask.read(box) > 0,
            volume,
            topology_side=plan.topology_side,
            thinning_side=plan.thinning_side,
            parts_bytes=plan.parts_bytes,
            open_bytes=plan.open_bytes,
            skeleton=skeleton,
        )
    return LargeResult(mask_path, figures, len(plan.regions), peak.n_bytes, plan.smallest_bytes)


def _plan(job: SegmentationJob) -> MemoryPlan:
    """Plan with the memory that the network takes for one batch of windows."""
    n_outputs, busy_bytes = job.try_out()
    give_freed_memory_back()
    return plan_memory(
        job,
        n_outputs=n_outputs,
        max_bytes=job.settings.max_bytes,
        idle_bytes=memory_in_use(),
        busy_bytes=busy_bytes,
    )
