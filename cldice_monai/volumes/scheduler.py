"""The connection to a Dask scheduler."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cldice_monai.errors import InputError

__all__ = ["connected"]

_WAIT_S = 10  # for the scheduler's answer


@contextmanager
def connected(scheduler: str) -> Iterator[Any]:
    """Connect to a Dask scheduler.

    Args:
        scheduler: its address.

    Yields:
        The client.

    Raises:
        InputError: if Dask is missing, or no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise InputError(
            "--scheduler needs Dask; pip install 'cldice-monai[distributed]'"
        ) from error
    try:
        client = Client(scheduler, timeout=_WAIT_S)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(
            f"--scheduler {scheduler}: no Dask scheduler answers there; start one with "
            "dask scheduler, and workers with dask worker"
        ) from error
    with client:
        yield client
