"""Whether an input is the one that a result was made of."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cldice_monai.errors import InputError
from cldice_monai.inference.weights_file import sha256_of

__all__ = ["identify", "is_unchanged"]


def identify(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Say what the files of a case are: path, size, time of change and hash.

    Args:
        paths: files, or folders of slices.

    Returns:
        One dictionary a path, ready for JSON.

    Raises:
        InputError: if one cannot be read.
    """
    return [{**_stamp(path), "sha256": _hash(path)} for path in paths]


def is_unchanged(known: object, paths: Sequence[Path]) -> bool:
    """Return whether files are still what `identify` said.

    Files of the same size and time are not read again.

    Args:
        known: what it returned, perhaps read back from JSON.
        paths: the files.
    """
    if not isinstance(known, list) or len(known) != len(paths):
        return False
    return all(_is_same(entry, path) for entry, path in zip(known, paths, strict=True))


def _is_same(entry: object, path: Path) -> bool:
    if not isinstance(entry, dict):
        return False
    stamp = _stamp(path)
    if entry.get("bytes") != stamp["bytes"]:
        return False
    if entry.get("path") == stamp["path"] and entry.get("mtime_ns") == stamp["mtime_ns"]:
        return True
    return bool(entry.get("sha256") == _hash(path))


def _files(path: Path) -> list[Path]:
    return sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]


def _stamp(path: Path) -> dict[str, Any]:
    try:
        states = [file.stat() for file in _files(path)]
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    return {
        "path": str(path),
        "bytes": sum(state.st_size for state in states),
        "mtime_ns": max((state.st_mtime_ns for state in states), default=0),
    }


def _hash(path: Path) -> str:
    if not path.is_dir():
        return sha256_of(path)
    lines = [f"{file.relative_to(path)} {sha256_of(file)}" for file in _files(path)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
