"""The in-memory transform is the oracle: the streamed range is the same number, not a near one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cldice_monai.errors import InputError
from cldice_monai.transforms.intensity import fill_non_finite, intensity_range
from cldice_monai.volumes.intensity_range import streamed_intensity_range

VALUES = st.one_of(
    st.floats(-1e6, 1e6, width=32), st.integers(-3, 3).map(float), st.just(0.0), st.just(-0.0)
)


def streamed(
    channel: np.ndarray, cutoff: float, n_blocks: int, floor: float = 0.0
) -> tuple[float, float]:
    return streamed_intensity_range(lambda: np.array_split(channel, n_blocks), cutoff, floor)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(
    arrays(np.float32, st.integers(1, 200), elements=VALUES),
    st.floats(0.01, 1),
    st.one_of(st.just(0.0), st.floats(0, 0.99)),
    st.integers(1, 5),
)
def test_equals_the_range_in_memory(
    channel: np.ndarray, cutoff: float, floor: float, n_blocks: int
):
    assert streamed(channel, cutoff, n_blocks, floor) == intensity_range(channel, cutoff, floor)


@pytest.mark.parametrize("cutoff", [0.5, 0.99, 0.995, 1.0])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_equals_the_range_of_a_large_channel(cutoff: float, dtype: type):
    rng = np.random.default_rng(0)
    channel = (rng.gamma(2, 30, 300_001) % 65535).astype(dtype).astype(np.float32)
    assert streamed(channel, cutoff, 7) == intensity_range(channel, cutoff)


@pytest.mark.parametrize("share", [0.001, 0.3, 0.999])
def test_voxels_without_a_value_count_as_the_smallest(share: float):
    rng = np.random.default_rng(1)
    channel = rng.normal(5, 3, 5000).astype(np.float32)
    channel[rng.random(5000) < share] = np.nan
    channel[7] = np.inf
    for floor in (0.0, 0.4):
        expected = intensity_range(fill_non_finite(channel[None])[0], 0.99, floor)
        assert streamed(channel, 0.99, 3, floor) == expected


def test_a_few_bright_voxels_in_black_are_not_cut_off():
    channel = np.zeros(1000, np.float32)
    channel[:3] = 7
    assert streamed(channel, 0.9, 2) == (0.0, 7.0)


def test_a_volume_without_a_value_is_refused():
    with pytest.raises(InputError, match=r"scan.nii: every voxel is NaN"):
        streamed_intensity_range(lambda: [np.full(4, np.nan)], 0.99, name="scan.nii")
