"""How much memory this process takes, and amounts of it as people write them."""

from __future__ import annotations

import ctypes
import re
import threading
from pathlib import Path
from types import TracebackType

from cldice_monai.errors import InputError

__all__ = ["PeakMemory", "format_bytes", "give_freed_memory_back", "memory_in_use", "parse_bytes"]

_STATUS = Path("/proc/self/status")
_COUNTED = re.compile(rb"^Rss(?:Anon|Shmem):\s+(\d+) kB", re.MULTILINE)
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
_THRESHOLD = 1 << 20


def memory_in_use() -> int:
    """Return the anonymous and shared memory of this process in bytes.

    Pages of files that are mapped are not counted: the system drops them when it needs room.

    Raises:
        InputError: on a system that does not say (any but Linux).

    Example:
        >>> memory_in_use() > 10**6
        True
    """
    try:
        found = _COUNTED.findall(_STATUS.read_bytes())
    except OSError as error:
        raise InputError(
            "--max-memory needs Linux, which says how much memory a process takes; leave it out"
        ) from error
    return 1024 * sum(map(int, found))


def parse_bytes(amount: str | int, *, argument: str = "--max-memory") -> int:
    """Read an amount of memory.

    Args:
        amount: such as "2GB", "1.5 GiB", "800M" or a number of bytes.
        argument: the name that the user knows it by, for the message.

    Returns:
        Bytes.

    Raises:
        InputError: if it is no amount.

    Example:
        >>> parse_bytes("2GB"), parse_bytes("1.5 GiB"), parse_bytes(4096)
        (2000000000, 1610612736, 4096)
    """
    match = re.fullmatch(r"([\d.]+)\s*([KMGT]?)(I?)B?", str(amount).strip().upper())
    try:
        if match is None:
            raise ValueError
        number = float(match[1])
    except ValueError:
        raise InputError(
            f"{argument} {amount}: is no amount of memory; write it like 2GB or 800MB"
        ) from None
    unit = _UNITS[match[2]]
    if match[3]:
        unit = 1024 ** list(_UNITS).index(match[2])
    return int(number * unit)


def format_bytes(n_bytes: int) -> str:
    """Return an amount of memory as `parse_bytes` reads it, in whole MB rounded up.

    Example:
        >>> format_bytes(123_456_789)
        '124MB'
    """
    return f"{-(-n_bytes // 10**6)}MB"


def give_freed_memory_back() -> None:
    """Have malloc return what is freed, from 1 MiB on, to the system at once.

    By default glibc raises these limits as it goes, and keeps tens of MB that nobody can plan with.
    Where there is no glibc nothing is changed.
    """
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(_M_MMAP_THRESHOLD, _THRESHOLD)
        libc.mallopt(_M_TRIM_THRESHOLD, _THRESHOLD)
        libc.malloc_trim(0)
    except (OSError, AttributeError):
        return


class PeakMemory:
    """The largest `memory_in_use` while a block runs, looked at every millisecond or so.

    Args:
        interval_s: seconds between two looks.

    Example:
        >>> with PeakMemory() as peak:
        ...     block = bytearray(50_000_000)
        >>> peak.n_bytes > 50_000_000
        True
    """

    def __init__(self, interval_s: float = 0.001) -> None:
        self.interval_s = interval_s
        self.n_bytes = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> PeakMemory:
        self._look()
        self._stop.clear()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._stop.wait(self.interval_s):
            self._look()

    def _look(self) -> None:
        self.n_bytes = max(self.n_bytes, memory_in_use())
