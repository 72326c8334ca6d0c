"""How a volume is cut."""

from __future__ import annotations

import pytest

from cldice_monai.volumes.plan import HALO, _side


@pytest.mark.parametrize("n_bytes", [10**8, 190_000_000, 250_000_003, 777_777_777, 10**11])
def test_blocks_begin_at_even_voxels(n_bytes: int):
    side = _side(n_bytes, 80, halo=HALO)
    assert side % 2 == 0
    assert 64 <= side <= 256
