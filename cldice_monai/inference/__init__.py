"""From image files to masks, measurements and pictures, with the bundle's inference.json.

`cldice_monai.predict` and ``cldice-monai predict`` are how it is used.
"""

from __future__ import annotations

__all__: list[str] = []
