"""A folder of synthetic volumes in the Decathlon layout."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from cldice_monai.data.synthetic.generate import GENERATOR_VERSION, generate_vessels
from cldice_monai.data.synthetic.sample import VesselSample
from cldice_monai.errors import InputError

__all__ = ["write_synthetic_dataset"]

_ORIGIN_MM = (-31.0, 12.5, 7.0)  # not zero, so that a reader that loses the affine is noticed


def write_synthetic_dataset(
    folder: str | os.PathLike[str],
    *,
    n_training: int = 4,
    n_validation: int = 1,
    n_test: int = 1,
    size: int | Sequence[int] = 96,
    preset: str = "paper",
    seed: int = 0,
    n_channels: int = 1,
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
        n_training: number of training volumes.
        n_validation: number of validation volumes.
        n_test: number of test volumes.
        size: the sides of each volume in voxels; one number for a cube.
        preset: name of the generator's settings.
        seed: volume i (from 0, in the order training, validation, test) has the seed
            1000 * seed + i; the same call writes the same voxels.
        n_channels: channels of each image.
        progress: called with a line before each volume; None for silence.

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
        ...         Path(parent) / "vessels", n_training=1, n_validation=0, n_test=0, size=16
        ...     )
        ...     sorted(path.name for path in folder.iterdir())
        volume 1 of 1: imagesTr/vessels_000.nii.gz
        ['dataset.json', 'imagesTr', 'imagesTs', 'labelsTr', 'labelsTs']
    """
    folder = Path(folder)
    counts = {"training": n_training, "validation": n_validation, "test": n_test}
    _check_counts(counts, seed)
    shape = (size, size, size) if isinstance(size, int) else tuple(size)
    draw = _Drawer(shape, preset, seed, n_channels)
    draw.check()
    _check_folder(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise _cannot_write(folder, error) from error
    try:
        _fill(partial, counts, draw, progress)
        partial.chmod(0o755)  # mkdtemp makes it private
        if folder.is_dir():
            folder.rmdir()
        partial.rename(folder)
    except OSError as error:
        raise _cannot_write(folder, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


class _Drawer:
    """The generator with its settings; called with the number of a volume."""

    def __init__(self, shape: Sequence[int], preset: str, seed: int, n_channels: int) -> None:
        self.shape, self.preset, self.seed, self.n_channels = shape, preset, seed, n_channels

    def check(self) -> None:
        """Raise for settings that cannot be used, before anything is written."""
        generate_vessels((16, 16, 16), preset=self.preset, n_channels=self.n_channels)
        if len(self.shape) != 3 or any(int(n) != n or n < 16 for n in self.shape):
            raise ValueError(
                f"size must be one or three whole numbers of 16 or more, got {tuple(self.shape)}; "
                "ask for larger volumes"
            )

    def __call__(self, number: int) -> VesselSample:
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


def _fill(
    folder: Path, counts: dict[str, int], draw: _Drawer, progress: Callable[[str], None] | None
) -> None:
    for name in ("imagesTr", "labelsTr", "imagesTs", "labelsTs"):
        (folder / name).mkdir()
    lists: dict[str, list[dict[str, str]]] = {part: [] for part in counts}
    total, number = sum(counts.values()), 0
    for part, count in counts.items():
        suffix = "Ts" if part == "test" else "Tr"
        for _ in range(count):
            name = f"vessels_{number:03d}.nii.gz"
            item = {"image": f"images{suffix}/{name}", "label": f"labels{suffix}/{name}"}
            if progress is not None:
                progress(f"volume {number + 1} of {total}: {item['image']}")
            _write_volume(folder, item, draw(number))
            lists[part].append(item)
            number += 1
    content = {
        "name": "synthetic vessels",
        "description": "Synthetic vessel trees and capillary meshes with exact labels.",
        "tensorImageSize": "3D" if draw.n_channels == 1 else "4D",
        "channel_names": {str(c): f"channel_{c}" for c in range(draw.n_channels)},
        "labels": {"background": 0, "vessel": 1},
        "file_ending": ".nii.gz",
        "numTraining": counts["training"],
        "numTest": counts["test"],
        **lists,
        "generator": draw.record(),
    }
    text = json.dumps(content, indent=2) + "\n"
    (folder / "dataset.json").write_text(text, encoding="utf-8")


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


def _check_counts(counts: dict[str, int], seed: int) -> None:
    named = {f"n_{part}": count for part, count in counts.items()} | {"seed": seed}
    for name, value in named.items():
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name} must be an integer, got {value!r}; pass a whole number")
        if value < 0:
            raise ValueError(f"{name} must be 0 or more, got {value}; pass a larger number")
    if sum(counts.values()) == 0:
        raise ValueError(
            "n_training, n_validation and n_test are all 0; ask for one volume or more"
        )


def _check_folder(folder: Path) -> None:
    try:
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder}: is a file, not a folder; choose another folder")
        if folder.is_dir() and any(folder.iterdir()):
            raise InputError(
                f"{folder}: the folder is not empty and nothing is overwritten; "
                "choose another folder or remove it"
            )
    except OSError as error:
        raise _cannot_write(folder, error) from error


def _cannot_write(folder: Path, error: OSError) -> InputError:
    reason = error.strerror or str(error)
    return InputError(f"{folder}: cannot be written ({reason}); choose a folder you can write to")
