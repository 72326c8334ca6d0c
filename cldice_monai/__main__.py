"""``python -m cldice_monai`` is the command line ``cldice-monai``."""

from __future__ import annotations

import sys

from cldice_monai.cli import main

if __name__ == "__main__":
    sys.exit(main())
