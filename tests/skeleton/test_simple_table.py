import base64
import zlib

import numpy as np
import pytest

from cldice_monai.skeleton.simple_points import SIMPLE, neighbourhood_flags
from cldice_monai.skeleton.simple_table import SimpleTable, build_table, load_table, pack_table
from cldice_monai.skeleton.simple_table_data import PACKED

CONNECTIVITIES = ["foreground-full", "foreground-face"]


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_table_agrees_with_the_definition_on_random_neighbourhoods(connectivity):
    codes = np.random.default_rng(0).integers(0, 1 << 27, 50_000) | (1 << 13)
    table = load_table(3, connectivity)
    classes = table.classes[codes & ((1 << 18) - 1)].astype(int)
    found = table.flags[classes * 512 + (codes >> 18)]
    assert np.array_equal(found, neighbourhood_flags(codes, ndim=3, connectivity=connectivity))


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_a_background_centre_has_no_flags(connectivity):
    table = load_table(3, connectivity)
    centre_is_background = np.arange(1 << 18) & (1 << 13) == 0
    rows = table.flags.reshape(-1, 512)
    assert not rows[np.unique(table.classes[centre_is_background])].any()
    planes = load_table(2, connectivity).flags
    assert not planes[np.arange(512) & (1 << 4) == 0].any()
    assert planes.any()


@pytest.mark.slow
@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_the_shipped_table_is_rebuilt_from_the_definition(connectivity):
    built, shipped = build_table(connectivity), load_table(3, connectivity)
    assert np.array_equal(built.classes, shipped.classes)
    assert np.array_equal(built.flags, shipped.flags)
    # 25,985,144 of the 2^26 neighbourhoods are simple, under either connectivity.
    per_class = (built.flags.reshape(-1, 512) & SIMPLE).sum(1, dtype=np.int64)
    assert int(per_class[built.classes].sum()) == 25_985_144


def test_packing_and_loading_are_inverse():
    assert set(PACKED) == set(CONNECTIVITIES)
    for connectivity in CONNECTIVITIES:
        # Whether the compressed text is the same depends on the version of zlib; the bytes do not.
        assert unpacked(pack_table(load_table(3, connectivity))) == unpacked(PACKED[connectivity])


def unpacked(text):
    return zlib.decompress(base64.b85decode(text))


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_a_table_that_was_packed_is_loaded_again_as_it_was(connectivity, monkeypatch):
    # Mark classes and flags, so that what comes back can only be what was packed.
    shipped = load_table(3, connectivity)
    flags = shipped.flags.copy()
    flags[:-512] ^= np.arange(flags.size - 512, dtype=np.int64).astype(np.uint8)
    table = SimpleTable(shipped.classes, flags)
    monkeypatch.setitem(PACKED, connectivity, pack_table(table))
    loaded = load_table.__wrapped__(3, connectivity)
    assert np.array_equal(loaded.classes, table.classes)
    assert np.array_equal(loaded.flags, table.flags)
    assert not np.array_equal(loaded.flags, shipped.flags)


def test_the_shipped_text_is_a_few_kilobytes():
    assert all(len(text) < 6000 for text in PACKED.values())
