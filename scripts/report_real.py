"""Evaluate masks of the labelled real volumes beside each other, with the report to look at.

Writes images, labels and one folder of masks a method (the triangle threshold, and each file of
weights) as NIfTI into OUT, and measures them as ``cldice-monai evaluate`` does, into OUT/report.

    python scripts/report_real.py OUT --weights WEIGHTS.pt --volumes development
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
from real_volumes import ROOT, VOLUMES, RealVolume

from cldice_monai.errors import InputError
from cldice_monai.files import replace_when_complete
from cldice_monai.report.baselines import Threshold, segment_by_threshold
from cldice_monai.report.evaluation_report import EvaluationRequest, write_evaluation
from cldice_monai.zero_shot import RECIPE, load_network, segment_volume

PARTS: dict[str, tuple[str, ...]] = {"development": ("development",), "scored": ("scored",)}
PARTS["all"] = ("development", "scored", "apart")
THRESHOLD: Threshold = "triangle"


def main() -> None:
    """Segment, write the volumes and evaluate."""
    arguments = read_arguments()
    volumes = {n: v for n, v in VOLUMES.items() if v.part in PARTS[arguments.volumes]}
    try:
        methods = [THRESHOLD, *names_of(arguments.weights)]
        for name, volume in volumes.items():
            write_volume(name, volume, arguments)
        request = EvaluationRequest(
            pred_dirs=[arguments.out / method for method in methods],
            label_dir=arguments.out / "labels",
            image_dir=arguments.out / "images",
            output_dir=arguments.out / "report",
            n_patches=arguments.n_patches,
            num_workers=arguments.num_workers,
        )
        write_evaluation(request, show=lambda text: print(text, flush=True))
    except InputError as error:
        sys.exit(f"error: {error}")


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--weights", type=Path, nargs="*", default=[], help="zero-shot weights")
    parser.add_argument("--volumes", choices=tuple(PARTS), default="development")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--n-patches", type=int, default=24, help="patches of a volume")
    parser.add_argument("--num-workers", type=int, default=1, help="processes that evaluate")
    return parser.parse_args()


def names_of(weights: Sequence[Path]) -> list[str]:
    """Return the names of the methods that the weights are, which name their folders too."""
    names = [path.stem for path in weights]
    if len({*names, THRESHOLD, "images", "labels", "report"}) < len(names) + 4:
        raise InputError(f"--weights: {', '.join(names)} need different file names")
    return names


def write_volume(name: str, volume: RealVolume, arguments: argparse.Namespace) -> None:
    """Write image, label and the masks of one volume."""
    if not (arguments.data / volume.image).is_file():
        raise InputError(f"{arguments.data / volume.image}: no such file; pass --data")
    image, label = volume.read(arguments.data)
    save(image, arguments.out / "images" / f"{name}.nii.gz", volume)
    save(label, arguments.out / "labels" / f"{name}.nii.gz", volume)
    for method, mask in masks(image, volume, arguments.weights):
        save(mask, arguments.out / method / f"{name}_mask.nii.gz", volume)
        print(f"segmented  {name}  {method}", flush=True)


def masks(
    image: np.ndarray, volume: RealVolume, weights: Sequence[Path]
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name and the (z, y, x) mask of each method."""
    yield THRESHOLD, segment_by_threshold(image, THRESHOLD)
    for name, path in zip(names_of(weights), weights, strict=True):
        network = load_network(path)
        yield name, segment_volume(image, network, spacing_um=volume.spacing_um, recipe=RECIPE)


def save(array: np.ndarray, path: Path, volume: RealVolume) -> None:
    """Write a (z, y, x) array as NIfTI (x, y, z), in micrometres where the voxel size is known."""
    spacing = volume.spacing_um or (1.0, 1.0, 1.0)
    affine = np.diag([*spacing[::-1], 1.0])
    kind = np.uint8 if array.dtype == bool else np.float32
    picture = nib.Nifti1Image(array.T.astype(kind), affine)
    picture.header.set_xyzt_units("unknown" if volume.spacing_um is None else "micron")
    with replace_when_complete(path) as temporary:
        nib.save(picture, temporary)


if __name__ == "__main__":
    main()
