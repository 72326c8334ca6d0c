"""The soft skeleton and its gradient in plain tensor operations: any device, no compiler.

Every image is stored with one voxel of padding on each side and handled as one flat array, in
which a neighbour is a fixed offset: erosion and dilation are minima and maxima of two shifted,
contiguous views. Padding with zeros makes the outside background; repeating the edge makes it
neutral, because a repeated voxel is already among the neighbours compared.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

__all__ = ["eager_backward", "eager_forward"]

_Schedule = list[tuple[bool, ...]]


class _Grid:
    """Flat views of padded images of one shape."""

    def __init__(self, x: Tensor, ignore_border: bool) -> None:
        self.n_dims = x.dim() - 1
        self.ignore_border = ignore_border
        self.shape = (x.shape[0], *(n + 2 for n in x.shape[1:]))
        strides = [1]
        for n in reversed(self.shape[2:]):
            strides.append(strides[-1] * n)
        self.strides = strides[::-1]
        self.margin = sum(self.strides)
        self.size = x.shape[0] * self.strides[0] * self.shape[1]
        self.length = self.size - 2 * self.margin

    def pad(self, x: Tensor) -> Tensor:
        mode = "replicate" if self.ignore_border else "constant"
        padded = F.pad(x[:, None], (1, 1) * self.n_dims, mode=mode)
        return padded.reshape(-1)

    def inner(self, flat: Tensor) -> Tensor:
        view = flat.view(self.shape)
        for axis in range(1, self.n_dims + 1):
            view = view.narrow(axis, 1, self.shape[axis] - 2)
        return view

    def at(self, flat: Tensor, offset: int = 0) -> Tensor:
        return flat.narrow(0, self.margin + offset, self.length)

    def refresh_padding(self, flat: Tensor) -> None:
        """Repeat the edge into the padding again (an ignored border only)."""
        if self.ignore_border:
            for outside, edge in self._faces(flat):
                outside.copy_(edge)

    def settle_padding_gradient(self, flat: Tensor) -> None:
        """Give the padding's gradient to the voxels it repeats, or drop it (background)."""
        for outside, edge in reversed(self._faces(flat)):
            if self.ignore_border:
                edge.add_(outside)
            outside.zero_()

    def zero_padding(self, flat: Tensor) -> None:
        for outside, _ in self._faces(flat):
            outside.zero_()

    def _faces(self, flat: Tensor) -> list[tuple[Tensor, Tensor]]:
        view = flat.view(self.shape)
        faces = []
        for axis in range(1, self.n_dims + 1):
            last = self.shape[axis] - 1
            faces.append((view.select(axis, 0), view.select(axis, 1)))
            faces.append((view.select(axis, last), view.select(axis, last - 1)))
        return faces


def _erode(grid: _Grid, image: Tensor, axes: tuple[bool, ...], out: Tensor) -> Tensor:
    """Minimum over a voxel and its face neighbours along the active axes."""
    target = grid.at(out)
    target.copy_(grid.at(image))
    for stride, active in zip(grid.strides, axes, strict=True):
        if active:
            torch.minimum(target, grid.at(image, stride), out=target)
            torch.minimum(target, grid.at(image, -stride), out=target)
    grid.refresh_padding(out)
    return out


def _dilate_axis(grid: _Grid, image: Tensor, stride: int, out: Tensor) -> Tensor:
    target = grid.at(out)
    torch.maximum(grid.at(image, -stride), grid.at(image, stride), out=target)
    torch.maximum(target, grid.at(image), out=target)
    return out


def _dilate(grid: _Grid, image: Tensor, buffers: list[Tensor]) -> Tensor:
    """Maximum over the full box; ``buffers[i]`` keeps the maximum over the last i + 1 axes."""
    for stride, out in zip(reversed(grid.strides), buffers, strict=True):
        image = _dilate_axis(grid, image, stride, out)
    return image


def _give_to_first(
    grid: _Grid, gradient: Tensor, extreme: Tensor, source: Tensor, offsets: list[int]
) -> Tensor:
    """Route ``gradient`` of a minimum or maximum to the first neighbour that attains it.

    Comparisons are written as 0.0 and 1.0: arithmetic with booleans is several times slower.
    """
    routed = torch.zeros_like(source)
    left = grid.at(gradient).clone()
    value = grid.at(extreme)
    share = torch.empty_like(left)
    for offset in offsets[:-1]:
        torch.eq(grid.at(source, offset), value, out=share).mul_(left)
        grid.at(routed, offset).add_(share)
        left.sub_(share)
    grid.at(routed, offsets[-1]).add_(left)
    return routed


