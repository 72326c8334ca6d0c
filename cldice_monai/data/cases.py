"""One case of a vessel data set: the files that belong together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["VesselCase"]


@dataclass(frozen=True)
class VesselCase:
    """The files of one volume; nothing is opened.

    Attributes:
        case_id: name of the case, unique in its data set; outputs are named after it.
        image: one file, or one file a channel in the order of the network's input.
        label: the vessel label (vessel is > 0), None where there is none.
        mask: where the image holds data (> 0), None where that is everywhere.

    Example:
        >>> VesselCase("a", (Path("imagesTr/a.nii.gz"),), Path("labelsTr/a.nii.gz")).as_item()
        {'image': ['imagesTr/a.nii.gz'], 'label': 'labelsTr/a.nii.gz', 'case_id': 'a'}
    """

    case_id: str
    image: tuple[Path, ...]
    label: Path | None = None
    mask: Path | None = None

    def as_item(self) -> dict[str, str | list[str]]:
        """Return the dictionary that MONAI's datasets and ``LoadImaged`` take.

        Returns:
            ``image`` (list of paths), ``label`` and ``mask`` (paths; the keys are absent where
            there is none) and ``case_id``.
        """
        item: dict[str, str | list[str]] = {"image": [str(path) for path in self.image]}
        if self.label is not None:
            item["label"] = str(self.label)
        if self.mask is not None:
            item["mask"] = str(self.mask)
        item["case_id"] = self.case_id
        return item
