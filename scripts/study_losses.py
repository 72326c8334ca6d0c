"""The losses of the study that the package does not have: another method's, to compare with."""

from __future__ import annotations

import torch
from monai.losses import DiceCELoss
from torch import Tensor, nn
from torch.nn import functional

from cldice_monai.skeleton import skeletonize

__all__ = ["SkeletonRecallLoss"]

_TUBE_RADIUS = 2  # steps over faces by which the skeleton is widened


class SkeletonRecallLoss(nn.Module):
    """Soft Dice, cross-entropy and the share of the label's widened skeleton that is missed.

    The skeleton is thinned by `skeletonize` and widened by two steps, but not beyond the label. It
    is computed anew for every batch; its authors compute it in the loader.

    Args:
        weight: of the last of the three terms, the others having 1.

    Example:
        >>> label = torch.zeros(1, 1, 8, 16)
        >>> label[:, :, 3:6, 2:14] = 1
        >>> round(float(SkeletonRecallLoss()(40 * label - 20, label)), 3)
        0.0

    Reference:
        Kirchhoff et al., Skeleton Recall Loss for Connectivity Conserving and Resource Efficient
        Segmentation of Thin Tubular Structures, ECCV 2024, section 3.
    """

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = weight
        self.dice_ce = DiceCELoss(sigmoid=True)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss.

        Args:
            input: (B, 1, H, W) or (B, 1, H, W, D) logits.
            target: the same shape, vessel is > 0.

        Returns:
            Scalar.
        """
        label = (target > 0).to(input.dtype)
        tube = _tube(label)
        axes = list(range(2, input.dim()))
        size = tube.sum(axes)
        # of a crop without vessel there is nothing to recall
        recall = torch.where(
            size > 0, (tube * input.sigmoid()).sum(axes) / size.clamp(min=1.0), 1.0
        )
        loss: Tensor = self.dice_ce(input, label) + self.weight * (1 - recall).mean()
        return loss


@torch.no_grad()
def _tube(label: Tensor) -> Tensor:
    tube = torch.as_tensor(skeletonize(label > 0)).to(label)
    for _ in range(_TUBE_RADIUS):
        tube = _over_faces(tube)
    return tube * label


def _over_faces(mask: Tensor) -> Tensor:
    """Widen by one step over the faces: two of them make a diamond, as published."""
    n_axes = mask.dim() - 2
    pool = functional.max_pool3d if n_axes == 3 else functional.max_pool2d
    widened = []
    for axis in range(n_axes):
        kernel = [3 if other == axis else 1 for other in range(n_axes)]
        widened.append(pool(mask, kernel, stride=1, padding=[size // 2 for size in kernel]))
    return torch.stack(widened).amax(0)
