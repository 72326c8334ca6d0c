"""The command line ``cldice-monai``: it reads the words and calls the command they name."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from cldice_monai import __version__
from cldice_monai.commands import (
    bundle,
    cross_validate,
    evaluate,
    info,
    predict,
    prepare,
    synthesize,
)
from cldice_monai.errors import InputError

__all__ = ["main"]

_VERBS = (predict, info, prepare, synthesize, evaluate, bundle, cross_validate)
_INTERRUPTED = 130  # what a shell gives a program that was stopped with Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: the words after the program's name; None for those of the process.

    Returns:
        Exit status: 0, or 1 after one line a fault on standard error. Words that are not
        understood end the program with status 2, as argparse does it.

    Example:
        >>> main(["prepare", "drive", "/nowhere", "/nowhere/else"])
        1
    """
    parser = _parser()
    words = sys.argv[1:] if arguments is None else arguments
    if not words:
        parser.exit(2, parser.format_help())  # argparse would name no command to choose from
    options = parser.parse_args(words)
    _stop_in_order_on_request()
    try:
        status: int = options.run(options)
    except InputError as error:
        for line in str(error).splitlines():
            print(f"error: {line}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: stopped; nothing half-written is left", file=sys.stderr)
        return _INTERRUPTED
    return status


def _stop_in_order_on_request() -> None:
    """Let a scheduler's SIGTERM, or the end of the terminal, clean up as Ctrl-C does."""
    if threading.current_thread() is threading.main_thread():
        for name in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(name) is not signal.SIG_IGN:  # as nohup sets it
                signal.signal(name, _interrupt)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cldice-monai",
        description="Segment vessels, measure them, and train with clDice in MONAI.",
    )
    parser.add_argument("--version", action="version", version=f"cldice-monai {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for verb in _VERBS:
        verb.add_parser(subparsers)
    return parser
