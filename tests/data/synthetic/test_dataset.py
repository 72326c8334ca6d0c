"""The endless stream of volumes, alone and inside a DataLoader."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
import torch
from monai.transforms import Compose, RandGaussianNoised
from torch.utils.data import DataLoader

from cldice_monai.data.synthetic import SyntheticVesselDataset, generate_vessels

_SHAPE = (24, 20, 16)


def _first(n, **options):
    return list(islice(SyntheticVesselDataset(_SHAPE, **options), n))


def _prints(images):
    return [np.asarray(image).tobytes() for image in images]


def test_items_are_channel_first_as_monai_expects():
    for item in _first(2, n_channels=2):
        assert (item["image"].shape, item["image"].dtype) == ((2, *_SHAPE), np.float32)
        assert (item["label"].shape, item["label"].dtype) == ((1, *_SHAPE), np.uint8)
        assert set(np.unique(item["label"])) == {0, 1}


def test_same_seed_gives_the_same_stream_and_volumes_differ():
    stream = _prints(item["image"] for item in _first(4, seed=3))
    assert stream == _prints(item["image"] for item in _first(4, seed=3))
    assert len(set(stream)) == 4
    assert not set(stream) & set(_prints(item["image"] for item in _first(4, seed=4)))


def test_length_ends_the_pass_and_the_next_epoch_goes_on_in_the_stream():
    volumes = SyntheticVesselDataset(_SHAPE, length=2)
    endless = _prints(item["image"] for item in _first(4))
    assert _prints(item["image"] for item in volumes) == endless[:2]
    assert _prints(item["image"] for item in volumes) == endless[:2]
    volumes.set_epoch(1)
    assert _prints(item["image"] for item in volumes) == endless[2:]


@pytest.mark.slow
@pytest.mark.parametrize("length", [5, None])
def test_two_workers_share_the_stream_without_repeating_a_volume(length):
    loader = DataLoader(SyntheticVesselDataset(_SHAPE, length=length), batch_size=1, num_workers=2)
    images = [batch["image"][0] for batch in islice(loader, 5)]
    assert all(isinstance(image, torch.Tensor) for image in images)
    assert len(images) == 5
    # workers take turns, so the order is that of the stream, too
    assert _prints(images) == _prints(item["image"] for item in _first(5))


def test_transform_sees_every_item_and_its_draws_are_repeated():
    noise = Compose([RandGaussianNoised("image", prob=1.0, std=9.0)])
    streams = [_first(2, transform=noise), _first(2, transform=noise)]
    one, two = (_prints(item["image"] for item in stream) for stream in streams)
    assert one == two
    assert one[0] != _prints(item["image"] for item in _first(1))[0]
    names = list(SyntheticVesselDataset(_SHAPE, length=2, transform=sorted))
    assert names == [["image", "label"]] * 2


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"shape": (24, 20)}, ValueError, "shape must be three"),
        ({"preset": "none"}, ValueError, "preset must be one of"),
        ({"seed": -1}, ValueError, "seed must be 0 or more"),
        ({"length": 0}, ValueError, "length must be 1 or more"),
        ({"length": 2.0}, TypeError, "length must be an integer"),
    ],
)
def test_settings_are_checked_at_the_start(options, error, says):
    with pytest.raises(error, match=says):
        SyntheticVesselDataset(**({"shape": _SHAPE} | options))


def test_negative_epoch_is_refused():
    with pytest.raises(ValueError, match="epoch must be 0 or more"):
        SyntheticVesselDataset(_SHAPE).set_epoch(-1)


def test_the_stream_never_gives_a_volume_that_is_written_for_a_test():
    streamed = next(iter(SyntheticVesselDataset((16, 16, 16), preset="paper", seed=0)))
    written = generate_vessels((16, 16, 16), preset="paper", seed=0)
    assert not np.array_equal(streamed["label"][0], written.label)


def test_a_transform_that_cannot_be_called_is_refused():
    with pytest.raises(TypeError, match="transform must be a function"):
        SyntheticVesselDataset((16, 16, 16), transform=3)
