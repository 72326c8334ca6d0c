"""From the words of a command line to the cases to segment."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from cldice_monai.data.case_id import case_id, strip_ending
from cldice_monai.data.cases import VesselCase
from cldice_monai.data.formats import format_of
from cldice_monai.data.inference_cases import OUTPUT_SUFFIXES, find_inference_cases
from cldice_monai.data.pairing import group_channels, name_some
from cldice_monai.data.zarr_image import is_zarr
from cldice_monai.errors import InputError

__all__ = ["find_inputs", "require_plain_name"]

_PREVIEW = "_preview"
_KNOWN = "expected .nii.gz, .nii, .nrrd, .mha, .mhd, .tif, .png or DICOM slices"


def find_inputs(
    inputs: Sequence[str | Path], *, channels: Sequence[str] | None = None
) -> list[VesselCase]:
    """Find the images that files, folders, patterns and lists name; none is opened.

    Of a folder these are the images directly in it, or in its ``imagesTs``, or the folder itself
    where it holds DICOM slices. Results of earlier runs in it are left out. ``x_0000`` and
    ``x_0001`` are channels of ``x``.

    Args:
        inputs: paths, patterns with ``*``, or .json lists in the Decathlon form.
        channels: one pattern a channel, such as ``*_C00.nii.gz`` and ``*_C01.nii.gz``; what ``*``
            stands for is the case.

    Returns:
        At least one case, sorted by id.

    Raises:
        InputError: if an input does not exist or holds no image, a channel is missing, or two
            inputs would be one case.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("x_0000.nii.gz", "x_0001.nii.gz", "y.nii.gz"):
        ...         Path(folder, name).touch()
        ...     [(case.case_id, len(case.image)) for case in find_inputs([folder])]
        [('x', 2), ('y', 1)]
    """
    lists = [Path(word) for word in inputs if Path(word).suffix.lower() == ".json"]
    files = [file for word in inputs if Path(word) not in lists for file in _images_of(str(word))]
    files = list(dict.fromkeys(files))  # a file that two words name is one file
    cases = _by_pattern(files, channels) if channels else _by_number(files)
    for path in lists:
        cases += find_inference_cases(path)
    _require_distinct(cases)
    for case in cases:
        require_plain_name(case)
    return sorted(cases, key=lambda case: case.case_id)


def require_plain_name(case: VesselCase) -> None:
    """Refuse a case whose files would not lie in the output folder.

    Args:
        case: its id names the files.

    Raises:
        InputError: if the id is not the plain name of a file.

    Example:
        >>> require_plain_name(VesselCase("scan_7", (Path("scan_7.nii.gz"),)))
        >>> require_plain_name(VesselCase("a/b", (Path("b.nii.gz"),)))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: b.nii.gz: 'a/b' is no name for files in the output ...
    """
    name = case.case_id
    if not name or name.startswith(".") or Path(name).name != name or "\0" in name:
        raise InputError(
            f"{case.image[0]}: {name!r} is no name for files in the output folder; rename it"
        )


def _images_of(word: str) -> list[Path]:
    # ITK changes the working folder for a moment while it loads, in whatever thread that is
    path = Path(word).expanduser().absolute()
    if path.exists():
        return _in_folder(path) if path.is_dir() and format_of(path) is None else [path]
    names = glob.glob(str(path), recursive=True)  # noqa: PTH207, Path.glob takes no absolute one
    found = [Path(name) for name in sorted(names)]
    if not found:
        raise InputError(f"{word}: there is no such file or folder; check the path")
    wanted = [p for p in found if p.is_dir() or (format_of(p) and not _is_result(p))]
    images = [image for place in wanted for image in _images_of(str(place))]
    if not images:
        raise InputError(f"{word}: names no image; {_KNOWN}")
    return images


def _in_folder(folder: Path) -> list[Path]:
    for place in (folder, folder / "imagesTs"):
        images = _listed(place)
        if images:
            return images
    inside = [path for path in _entries(folder) if path.is_dir() and format_of(path) is not None]
    if inside:  # a folder of DICOM folders, or of volumes that are folders
        return inside
    filled = [path.name for path in _entries(folder) if path.is_dir() and _listed(path)]
    also = f"; to segment those in {name_some(filled)} pass that folder" if filled else ""
    raise InputError(f"{folder}: no image in it; {_KNOWN}{also}")


def _listed(folder: Path) -> list[Path]:
    files = (path for path in _entries(folder) if path.is_file() or is_zarr(path))
    return [path for path in files if format_of(path) is not None and not _is_result(path)]


def _entries(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror}); check it") from error


def _is_result(path: Path) -> bool:
    return strip_ending(path).endswith((*OUTPUT_SUFFIXES, _PREVIEW))


def _by_number(files: Sequence[Path]) -> list[VesselCase]:
    cases = []
    for folder in dict.fromkeys(file.parent for file in files):
        images = group_channels(file for file in files if file.parent == folder)
        for name, group in images.items():
            known = name if len(group) == 1 and name == strip_ending(group[0]) else None
            # four digits that belong to the name stay; _mask does not
            plain = name.removesuffix("_mask") or name if known else case_id(group[0])
            cases.append(VesselCase(plain, group))
    return cases


def _by_pattern(files: Sequence[Path], patterns: Sequence[str]) -> list[VesselCase]:
    found: dict[str, dict[int, Path]] = {}
    for number, pattern in enumerate(patterns):
        before, star, after = pattern.partition("*")
        if not star or "*" in after or "/" in pattern:
            raise InputError(
                f"--channels {pattern}: needs one * for the name of the case, such as "
                "'*_C00.nii.gz'"
            )
        for file in files:
            name = file.name
            fits = name.startswith(before) and name.endswith(after)
            if fits and len(name) > len(before) + len(after):
                case = name[len(before) : len(name) - len(after)]
                if number in found.setdefault(case, {}):
                    other = found[case][number]
                    raise InputError(f"{file}: both it and {other} would be case {case}")
                found[case][number] = file
    if not found:
        raise InputError(f"--channels {' '.join(patterns)}: no file has such a name")
    for case, group in found.items():
        missing = [patterns[n] for n in range(len(patterns)) if n not in group]
        if missing:
            have = next(iter(group.values()))
            raise InputError(
                f"{have}: case {case} has no file {missing[0].replace('*', case)}; add it or take "
                "the others away"
            )
    return [
        VesselCase(case, tuple(group[n] for n in sorted(group))) for case, group in found.items()
    ]


def _require_distinct(cases: Sequence[VesselCase]) -> None:
    seen: dict[str, VesselCase] = {}
    for case in cases:
        other = seen.setdefault(case.case_id, case)
        if other is not case:
            raise InputError(
                f"{case.image[0]}: both it and {other.image[0]} would be case {case.case_id}; "
                "rename one, or segment them into different folders"
            )
