"""Which files of a folder are masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from cldice_monai.data.case_id import strip_ending
from cldice_monai.data.formats import format_of
from cldice_monai.data.pictures import is_picture
from cldice_monai.data.tiff_stack import has_tiff_ending
from cldice_monai.data.zarr_image import is_zarr
from cldice_monai.errors import InputError

__all__ = ["has_voxel_size", "list_masks", "short_name", "without_doubles"]

_NOT_MASKS = ("_prob", "_skeleton", "_ghosts_misses", "_preview")


def list_masks(folder: Path) -> list[Path]:
    """Return what is directly in a folder in any format that masks are written in.

    Args:
        folder: an existing folder.

    Returns:
        The paths, sorted; hidden ones are left out, and what else is written beside masks: names
        that end in ``_prob``, ``_skeleton``, ``_ghosts_misses`` or ``_preview``, and tables.

    Raises:
        InputError: the folder cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("a_mask.nii.gz", "a_prob.nii.gz", "b.png", "metrics.json"):
        ...         Path(folder, name).touch()
        ...     [path.name for path in list_masks(Path(folder))]
        ['a_mask.nii.gz', 'b.png']
    """
    try:
        entries = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    except OSError as error:
        raise InputError(
            f"{folder}: the folder cannot be read ({error.strerror}); check its permissions"
        ) from error
    known = [p for p in entries if (is_zarr(p) or p.is_file()) and format_of(p) is not None]
    return [p for p in known if not strip_ending(p).endswith(_NOT_MASKS)]


def has_voxel_size(path: Path) -> bool:
    """Return whether a file of this name says how large its voxels are.

    Example:
        >>> [has_voxel_size(Path(name)) for name in ("a.nii.gz", "a.tif", "a.png")]
        [True, False, False]
    """
    return not (is_picture(path) or has_tiff_ending(path))


def without_doubles(
    paths: Sequence[Path], name_of: Callable[[Path], str]
) -> tuple[list[Path], list[str]]:
    """Leave out TIFF files and pictures of cases that a volume with a voxel size is there for too.

    Args:
        paths: files of one folder.
        name_of: returns the case of a file.

    Returns:
        The files that remain, and a note that names the others.

    Example:
        >>> kept, notes = without_doubles([Path("p/a.nii"), Path("p/a.png"), Path("p/b.png")],
        ...                               strip_ending)
        >>> [path.name for path in kept], notes
        (['a.nii', 'b.png'], ['p: a.png left out, because a.nii is the same case'])
    """
    volumes = {name_of(path): path for path in paths if has_voxel_size(path)}
    kept = [p for p in paths if has_voxel_size(p) or name_of(p) not in volumes]
    notes = [
        f"{path.parent.name}: {path.name} left out, because {volumes[name_of(path)].name} is the "
        "same case"
        for path in paths
        if path not in kept
    ]
    return kept, notes


def short_name(path: Path) -> str:
    """Return a file's name with that of its folder: a report is passed on, the rest is private.

    Example:
        >>> short_name(Path("/home/somebody/labels/a.nii.gz"))
        'labels/a.nii.gz'
    """
    whole = path.absolute()
    return f"{whole.parent.name}/{whole.name}"
