"""How much memory this process may still take, and how much it has taken."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from cldice_monai.errors import InputError

__all__ = ["available_bytes", "peak_bytes", "require_bytes"]

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")


def available_bytes() -> int | None:
    """Return how many bytes the machine, the container and the shell's limits leave.

    Returns:
        The least of them; None where none is known.

    Example:
        >>> found = available_bytes()
        >>> found is None or found > 0
        True
    """
    known = [n for n in (_of_machine(), _of_container(), _of_process()) if n is not None]
    return max(1, min(known)) if known else None


def require_bytes(n_bytes: int, *, path: object) -> None:
    """Refuse work that cannot fit into memory before any of it is allocated.

    Args:
        n_bytes: what it takes.
        path: file that asks for it, for the message.

    Raises:
        InputError: if less is left.

    Example:
        >>> require_bytes(1 << 60, path="scan.nii.gz")
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: scan.nii.gz: the volume needs 1152921504.6 GB of memory, \
more than there is; crop or downsample it
    """
    left = available_bytes()
    if left is not None and n_bytes > left:
        raise InputError(
            f"{path}: the volume needs {n_bytes / 1e9:.1f} GB of memory, more than there is; "
            "crop or downsample it"
        )


def peak_bytes() -> int:
    """Return the largest memory that this process has held at a time.

    Returns:
        Bytes of the resident set.

    Example:
        >>> before = peak_bytes()
        >>> peak_bytes() >= before > 0
        True
    """
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _of_machine() -> int | None:
    if not _MEMINFO.is_file():
        return None
    for line in _MEMINFO.read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _of_container() -> int | None:
    try:
        most = (_CGROUP / "memory.max").read_text(encoding="ascii").strip()
        used = (_CGROUP / "memory.current").read_text(encoding="ascii")
    except OSError:
        return None
    return None if most == "max" else int(most) - int(used)


def _of_process() -> int | None:
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return None
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return limit - pages * resource.getpagesize()
