"""Where the MONAI bundle of this installation is, and a copy of it to edit."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from cldice_monai.errors import InputError
from cldice_monai.files import fill_folder_when_complete

__all__ = ["bundle_dir", "copy_bundle"]


def bundle_dir() -> Path:
    """Return the folder of the MONAI bundle: configs, docs, licence and models/model.pt.

    Returns:
        The folder in the installed package, or in the checkout of an editable installation. It is
        to be read; `copy_bundle` makes one to edit.

    Raises:
        InputError: if the installation is damaged and holds no bundle.

    Example:
        >>> (bundle_dir() / "configs" / "inference.json").is_file()
        True
    """
    package = Path(__file__).resolve().parent
    # What lies beside an installed package is somebody else's, so its own folder is asked first.
    for folder in (package / "bundle", package.parent / "bundle"):
        if (folder / "configs" / "metadata.json").is_file():
            return folder
    raise InputError(
        f"{package}: the bundle's files are missing from this installation; "
        "install cldice-monai again"
    )


def copy_bundle(target: str | os.PathLike[str]) -> Path:
    """Copy the bundle, to be edited or handed on.

    The folder appears under its name once it is complete.

    Args:
        target: the folder to make; must not exist, or be empty.

    Returns:
        The folder as a path.

    Raises:
        InputError: if the folder is not empty or cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     copy = copy_bundle(Path(parent) / "my_bundle")
        ...     (copy / "configs" / "train.json").is_file()
        True
    """
    source = bundle_dir()
    target = Path(target)
    with fill_folder_when_complete(target) as folder:
        # file by file: the modes of a read-only installation must not come along
        for path in sorted(source.rglob("*")):
            name = path.relative_to(source)
            if path.is_file() and not any(p == "__pycache__" or p[0] == "." for p in name.parts):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, folder / name)
    return target
