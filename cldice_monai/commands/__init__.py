"""One file a command of ``cldice-monai``.

Each has ``add_parser(subparsers)``, which adds the command and sets the default ``run``: a function
that takes the options and returns the exit status. What a command needs is imported when it runs.
"""

from __future__ import annotations

__all__: list[str] = []
