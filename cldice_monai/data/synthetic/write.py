"""A folder of synthetic volumes in the Decathlon layout."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from cldice_monai.data.synthetic.arguments import check_integer, check_shape
from cldice_monai.data.synthetic.generate import GENERATOR_VERSION, generate_vessels
from cldice_monai.data.synthetic.sample import VesselSample
from cldice_monai.files import fill_folder_when_complete, require_empty_folder

__all__ = ["write_synthetic_dataset"]

_PARTS = ("training", "validation", "test")
_ORIGIN_MM = (-31.0, 12.5, 7.0)  # not zero, so that a reader that loses the affine is noticed


def write_synthetic_dataset(
    folder: str | os.PathLike[str],
    *,
    counts: tuple[int, int, int] = (4, 1, 1),
    size: int | Sequence[int] = 96,
    preset: str = "paper",
    seed: int = 0,
    n_channels: int = 1,
    n_workers: int = 0,
    progress: Callable[[str], None] | None = print,
) -> Path:
    """Write synthetic volumes as NIfTI files with a Decathlon ``dataset.json``.

    Training and validation volumes go to ``imagesTr`` and ``labelsTr``, test volumes to
    ``imagesTs`` and ``labelsTs``. Images are int16 counts, (X, Y, Z), or (X, Y, Z, C) with more
    than one channel; labels are uint8 in {0, 1}. The spacing is 1 mm. Everything is written to a
    temporary folder beside ``folder`` and renamed at the end, so that a run that is broken off
    leaves no half-written dataset.

    Args:
        folder: where to write; must not exist, or be empty.
        counts: numbers of training, validation and test volumes.
        size: the sides of each volume in voxels; one number for a cube.
        preset: name of the generator's settings.
        seed: volume i (from 0, in the order training, validation, test) has the seed
            1000 * seed + i; the same call writes the same voxels.
        n_channels: channels of each image.
        n_workers: processes that draw at the same time; 0 draws in this one. The voxels are the
            same.
        progress: called with a line for each volume, in their order; None for silence.

    Returns:
        The folder.

    Raises:
        InputError: if the folder is not empty or cannot be written.
        TypeError, ValueError: for numbers, a size or a preset that cannot be used.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     folder = write_synthetic_dataset(
        ...         Path(parent) / "vessels", counts=(1, 0, 0), size=16
        ...     )
        ...     sorted(path.name for path in folder.iterdir())
        volume 1 of 1: imagesTr/vessels_000.nii.gz
        ['dataset.json', 'imagesTr', 'imagesTs', 'labelsTr', 'labelsTs']
    """
    folder = Path(folder)
    shape = (size,) * 3 if isinstance(size, int) else tuple(size)
    drawer = _Drawer(shape, preset, seed, n_channels)
    _check_counts(counts, seed, n_workers)
    drawer.check()
    require_empty_folder(folder)
    items = _items(counts)
    with fill_folder_when_complete(folder) as partial:
        for name in ("imagesTr", "labelsTr", "imagesTs", "labelsTs"):
            (partial / name).mkdir()
        tasks = [(partial, item, drawer, number) for number, item in enumerate(items)]
        with _mapping(n_workers) as over:
            for number, name in enumerate(over(_draw_and_write, tasks), start=1):
                if progress is not None:
                    progress(f"volume {number} of {len(items)}: {name}")
        text = json.dumps(_content(counts, items, drawer), indent=2) + "\n"
        (partial / "dataset.json").write_text(text, encoding="utf-8")
    return folder


@dataclass(frozen=True)
class _Drawer:
    """The generator with its settings."""

    shape: Sequence[int]
    preset: str
    seed: int
    n_channels: int

    def check(self) -> None:
        """Raise for settings that cannot be used, before anything is written."""
        if not isinstance(self.preset, str):
            raise TypeError(f"preset must be the name of one, got {self.preset!r}")
        generate_vessels((16, 16, 16), preset=self.preset, n_channels=self.n_channels)
        check_shape(self.shape, name="size")

    def draw(self, number: int) -> VesselSample:
        return generate_vessels(
            self.shape,
            preset=self.preset,
            seed=1000 * self.seed + number,
            n_channels=self.n_channels,
        )

    def record(self) -> dict[str, object]:
        return {
            "name": "cldice_monai.data.synthetic.generate_vessels",
            "version": GENERATOR_VERSION,
            "preset": self.preset,
            "seed": self.seed,
            "shape": [int(n) for n in self.shape],
        }


def _items(counts: Sequence[int]) -> list[dict[str, str]]:
    """Return the two files of each volume, in the order training, validation, test."""
    items = []
    for number in range(sum(counts)):
        suffix = "Tr" if number < counts[0] + counts[1] else "Ts"
        name = f"vessels_{number:03d}.nii.gz"
        items.append({"image": f"images{suffix}/{name}", "label": f"labels{suffix}/{name}"})
    return items


@contextmanager
def _mapping(n_workers: int) -> Iterator[Callable[..., Iterator[str]]]:
    """Give a map that keeps the order, over processes or in this one."""
    if n_workers == 0:
        yield map
        return
    # a fresh interpreter for each process: a fork would copy the threads' locks
    pool = ProcessPoolExecutor(
        n_workers,
        mp_context=get_context("spawn"),
        initializer=_end_with_parent,
        initargs=(os.getpid(),),
    )

    def over(run: Callable[..., str], tasks: Sequence[object]) -> Iterator[str]:
        # all processes start here; Ctrl-C is for this one, which stops the others in order
        with _ignoring_interrupts():
            return pool.map(run, tasks)

    try:
        yield over
    finally:
        # the volumes that are being drawn are waited for, however impatient the user
        with _ignoring_interrupts():
            pool.shutdown(wait=True, cancel_futures=True)


def _end_with_parent(parent: int) -> None:
    """End this process when the one that started it is gone, killed without a chance to say so."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _ignoring_interrupts() -> Iterator[None]:
    """Ignore Ctrl-C for a moment; processes started meanwhile ignore it for good."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals can only be set there
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _draw_and_write(task: tuple[Path, dict[str, str], _Drawer, int]) -> str:
    folder, item, drawer, number = task
    _write_volume(folder, item, drawer.draw(number))
    return item["image"]


def _content(
    counts: Sequence[int], items: list[dict[str, str]], drawer: _Drawer
) -> dict[str, object]:
    ends = np.cumsum(counts).tolist()
    lists = {
        part: items[end - count : end]
        for part, count, end in zip(_PARTS, counts, ends, strict=True)
    }
    return {
        "name": "synthetic vessels",
        "description": "Synthetic vessel trees and capillary meshes with exact labels.",
        "tensorImageSize": "3D" if drawer.n_channels == 1 else "4D",
        "channel_names": {str(c): f"channel_{c}" for c in range(drawer.n_channels)},
        "labels": {"background": 0, "vessel": 1},
        "file_ending": ".nii.gz",
        "numTraining": counts[0],
        "numTest": counts[2],
        **lists,
        "generator": drawer.record(),
    }


def _write_volume(folder: Path, item: dict[str, str], sample: VesselSample) -> None:
    import nibabel

    affine = np.eye(4)
    affine[:3, 3] = _ORIGIN_MM
    image = np.moveaxis(np.rint(np.clip(sample.image, 0, 32767)), 0, -1).astype(np.int16)
    if image.shape[-1] == 1:
        image = image[..., 0]
    for array, path in ((image, item["image"]), (sample.label, item["label"])):
        volume = nibabel.Nifti1Image(array, affine)
        volume.set_qform(affine, code=1)
        volume.set_sform(affine, code=1)
        volume.header.set_xyzt_units("mm")
        nibabel.save(volume, folder / path)


def _check_counts(counts: Sequence[int], seed: int, n_workers: int) -> None:
    if len(counts) != len(_PARTS):
        raise ValueError(
            f"counts must be three numbers, {', '.join(_PARTS)}, got {tuple(counts)}; "
            "write 0 for a part without volumes"
        )
    named = {f"counts ({part})": count for part, count in zip(_PARTS, counts, strict=True)}
    for name, value in (named | {"seed": seed, "n_workers": n_workers}).items():
        check_integer(name, value, 0)
    if sum(counts) == 0:
        raise ValueError("counts are all 0; ask for one volume or more")
