"""MONAI transforms for vessel images and labels."""

from __future__ import annotations

from cldice_monai.transforms.binary_label import (
    BinarizeLabel,
    BinarizeLabelD,
    BinarizeLabeld,
    BinarizeLabelDict,
)
from cldice_monai.transforms.break_vessel import (
    RandBreakVessel,
    RandBreakVesselD,
    RandBreakVesseld,
    RandBreakVesselDict,
)
from cldice_monai.transforms.crop import (
    RandCropByVessel,
    RandCropByVesselD,
    RandCropByVesseld,
    RandCropByVesselDict,
)
from cldice_monai.transforms.cutoff import (
    ScaleIntensityCutoff,
    ScaleIntensityCutoffD,
    ScaleIntensityCutoffd,
    ScaleIntensityCutoffDict,
)
from cldice_monai.transforms.downsample_label import (
    DownsampleLabel,
    DownsampleLabelD,
    DownsampleLabeld,
    DownsampleLabelDict,
)
from cldice_monai.transforms.ghosts_and_misses import (
    GhostsAndMisses,
    GhostsAndMissesD,
    GhostsAndMissesd,
    GhostsAndMissesDict,
)
from cldice_monai.transforms.isotropic import (
    ResampleToIsotropic,
    ResampleToIsotropicD,
    ResampleToIsotropicd,
    ResampleToIsotropicDict,
)
from cldice_monai.transforms.non_finite import (
    FillNonFinite,
    FillNonFiniteD,
    FillNonFinited,
    FillNonFiniteDict,
)
from cldice_monai.transforms.skeleton import (
    Skeletonize,
    SkeletonizeD,
    Skeletonized,
    SkeletonizeDict,
)

__all__ = [
    "BinarizeLabel",
    "BinarizeLabelD",
    "BinarizeLabelDict",
    "BinarizeLabeld",
    "DownsampleLabel",
    "DownsampleLabelD",
    "DownsampleLabelDict",
    "DownsampleLabeld",
    "FillNonFinite",
    "FillNonFiniteD",
    "FillNonFiniteDict",
    "FillNonFinited",
    "GhostsAndMisses",
    "GhostsAndMissesD",
    "GhostsAndMissesDict",
    "GhostsAndMissesd",
    "RandBreakVessel",
    "RandBreakVesselD",
    "RandBreakVesselDict",
    "RandBreakVesseld",
    "RandCropByVessel",
    "RandCropByVesselD",
    "RandCropByVesselDict",
    "RandCropByVesseld",
    "ResampleToIsotropic",
    "ResampleToIsotropicD",
    "ResampleToIsotropicDict",
    "ResampleToIsotropicd",
    "ScaleIntensityCutoff",
    "ScaleIntensityCutoffD",
    "ScaleIntensityCutoffDict",
    "ScaleIntensityCutoffd",
    "Skeletonize",
    "SkeletonizeD",
    "SkeletonizeDict",
    "Skeletonized",
]
