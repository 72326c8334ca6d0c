"""The public names, checked in: a change of this list is a change for every user."""

import subprocess
import sys

import pytest

import cldice_monai
from cldice_monai import transforms, volumes

PUBLIC = [
    "BettiErrorMetric",
    "ClDiceDeepSupervisionLoss",
    "ClDiceMetric",
    "CompoundclDiceLoss",
    "EulerErrorMetric",
    "InputError",
    "OptJunctionF1Metric",
    "SkeletonCoverageMetric",
    "SoftDiceclDiceLoss",
    "SoftclDiceLoss",
    "StreetMoverDistanceMetric",
    "bundle_dir",
    "predict",
    "skeletonize",
    "soft_skeleton",
    "suggest_iter",
]

TRANSFORMS = [  # each with its dictionary form: Foo, Food, FooD, FooDict
    "BinarizeLabel",
    "DownsampleLabel",
    "FillNonFinite",
    "GhostsAndMisses",
    "RandBreakVessel",
    "RandCropByVessel",
    "RandDistractors",
    "RandPointSpread",
    "RandShotNoise",
    "RandSpeckle",
    "RandVesselFalloff",
    "RemoveShortVessels",
    "ResampleToIsotropic",
    "ResampleToWorkingGrid",
    "ScaleIntensityCutoff",
    "Skeletonize",
]

DATA = [
    "CREMIDataset",
    "CaseDataset",
    "CheckedCases",
    "DRIVEDataset",
    "DecathlonListDataset",
    "DeepVesselNetDataset",
    "FillOutsideMask",
    "FolderDataset",
    "FoundCases",
    "LoadCase",
    "MassachusettsRoadsDataset",
    "NiftiVolumeReader",
    "VesSAPDataset",
    "VesselCase",
    "Volume",
    "case_id",
    "check_inference_cases",
    "check_training_cases",
    "find_inference_cases",
    "find_training_cases",
    "raise_if_any",
    "read_volume",
    "split_cases",
    "write_like",
]


VOLUMES = [
    "LargeOutput",
    "LargeResult",
    "LargeSettings",
    "LargeVolume",
    "PeakMemory",
    "blockwise_figures",
    "format_bytes",
    "memory_in_use",
    "open_volume",
    "parse_bytes",
    "predict_distributed",
    "predict_large",
    "predict_volume",
    "write_volume",
]


def test_public_names_are_the_checked_in_ones():
    assert sorted(cldice_monai.__all__) == PUBLIC
    assert all(hasattr(cldice_monai, name) for name in PUBLIC)


def test_transforms_are_the_checked_in_ones():
    expected = [f"{name}{ending}" for name in TRANSFORMS for ending in ("", "D", "Dict", "d")]
    assert sorted(transforms.__all__) == sorted(expected)
    assert all(hasattr(transforms, name) for name in expected)


def test_public_names_of_the_data_package_are_the_checked_in_ones():
    assert sorted(cldice_monai.data.__all__) == DATA
    assert all(hasattr(cldice_monai.data, name) for name in DATA)


def test_public_names_of_the_volumes_package_are_the_checked_in_ones():
    assert sorted(volumes.__all__) == VOLUMES
    assert all(hasattr(volumes, name) for name in VOLUMES)


@pytest.mark.parametrize("missing", ["nibabel", "itk", "skimage", "PIL", "ignite", "h5py"])
def test_import_works_without_optional_readers(missing: str):
    program = f"import sys; sys.modules[{missing!r}] = None; import cldice_monai, cldice_monai.data"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_import_loads_no_heavy_module_of_its_own():
    program = (
        "import sys, torch, monai; before = set(sys.modules); import cldice_monai;"
        "heavy = {'nibabel', 'itk', 'skimage', 'PIL', 'ignite', 'gudhi', 'h5py', 'matplotlib',"
        "'sympy'};"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
