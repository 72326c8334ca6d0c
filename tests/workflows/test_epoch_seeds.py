import random
from types import SimpleNamespace

import numpy as np
import torch
from monai.data import DataLoader, Dataset
from monai.transforms import Compose, RandGaussianNoise

from cldice_monai.workflows import EpochSeeds


def epoch(number):
    return SimpleNamespace(state=SimpleNamespace(epoch=number))


def drawn():
    return random.random(), float(np.random.rand()), float(torch.rand(()))


def test_what_an_epoch_draws_depends_on_its_number_alone():
    seeds = EpochSeeds(7)
    seeds(epoch(1))
    drawn()
    seeds(epoch(2))
    second = drawn()
    random.seed(1)
    torch.manual_seed(1)
    seeds(epoch(2))
    assert drawn() == second
    seeds(epoch(3))
    assert drawn() != second
    EpochSeeds(8)(epoch(2))
    assert drawn() != second
    EpochSeeds(7, rank=1)(epoch(2))
    assert drawn() != second


def test_transforms_without_workers_and_with_two_repeat():
    dataset = Dataset([torch.zeros(3)] * 4, Compose([RandGaussianNoise(prob=1.0)]))
    seeds = EpochSeeds(0, dataset=dataset)
    for n_workers in (0, 2):
        loader = DataLoader(dataset, batch_size=4, num_workers=n_workers, shuffle=True)
        epochs = []
        for number in (1, 2, 3, 2):
            seeds(epoch(number))
            epochs.append(torch.stack([item.as_tensor() for item in next(iter(loader))]))
        assert torch.equal(epochs[1], epochs[3])
        assert not torch.equal(epochs[1], epochs[2])


def test_without_a_seed_nothing_is_touched_but_the_sampler():
    sampler = SimpleNamespace(epochs=[])
    sampler.set_epoch = sampler.epochs.append
    torch.manual_seed(3)
    expected = float(torch.rand(()))
    torch.manual_seed(3)
    EpochSeeds(None, sampler=sampler)(epoch(5))
    assert float(torch.rand(())) == expected
    assert sampler.epochs == [5]
