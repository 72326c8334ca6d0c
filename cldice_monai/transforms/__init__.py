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
from cldice_monai.transforms.cavities import (
    FillCavities,
    FillCavitiesD,
    FillCavitiesd,
    FillCavitiesDict,
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
from cldice_monai.transforms.distractors import (
    RandDistractors,
    RandDistractorsD,
    RandDistractorsd,
    RandDistractorsDict,
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
from cldice_monai.transforms.noise import (
    RandShotNoise,
    RandShotNoiseD,
    RandShotNoised,
    RandShotNoiseDict,
    RandSpeckle,
    RandSpeckleD,
    RandSpeckled,
    RandSpeckleDict,
)
from cldice_monai.transforms.non_finite import (
    FillNonFinite,
    FillNonFiniteD,
    FillNonFinited,
    FillNonFiniteDict,
)
from cldice_monai.transforms.point_spread import (
    RandPointSpread,
    RandPointSpreadD,
    RandPointSpreadd,
    RandPointSpreadDict,
)
from cldice_monai.transforms.remove_short_vessels import (
    RemoveShortVessels,
    RemoveShortVesselsD,
    RemoveShortVesselsd,
    RemoveShortVesselsDict,
)
from cldice_monai.transforms.skeleton import (
    Skeletonize,
    SkeletonizeD,
    Skeletonized,
    SkeletonizeDict,
)
from cldice_monai.transforms.vessel_falloff import (
    RandVesselFalloff,
    RandVesselFalloffD,
    RandVesselFalloffd,
    RandVesselFalloffDict,
)
from cldice_monai.transforms.working_grid import (
    ResampleToWorkingGrid,
    ResampleToWorkingGridD,
    ResampleToWorkingGridd,
    ResampleToWorkingGridDict,
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
    "FillCavities",
    "FillCavitiesD",
    "FillCavitiesDict",
    "FillCavitiesd",
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
    "RandDistractors",
    "RandDistractorsD",
    "RandDistractorsDict",
    "RandDistractorsd",
    "RandPointSpread",
    "RandPointSpreadD",
    "RandPointSpreadDict",
    "RandPointSpreadd",
    "RandShotNoise",
    "RandShotNoiseD",
    "RandShotNoiseDict",
    "RandShotNoised",
    "RandSpeckle",
    "RandSpeckleD",
    "RandSpeckleDict",
    "RandSpeckled",
    "RandVesselFalloff",
    "RandVesselFalloffD",
    "RandVesselFalloffDict",
    "RandVesselFalloffd",
    "RemoveShortVessels",
    "RemoveShortVesselsD",
    "RemoveShortVesselsDict",
    "RemoveShortVesselsd",
    "ResampleToIsotropic",
    "ResampleToIsotropicD",
    "ResampleToIsotropicDict",
    "ResampleToIsotropicd",
    "ResampleToWorkingGrid",
    "ResampleToWorkingGridD",
    "ResampleToWorkingGridDict",
    "ResampleToWorkingGridd",
    "ScaleIntensityCutoff",
    "ScaleIntensityCutoffD",
    "ScaleIntensityCutoffDict",
    "ScaleIntensityCutoffd",
    "Skeletonize",
    "SkeletonizeD",
    "SkeletonizeDict",
    "Skeletonized",
]