def eager_forward(
    x: Tensor, schedule: _Schedule, core: bool, ignore_border: bool
) -> tuple[Tensor, Tensor]:
    """Return the soft skeleton and the product it is the complement of.

    Args:
        x: (N, H, W) or (N, D, H, W), float32 or float64, contiguous.
        schedule: the axes eroded at each level.
        core: whether what survives the last erosion is added.
        ignore_border: whether the outside is neutral instead of background.

    Returns:
        Skeleton and product, each of the shape of ``x``.
    """
    grid = _Grid(x, ignore_border)
    image = grid.pad(x)
    spare = image.clone()
    first, second = torch.zeros_like(image), torch.zeros_like(image)
    product = torch.ones_like(image)
    for axes in schedule:
        eroded = _erode(grid, image, axes, spare)
        buffers = [first, second, first][: grid.n_dims]
        opened = _dilate(grid, eroded, buffers)
        residue = torch.sub(grid.at(image), grid.at(opened), out=grid.at(opened)).relu_()
        grid.at(product).addcmul_(grid.at(product), residue, value=-1)
        image, spare = eroded, image
    if core:
        product.addcmul_(product, image, value=-1)
    kept = grid.inner(product).contiguous()
    return 1 - kept, kept


def eager_backward(
    gradient: Tensor,
    x: Tensor,
    product: Tensor,
    schedule: _Schedule,
    options: tuple[bool, bool],
) -> Tensor:
    """Return the gradient with respect to ``x``.

    The erosions are computed again from x, of which only about the square root is kept at a time.

    Args:
        gradient: gradient of the skeleton, of the shape of ``x``.
        x: as given to `eager_forward`.
        product: as returned by it.
        schedule: as given to it.
        options: (core, ignore_border) as given to it.

    Returns:
        Gradient of the shape of ``x``.
    """
    core, ignore_border = options
    grid = _Grid(x, ignore_border)
    weight = grid.pad(gradient * product)
    plain = grid.pad(gradient)
    images = _erosions_backwards(grid, x, schedule)
    eroded = next(images)
    below = torch.zeros_like(eroded)
    if core:
        below = _weight_without(weight, plain, eroded)
        grid.zero_padding(below)
    for axes in reversed(schedule):
        image = next(images)
        below = _level_backward(grid, (image, eroded), axes, (weight, plain), below)
        eroded = image
    return grid.inner(below).contiguous()


def _weight_without(weight: Tensor, plain: Tensor, residue: Tensor) -> Tensor:
    """dS/dd_j: the product over all other levels.

    Residues and core sum to at most 1, so where one is 1 every other is 0 and the product is 1.
    """
    factor = 1 - residue
    is_zero = torch.eq(factor, 0, out=torch.empty_like(factor))
    factor.add_(is_zero)
    return is_zero.mul_(plain).add_(weight).div_(factor)


def _level_backward(
    grid: _Grid,
    images: tuple[Tensor, Tensor],
    axes: tuple[bool, ...],
    weights: tuple[Tensor, Tensor],
    below: Tensor,
) -> Tensor:
    image, eroded = images
    buffers = [torch.zeros_like(image) for _ in range(grid.n_dims)]
    opened = _dilate(grid, eroded, buffers)
    residue = (image - opened).relu_()
    own = _weight_without(*weights, residue)
    own.mul_(torch.gt(residue, 0, out=residue))
    del residue
    grid.zero_padding(own)
    routed = own
    sources = [eroded, *buffers[:-1]]
    del opened
    for stride in grid.strides:
        routed = _give_to_first(grid, routed, buffers.pop(), sources.pop(), [0, -stride, stride])
    grid.settle_padding_gradient(routed)
    below = below - routed
    offsets = [0]
    for stride, active in zip(grid.strides, axes, strict=True):
        if active:
            offsets += [-stride, stride]
    above = _give_to_first(grid, below, eroded, image, offsets)
    grid.settle_padding_gradient(above)
    return above.add_(own)


def _erosions_backwards(grid: _Grid, x: Tensor, schedule: _Schedule) -> Iterator[Tensor]:
    """Yield the erosions from the last to the image itself."""
    step = max(1, round(len(schedule) ** 0.5))
    kept = [grid.pad(x)]
    image = kept[0]
    buffers = [image.clone(), image.clone()]
    for level, axes in enumerate(schedule):
        image = _erode(grid, image, axes, buffers[level % 2])
        if (level + 1) % step == 0:
            kept.append(image.clone())
    del image, buffers
    last = len(schedule)
    while kept:
        start = (len(kept) - 1) * step
        run = [kept.pop()]
        for level in range(start, last):
            run.append(_erode(grid, run[-1], schedule[level], run[-1].clone()))
        while run:
            yield run.pop()
        last = start - 1
