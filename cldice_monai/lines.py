"""Lines for people: printed at once, cut to a width, with nouns in the right number."""

from __future__ import annotations

__all__ = ["counted", "print_now", "shortened"]


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where it has to be.

    Example:
        >>> counted(1, "case"), counted(2, "case")
        ('1 case', '2 cases')
    """
    plural = noun + ("es" if noun.endswith("ch") else "s")
    return f"{number} {noun if number == 1 else plural}"


def print_now(line: str) -> None:
    """Print a line at once, also into a pipe that somebody watches.

    Args:
        line: what is said; it may hold several lines.

    Example:
        >>> print_now("written: results")
        written: results
    """
    print(line, flush=True)


def shortened(name: str, width: int) -> str:
    """Return a name that fits into a column; of a long one the end, which tells it from others.

    Args:
        name: of a case or a folder.
        width: characters at most, more than 3.

    Example:
        >>> shortened("mouse_3", 12), shortened("patchvolume_001", 12)
        ('mouse_3', '...olume_001')
    """
    return name if len(name) <= width else f"...{name[3 - width :]}"
