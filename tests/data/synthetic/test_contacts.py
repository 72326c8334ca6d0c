"""Close points against brute force."""

from __future__ import annotations

import numpy as np

from cldice_monai.data.synthetic.contacts import close_points


def test_close_points_are_those_of_brute_force():
    rng = np.random.default_rng(0)
    n = 150
    points = 30.0 * rng.random((n, 3))
    owner = rng.integers(12, size=n)
    is_mover = owner < 7
    radius = np.where(is_mover, 0.8 + rng.random(n), 1.0 + 5.0 * rng.random(n))
    expected = {
        (a, b)
        for a in range(n)
        for b in range(n)
        if is_mover[a]
        and owner[a] != owner[b]
        and np.linalg.norm(points[a] - points[b]) < radius[a] + radius[b] + 1.5
    }
    a, b = close_points(points, radius, owner, is_mover, clearance=1.5)
    assert len(expected) > 100
    assert len(a) == len(expected)
    assert set(zip(a.tolist(), b.tolist(), strict=True)) == expected


def test_without_movers_nothing_is_found():
    none = np.zeros(4, dtype=bool)
    a, b = close_points(np.zeros((4, 3)), np.ones(4), np.arange(4), none, clearance=2.0)
    assert len(a) == len(b) == 0
