"""A bar on the terminal with the time that is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TextIO

import torch

from cldice_monai.clock import clock

__all__ = ["Progress"]

_WIDTH = 80
_BAR = 24
_BETWEEN_DRAWINGS = 0.2  # seconds


class Progress:
    """One line on a terminal, drawn anew while the network runs; nothing in a file or a pipe.

    Args:
        stream: where to draw, standard error as a rule.
        n_cases: cases of the run.
        is_on: False draws nothing.

    Example:
        >>> import io
        >>> progress = Progress(io.StringIO(), n_cases=1)  # no terminal
        >>> progress.start("a")
        >>> progress.counting(torch.nn.Identity())(torch.ones(1)), progress.done
        (tensor([1.]), 1)
    """

    def __init__(self, stream: TextIO, *, n_cases: int, is_on: bool = True) -> None:
        self.stream = stream
        self.n_cases = n_cases
        self.is_on = is_on and stream.isatty()
        self.done = 0
        self._number = 0
        self._n_calls: int | None = None
        self._case = ""
        self._start = self._drawn = 0.0

    def start(self, case: str) -> None:
        """Begin with a case.

        Args:
            case: its id.
        """
        self._number += 1
        self._case, self._n_calls, self.done = case, None, 0
        self._draw("reading")

    def begin_windows(self, n_calls: int | None) -> None:
        """Begin with its windows.

        Args:
            n_calls: calls of the network that it takes; None where that is not known.
        """
        self._n_calls = n_calls
        self._start = time.monotonic()

    def counting(self, network: torch.nn.Module) -> Callable[..., Any]:
        """Return the network with a count of its calls."""

        def run(*args: Any, **kwargs: Any) -> Any:
            output = network(*args, **kwargs)
            self.done += 1
            if time.monotonic() - self._drawn > _BETWEEN_DRAWINGS:
                self._draw(self._left())
            return output

        return run

    def share(self, share: float) -> None:
        """Show a case of which a share from 0 to 1 is done."""
        if self._n_calls is None:
            self.begin_windows(1000)
        self.done = max(1, round(1000 * share))
        if time.monotonic() - self._drawn > _BETWEEN_DRAWINGS:
            self._draw(self._left())

    def say(self, what: str) -> None:
        """Show what is done now, such as measuring."""
        self._draw(what)

    def clear(self) -> None:
        """Take the bar away, so that a line can be printed."""
        if self.is_on:
            self.stream.write("\r" + " " * (_WIDTH - 1) + "\r")
            self.stream.flush()

    def _left(self) -> str:
        if not self._n_calls:
            return f"{self.done} windows"
        gone = time.monotonic() - self._start
        left = gone / self.done * max(0, self._n_calls - self.done)
        return f"{clock(left)} left"

    def _draw(self, what: str) -> None:
        if not self.is_on:
            return
        self._drawn = time.monotonic()
        share = min(1.0, self.done / self._n_calls) if self._n_calls else 0.0
        filled = round(share * _BAR)
        bar = "#" * filled + "." * (_BAR - filled)
        count = f"{self._number}/{self.n_cases}"
        room = _WIDTH - 1 - len(f"{count}  [{bar}] 100 %  ") - len(what)
        case = self._case if len(self._case) <= room else "..." + self._case[3 - room :]
        line = f"{count} {case} [{bar}] {share:4.0%} {what}"
        self.stream.write("\r" + line[: _WIDTH - 1].ljust(_WIDTH - 1))
        self.stream.flush()
