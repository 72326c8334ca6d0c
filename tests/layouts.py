"""The published datasets in small, with the names and types of the real files."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

ROWS, COLUMNS = 24, 20  # of the pictures


class Layouts:
    """Writes the published datasets in small, with the names and types of the real files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def drive(self, n_training: int = 4, n_test: int = 2) -> Path:
        """Colour TIFF images, GIF labels and GIF field-of-view masks; test counts from 01."""
        root = self.folder / "DRIVE"
        for part, first, n in (("training", 21, n_training), ("test", 1, n_test)):
            for number in range(first, first + n):
                image, label = self.picture(number)
                view = np.zeros((ROWS, COLUMNS), np.uint8)
                view[2:-2, 2:-2] = 255
                folder = root / part
                _save_picture(image, folder / "images" / f"{number:02d}_{part}.tif")
                _save_picture(label, folder / "1st_manual" / f"{number:02d}_manual1.gif")
                _save_picture(view, folder / "mask" / f"{number:02d}_{part}_mask.gif")
        return root

    def roads(self, n_train: int = 4, n_valid: int = 1, n_test: int = 1) -> Path:
        """TIFF images and maps; the first image has a white wedge with a road drawn in it."""
        root, number = self.folder / "mass_roads", 0
        for part, n in (("train", n_train), ("valid", n_valid), ("test", n_test)):
            for _ in range(n):
                image, label = self.picture(number, rows=60, columns=50)
                if number == 0:
                    image[:, 25:] = 255  # 60 x 25 pixels
                name = f"{10078660 + number}_15"
                _save_picture(image, root / part / "sat" / f"{name}.tiff")
                _save_picture(label, root / part / "map" / f"{name}.tif")
                number += 1
        return root

    def cremi(self, n_sections: int = 5, *, samples: str = "ABC", padding: int = 0) -> Path:
        """HDF5 with raw and neuron ids; padded on every side as the padded release is."""
        h5py = pytest.importorskip("h5py")
        root = self.folder / "cremi"
        root.mkdir()
        for number, sample in enumerate(samples):
            rng = np.random.default_rng(number)
            raw = rng.integers(0, 256, (n_sections, ROWS, COLUMNS), np.uint8)
            ids = np.ones(raw.shape, np.uint64)
            ids[:, :, 10:] = 2
            with h5py.File(root / f"sample_{sample}_20160501.hdf", "w") as file:
                file["volumes/raw"] = np.pad(raw, padding)
                file["volumes/labels/neuron_ids"] = ids
                for name in ("volumes/raw", "volumes/labels/neuron_ids"):
                    file[name].attrs["resolution"] = (40.0, 4.0, 4.0)
                if padding:
                    offset = tuple(padding * size for size in (40.0, 4.0, 4.0))
                    file["volumes/labels/neuron_ids"].attrs["offset"] = offset
        return root

    def deepvesselnet(self, n: int = 6) -> Path:
        """raw/<id>.nii.gz and seg/<id>.nii.gz."""
        root = self.folder / "dvn"
        for number in range(1, n + 1):
            image, label = self.volume(number)
            self.nifti(root / "raw" / f"{number}.nii.gz", image)
            self.nifti(root / "seg" / f"{number}.nii.gz", label)
        return root

    def vessap(self, n: int = 6) -> Path:
        """The public release: two files of channels, label values that differ between files."""
        root = self.folder / "VessAP_vessel"
        for number in range(n):
            image, label = self.volume(number)
            name = f"patchvolume_{number:03d}"
            self.nifti(root / "raw" / f"{name}_0000.nii.gz", image)
            self.nifti(root / "raw" / f"{name}_0001.nii.gz", image[::-1])
            label = label * (1, 255, 95)[number % 3]
            if number % 3 == 2:  # {0, 95, 255}
                label[label > 0] = [95, 255] * 5
            self.nifti(root / "gt" / f"{name}.nii.gz", label)
        return root

    def older_vessap(self, n: int = 6) -> Path:
        """The older release: prep and gt_all, with a classification that is no label."""
        root = self.folder / "vessap_older"
        for number in range(n):
            image, label = self.volume(number)
            name = f"BALBc_no{number}_iso3um_stitched"
            for channel in ("C00", "C01"):
                path = root / "prep" / f"prep_{name}_{channel}_crop_cube.nii.gz"
                self.nifti(path, image if channel == "C00" else image[::-1])
            for ending in ("DoG026", "DoG026_classResult"):
                path = root / "gt_all" / f"{name}_cube_{ending}.nii.gz"
                self.nifti(path, label)
        return root

    def listed_vessap(self, n: int = 6) -> Path:
        """The authors' text lists: channels separated by tabs."""
        root = self.folder / "vessap_lists"
        inputs, labels = [], []
        for number in range(n):
            image, label = self.volume(number)
            names = [f"data/{number}_wga.nii.gz", f"data/{number}_eb.nii.gz"]
            for name in names:
                self.nifti(root / name, image)
            self.nifti(root / f"data/label_{number}.nii.gz", label)
            inputs.append("\t".join(names))
            labels.append(f"data/label_{number}.nii.gz")
        (root / "inputs.txt").write_text("\n".join(inputs) + "\n")
        (root / "labels.txt").write_text("\n".join(labels) + "\n")
        return root

    @staticmethod
    def picture(seed: int, *, rows: int = ROWS, columns: int = COLUMNS):
        """A colour picture and its label: one column and one row, different for each seed."""
        rng = np.random.default_rng(seed)
        image = rng.integers(0, 200, (rows, columns, 3), np.uint8)
        label = np.zeros((rows, columns), np.uint8)
        label[:, 3 + seed % 10] = 255
        label[5, :] = 255
        return image, label

    @staticmethod
    def volume(seed: int):
        """A grey volume and its label: one straight vessel."""
        rng = np.random.default_rng(seed)
        label = np.zeros((8, 9, 10), np.uint8)
        label[seed % 8, 4, :] = 1
        return (100 * label + rng.integers(0, 50, label.shape)).astype(np.int16), label

    @staticmethod
    def nifti(path: Path, array: np.ndarray) -> Path:
        """Write a volume with voxels of 3 microns."""
        path.parent.mkdir(parents=True, exist_ok=True)
        image = nib.Nifti1Image(array, np.diag([3.0, 3.0, 3.0, 1.0]))
        image.header.set_xyzt_units("micron")
        nib.save(image, path)
        return path


def _save_picture(array: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
