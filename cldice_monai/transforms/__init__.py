"""MONAI transforms for vessel images and labels."""

from __future__ import annotations

from cldice_monai.transforms.array import (
    BinarizeLabel,
    FillNonFinite,
    ScaleIntensityCutoff,
    Skeletonize,
)
from cldice_monai.transforms.dictionary import (
    BinarizeLabelD,
    BinarizeLabeld,
    BinarizeLabelDict,
    FillNonFiniteD,
    FillNonFinited,
    FillNonFiniteDict,
    ScaleIntensityCutoffD,
    ScaleIntensityCutoffd,
    ScaleIntensityCutoffDict,
    SkeletonizeD,
    Skeletonized,
    SkeletonizeDict,
)
from cldice_monai.transforms.downsample_label import (
    DownsampleLabel,
    DownsampleLabelD,
    DownsampleLabeld,
    DownsampleLabelDict,
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
    "ScaleIntensityCutoff",
    "ScaleIntensityCutoffD",
    "ScaleIntensityCutoffDict",
    "ScaleIntensityCutoffd",
    "Skeletonize",
    "SkeletonizeD",
    "SkeletonizeDict",
    "Skeletonized",
]
