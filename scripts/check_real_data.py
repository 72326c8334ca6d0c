"""Train the bundle on real two-photon stacks and segment a real OCT angiography volume.

Needs the folder of real volumes (vesselNN, tUbeNet_OCTA). Converts them to NIfTI in --work-dir,
runs the bundle's training and inference as a user does, and prints the scores on the OCT volume
beside Otsu's and the triangle threshold. Nothing of the data is written anywhere else.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
from real_volumes import ROOT, VOLUMES, read_tiff
from scipy import ndimage

STACKS = ("lowerRes_hiSNR", "noisySparseVessels", "tgMouse", "plaqueVessels", "bbbDisruption")
# A vessel must look the same along z as in plane for a network to learn its shape.
WORKING_SPACING_UM = 2.0
VALIDATION = "bbbDisruption"
FOREGROUND = 0.3  # share of vessel in the labels of the training stacks


def main() -> None:
    """Convert, train, segment, score; the exit status is that of the first step that fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--work-dir", type=Path, default=ROOT / "output" / "real_data")
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        sys.exit(f"error: {arguments.data}: no such folder; pass --data")
    convert(arguments.data, arguments.work_dir)
    train_and_segment(arguments.work_dir, arguments.epochs)


def convert(data: Path, work_dir: Path) -> None:
    """Write the stacks, resampled to isotropic voxels, and the OCT volume, as it is, as NIfTI."""
    training: list[dict[str, str]] = []
    validation: list[dict[str, str]] = []
    for name in STACKS:
        image, label = VOLUMES[name].read(data)
        zoom = [step / WORKING_SPACING_UM for step in VOLUMES[name].spacing_um or ()]
        item = {"image": f"imagesTr/{name}.nii.gz", "label": f"labelsTr/{name}.nii.gz"}
        label = ndimage.zoom(label.astype(np.float32), zoom, order=1) >= 0.5
        save(work_dir / item["image"], ndimage.zoom(image, zoom, order=1))
        save(work_dir / item["label"], label.astype(np.uint8))
        (validation if name == VALIDATION else training).append(item)
    octa = VOLUMES["octa"]
    # as whole numbers: Otsu's threshold depends on the type
    image = read_tiff(data / octa.image)
    save(work_dir / "octa" / "imagesTs" / "octa.nii.gz", image, unknown_spacing=True)
    label = (read_tiff(data / octa.label) > 0).astype(np.uint8)
    save(work_dir / "octa" / "labelsTs" / "octa.nii.gz", label, unknown_spacing=True)
    listing = {"training": training, "validation": validation}
    (work_dir / "dataset.json").write_text(json.dumps(listing, indent=2), encoding="utf-8")


def save(path: Path, stack: np.ndarray, *, unknown_spacing: bool = False) -> None:
    """Write a (z, y, x) stack as a NIfTI volume with x first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    spacing = 1.0 if unknown_spacing else WORKING_SPACING_UM
    volume = nib.Nifti1Image(stack.transpose(2, 1, 0), np.diag([spacing] * 3 + [1.0]))
    volume.header.set_xyzt_units("unknown" if unknown_spacing else "micron")
    nib.save(volume, path)


def train_and_segment(work_dir: Path, epochs: int) -> None:
    """Run the bundle's two configs and the summary."""
    output = work_dir / "output"
    weights = output / "models" / "model.pt"
    bundle(
        "train",
        *("--dataset_dir", work_dir / "dataset.json", "--output_dir", output),
        *("--epochs", epochs, "--val_interval", max(1, epochs // 4), "--num_workers", 0),
        *("--roi", "[64,64,32]", "--crops_per_volume", 4, "--foreground", FOREGROUND),
    )
    bundle(
        "inference",
        *("--dataset_dir", work_dir / "octa", "--output_dir", output, "--weights", weights),
        *("--roi", "[64,64,64]"),
    )
    summary = ROOT / "scripts" / "summarise_inference.py"
    run(sys.executable, summary, output, "--dataset-dir", work_dir / "octa")


def bundle(config: str, *options: object) -> None:
    """Run one config of the bundle."""
    file = ROOT / "bundle" / "configs" / f"{config}.json"
    base = ("--bundle_root", ROOT / "bundle", "--config_file", file)
    run(sys.executable, "-m", "monai.bundle", "run", *base, *options)


def run(*command: object) -> None:
    """Run a command and end with its exit status if it fails."""
    quiet = "ignore:parsing config_file:UserWarning"  # the configs are the repository's own
    environment = {**os.environ, "PYTHONWARNINGS": quiet}
    status = subprocess.run([str(c) for c in command], check=False, env=environment).returncode
    if status:
        sys.exit(status)


if __name__ == "__main__":
    main()
