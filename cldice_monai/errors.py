"""The one exception for input that a user has to mend, and how the command line shows it."""

from __future__ import annotations

import sys
from types import TracebackType

__all__ = ["InputError", "find_input_error", "first_line", "show_input_errors_as_one_line"]


class InputError(ValueError):
    """Input that cannot be used: the message names the file or argument, the fault and the remedy.

    The message is a single line, because the command line prints it as it is.

    Example:
        >>> raise InputError("scan.nii.gz: the file ends too early; copy it again")
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: scan.nii.gz: the file ends too early; copy it again
    """


def find_input_error(error: BaseException | None) -> InputError | None:
    """Return the `InputError` that caused ``error``, or None.

    MONAI wraps whatever an expression in a config raises into a RuntimeError; the reason is found
    by following ``__cause__`` and ``__context__``.

    Args:
        error: any exception.

    Returns:
        The first `InputError` in the chain, None where there is none.

    Example:
        >>> try:
        ...     try:
        ...         raise InputError("scan.nii.gz: the file ends too early; copy it again")
        ...     except InputError as fault:
        ...         raise RuntimeError("failed to build the config") from fault
        ... except RuntimeError as error:
        ...     str(find_input_error(error))
        'scan.nii.gz: the file ends too early; copy it again'
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, InputError):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def first_line(error: BaseException) -> str:
    r"""Return what an error says in its first line; its kind where it says nothing.

    Args:
        error: any exception, as of a library, to be named in a message of one line.

    Example:
        >>> first_line(OSError("disk full\nwhile writing")), first_line(EOFError())
        ('disk full', 'EOFError')
    """
    return (str(error) or type(error).__name__).splitlines()[0]


def show_input_errors_as_one_line() -> None:
    """Make an uncaught `InputError` end the program with a line a fault instead of a traceback.

    Ctrl-C ends it with a line too. Other exceptions keep their traceback. Calling it twice changes
    nothing. The exit status of the interpreter stays what it was.
    """
    previous = sys.excepthook
    if getattr(previous, "shows_input_errors", False):
        return

    def hook(
        kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        reason = find_input_error(error)
        if issubclass(kind, KeyboardInterrupt):
            print("error: stopped", file=sys.stderr)
        elif reason is None:
            previous(kind, error, traceback)
        else:
            for line in str(reason).splitlines():
                print(f"error: {line}", file=sys.stderr)

    hook.shows_input_errors = True  # type: ignore[attr-defined]
    sys.excepthook = hook
