"""A prediction and a label to try a loss on."""

import torch


def some_pair(shape=(2, 1, 12, 12), seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator), (
        torch.rand(shape, generator=generator) > 0.6
    ).float()
