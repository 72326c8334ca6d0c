"""The public names, checked in: a change of this list is a change for every user."""

import subprocess
import sys

import pytest

import cldice_monai
from cldice_monai import transforms

PUBLIC = [
    "BettiErrorMetric",
    "ClDiceDeepSupervisionLoss",
    "ClDiceMetric",
    "CompoundclDiceLoss",
    "EulerErrorMetric",
    "InputError",
    "SkeletonCoverageMetric",
    "SoftDiceclDiceLoss",
    "SoftclDiceLoss",
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
    "ResampleToIsotropic",
    "ScaleIntensityCutoff",
    "Skeletonize",
]


def test_public_names_are_the_checked_in_ones():
    assert sorted(cldice_monai.__all__) == PUBLIC
    assert all(hasattr(cldice_monai, name) for name in PUBLIC)


def test_transforms_are_the_checked_in_ones():
    expected = [f"{name}{ending}" for name in TRANSFORMS for ending in ("", "D", "Dict", "d")]
    assert sorted(transforms.__all__) == sorted(expected)
    assert all(hasattr(transforms, name) for name in expected)


@pytest.mark.parametrize("missing", ["nibabel", "itk", "skimage", "PIL", "ignite"])
def test_import_works_without_optional_readers(missing: str):
    program = f"import sys; sys.modules[{missing!r}] = None; import cldice_monai, cldice_monai.data"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_import_loads_no_heavy_module_of_its_own():
    program = (
        "import sys, torch, monai; before = set(sys.modules); import cldice_monai;"
        "heavy = {'nibabel', 'itk', 'skimage', 'PIL', 'ignite', 'gudhi', 'matplotlib', 'sympy'};"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
