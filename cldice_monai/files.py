"""Writing files so that a reader never meets half of one."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cldice_monai.errors import InputError

__all__ = [
    "as_path",
    "current_umask",
    "fill_folder_when_complete",
    "replace_folder_when_complete",
    "replace_when_complete",
    "require_empty_folder",
    "require_writable_folder",
]


def as_path(value: object, *, argument: str) -> Path:
    """Take a path from a config or a command line, where a name like 2024_01 arrives as a number.

    Args:
        value: the path.
        argument: the name that the user knows it by, for the message.

    Returns:
        The path.

    Raises:
        InputError: if it is not a path.

    Example:
        >>> as_path("runs/a", argument="output_dir").name
        'a'
    """
    if not isinstance(value, str | os.PathLike):
        raise InputError(
            f"{argument} was read as {value!r}, which is not a path; "
            f"if its name is a number write --{argument} ./NAME"
        )
    return Path(value)


@contextmanager
def replace_when_complete(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary name in the same folder, and rename it to ``path`` once the block succeeds.

    Whatever was at ``path`` before stays there until the new file is complete; if the block
    raises, the temporary file is removed. The name keeps the ending of ``path`` (``.nii.gz``
    too), because writers choose their format by it.

    Args:
        path: the file to write; its folder is made where it is missing.

    Yields:
        The path to write to.

    Raises:
        InputError: if the file cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with replace_when_complete(Path(folder) / "a.txt") as temporary:
        ...         _ = temporary.write_text("whole")
        ...     [p.name for p in Path(folder).iterdir()]
        ['a.txt']
    """
    path = Path(path)
    ending = "".join(path.suffixes[-2:]) if path.name.endswith(".gz") else path.suffix
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".incomplete-", suffix=ending, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            # mkstemp keeps others out; a result is for all
            temporary.chmod(0o666 & ~current_umask())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror or error}); "
            "choose an output folder you can write to with enough free space"
        ) from error


@contextmanager
def fill_folder_when_complete(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary folder beside ``folder``, and rename it once the block succeeds.

    If the block raises, nothing is left of what it wrote.

    Args:
        folder: the folder to make; must not exist, or be empty.

    Yields:
        The folder to write to.

    Raises:
        InputError: if ``folder`` is a file or not empty, or cannot be written.

    Example:
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     with fill_folder_when_complete(Path(parent) / "data") as temporary:
        ...         _ = (temporary / "a.txt").write_text("whole")
        ...     [p.name for p in Path(parent).rglob("*")]
        ['data', 'a.txt']
    """
    folder = Path(folder)
    require_empty_folder(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".incomplete-", dir=folder.parent))
        try:
            yield partial
            partial.chmod(0o777 & ~current_umask())  # mkdtemp keeps others out; a result is for all
            if folder.is_dir():
                folder.rmdir()
            partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be written ({error.strerror or error}); "
            "choose an output folder you can write to with enough free space"
        ) from error


@contextmanager
def replace_folder_when_complete(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary folder beside ``folder``, and put it in its place once the block succeeds.

    A folder that was there before stays until then; if the block raises, it stays for good.

    Args:
        folder: the folder to write, such as a Zarr group; its parents are made.

    Yields:
        The folder to write to.

    Raises:
        InputError: if it cannot be written, or is a file.

    Example:
        >>> with tempfile.TemporaryDirectory() as parent:
        ...     for text in ("old", "new"):
        ...         with replace_folder_when_complete(Path(parent) / "a.zarr") as temporary:
        ...             _ = (temporary / "b.txt").write_text(text)
        ...     [p.read_text() for p in Path(parent).rglob("*.txt")]
        ['new']
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file, not a folder; choose another name")
    parent = folder.parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=".incomplete-", dir=parent, ignore_cleanup_errors=True
        ) as name:
            partial = Path(name) / "new"
            partial.mkdir()
            yield partial
            if folder.exists():
                folder.rename(Path(name) / "old")
            partial.rename(folder)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be written ({error.strerror or error}); "
            "choose an output folder you can write to with enough free space"
        ) from error


def require_empty_folder(folder: str | os.PathLike[str]) -> None:
    """Check that a folder does not exist yet, or is empty.

    Raises:
        InputError: if it is a file or holds anything.

    Example:
        >>> require_empty_folder(Path(tempfile.gettempdir()) / "no" / "such folder")
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file, not a folder; choose another folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise InputError(
            f"{folder}: the folder is not empty and nothing is overwritten; "
            "choose another folder or remove it"
        )


def require_writable_folder(folder: str | os.PathLike[str], *, argument: str) -> Path:
    """Make a folder, and find out now whether a file can be written into it.

    Args:
        folder: the folder; its parents are made too.
        argument: the name that the user knows it by, for the message.

    Returns:
        The folder as a path.

    Raises:
        InputError: if it cannot be made or written to.

    Example:
        >>> require_writable_folder("/dev/null/results", argument="output_dir")
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: output_dir /dev/null/results cannot be written \
(Not a directory); choose another folder with --output_dir
    """
    folder = as_path(folder, argument=argument)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".incomplete-"):
            pass
    except OSError as error:
        raise InputError(
            f"{argument} {folder} cannot be written ({error.strerror}); "
            f"choose another folder with --{argument}"
        ) from error
    return folder


def current_umask() -> int:
    """Return which permissions a new file of this process does not get.

    Example:
        >>> 0 <= current_umask() <= 0o777
        True
    """
    mask = os.umask(0)
    os.umask(mask)
    return mask
