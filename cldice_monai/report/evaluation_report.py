"""From folders of masks to tables, page and maps: what the command line and the bundle run."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch.distributed as dist

from cldice_monai.data.spacing import Spacing, spacing_from_text
from cldice_monai.errors import InputError
from cldice_monai.evaluation.case import EvaluationSettings
from cldice_monai.evaluation.find_pairs import find_pairs
from cldice_monai.evaluation.jobs import measure_across_ranks, several_processes
from cldice_monai.evaluation.run import evaluate
from cldice_monai.evaluation.tables import write_tables
from cldice_monai.evaluation.terminal import as_terminal_table
from cldice_monai.files import as_path, require_writable_folder
from cldice_monai.lines import counted
from cldice_monai.report.error_maps import write_error_maps
from cldice_monai.report.images import images_of_cases
from cldice_monai.report.page import write_report
from cldice_monai.topology.patches import PatchSampler

__all__ = ["EvaluationRequest", "write_evaluation"]

PathLike = str | os.PathLike[str]


@dataclass(frozen=True)
class EvaluationRequest:
    """What is evaluated, how, and where the results go.

    Args:
        pred_dirs: folders of predictions, one a method, or one folder alone.
        label_dir: folder of labels.
        output_dir: folder for the results.
        image_dir: folder of the images, for the page's pictures; None shows the labels.
        n_patches: patches of a case.
        patch_size: voxels a side; None: 48, in 2D 64.
        tiling: cover each volume by patches once instead of drawing them.
        seed: of the patches.
        th_snap: voxels within which Opt-J matches junctions and ends.
        surface_tolerance_mm: of the surface Dice; None: the largest side of a voxel.
        classes: values of the masks to measure apart; none: all above 0 are vessel.
        num_workers: processes.
        spacing: size of a voxel where the file of a label does not say it, in the order of the
            file's axes and with the unit, such as "5,0.994,0.994um"; None: such lengths are in
            voxels.

    Example:
        >>> request = EvaluationRequest("masks/unet", "labels", "out", classes=2, spacing="5,1,1um")
        >>> request.folders()[0].name, request.settings().classes
        ('unet', (2,))
    """

    pred_dirs: PathLike | Sequence[PathLike]
    label_dir: PathLike
    output_dir: PathLike
    image_dir: PathLike | None = None
    n_patches: int = 24
    patch_size: int | None = None
    tiling: bool = False
    seed: int = 0
    th_snap: float = 5.0
    surface_tolerance_mm: float | None = None
    classes: Sequence[int] | int = ()
    num_workers: int = 1
    spacing: str | Spacing | None = None

    def settings(self) -> EvaluationSettings:
        """Return what the figures depend on.

        Raises:
            InputError: a setting cannot be used.
        """
        if not self.th_snap > 0:
            raise InputError(f"th_snap {self.th_snap}: must be above 0")
        if self.surface_tolerance_mm is not None and not self.surface_tolerance_mm >= 0:
            raise InputError(f"surface_tolerance_mm {self.surface_tolerance_mm}: must be 0 or more")
        classes = [self.classes] if isinstance(self.classes, int) else list(self.classes)
        if any(isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in classes):
            raise InputError(f"classes {classes}: must be whole numbers from 1 on")
        if len(set(classes)) < len(classes):
            raise InputError(f"classes {classes}: name each class once")
        try:
            sampler = PatchSampler(self.patch_size, self.n_patches, self.seed, tiling=self.tiling)
        except ValueError as error:
            raise InputError(str(error)) from error
        return EvaluationSettings(
            sampler,
            th_snap=self.th_snap,
            surface_tolerance_mm=self.surface_tolerance_mm,
            classes=tuple(classes),
            spacing=_as_spacing(self.spacing),
        )

    def folders(self) -> list[Path]:
        """Return the folders of predictions.

        Raises:
            InputError: one of them is no path.
        """
        one = isinstance(self.pred_dirs, str | os.PathLike)
        folders = [self.pred_dirs] if one else list(self.pred_dirs)  # type: ignore[arg-type]
        return [as_path(folder, argument="pred_dirs") for folder in folders]


def _as_spacing(given: object) -> Spacing | None:
    if given is None or isinstance(given, Spacing):
        return given
    # of numbers without a unit the command line of the bundle has made a list already
    if not isinstance(given, str):
        numbers = given if isinstance(given, Sequence) else [given]
        given = ",".join(map(str, numbers))
    return spacing_from_text(given)


def write_evaluation(
    request: EvaluationRequest, *, show: Callable[[str], None], shared: bool = False
) -> list[Path]:
    """Evaluate and write summary.md, evaluation.json, cases.csv, patches.csv, report.html and maps.

    Args:
        request: what is evaluated, how, and where the results go.
        show: takes a line of progress, and the table at the end.
        shared: share the cases out among the processes of torchrun; the first one writes.

    Returns:
        The tables and the page; none in a process that does not write.

    Raises:
        InputError: a setting or file cannot be used.

    Example:
        >>> import nibabel, numpy, tempfile
        >>> vessel = numpy.zeros((8, 8, 8), numpy.uint8)
        >>> vessel[4, 4, 1:7] = 1
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for part in ("labels", "unet"):
        ...         Path(folder, part).mkdir()
        ...         image = nibabel.Nifti1Image(vessel, numpy.eye(4))
        ...         nibabel.save(image, Path(folder, part, "a.nii.gz"))
        ...     folders = [Path(folder, name) for name in ("unet", "labels", "out")]
        ...     request = EvaluationRequest(*folders, patch_size=8, n_patches=1)
        ...     paths = write_evaluation(request, show=lambda line: None)
        >>> sorted(path.name for path in paths)
        ['cases.csv', 'evaluation.json', 'patches.csv', 'report.html', 'summary.md']
    """
    settings, folders = request.settings(), request.folders()
    label_dir = as_path(request.label_dir, argument="label_dir")
    images = {}
    if request.image_dir is not None:
        image_dir = as_path(request.image_dir, argument="image_dir")
        images = images_of_cases(image_dir, find_pairs(folders[0], label_dir)[0], show=show)
    output_dir = as_path(request.output_dir, argument="output_dir")
    require_writable_folder(output_dir, argument="output_dir")
    measure = several_processes(request.num_workers)
    if shared:
        measure = partial(measure_across_ranks, here=measure)
    evaluation = evaluate(folders, label_dir, settings, measure=measure, show=show)
    if shared and dist.get_rank() > 0:
        return []
    paths = write_tables(evaluation, output_dir)
    show("drawing report.html")
    paths.append(write_report(evaluation, output_dir / "report.html", images=images))
    show("writing maps of ghosts and misses")
    maps = write_error_maps(evaluation, output_dir / "error_maps")
    show("")
    show(as_terminal_table(evaluation))
    n_maps = counted(len(maps), "map")
    show(f"tables, report.html and {n_maps} of ghosts and misses are in {output_dir}")
    return paths
