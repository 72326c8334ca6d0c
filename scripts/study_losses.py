"""Losses of the study that the package does not have: another method's, and ours taken apart."""

from __future__ import annotations

import torch
from monai.losses import DiceCELoss
from torch import Tensor, nn
from torch.nn import functional

from cldice_monai.losses import SoftDiceclDiceLoss
from cldice_monai.skeleton import skeletonize, soft_skeleton

__all__ = ["AblatedLoss", "CachedSkeletonLoss", "SkeletonRecallLoss"]

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


class AblatedLoss(nn.Module):
    """`SoftDiceclDiceLoss` for one channel of logits, with parts of its clDice left out.

    Args:
        iter_: iterations of the soft skeleton.
        alpha: weight of clDice.
        core: whether the skeleton keeps what survives the last erosion; True in the package.
        power: of the probability that Tprec weighs a skeleton voxel with; 2 in the package.

    Example:
        >>> label = torch.zeros(1, 1, 8, 16)
        >>> label[:, :, 3:6, 2:14] = 1
        >>> round(float(AblatedLoss(iter_=3, power=0)(40 * label - 20, label)), 3)
        0.0
    """

    def __init__(
        self, iter_: int, *, alpha: float = 0.5, core: bool = True, power: float = 2.0
    ) -> None:
        super().__init__()
        self.iter_, self.alpha, self.core, self.power = iter_, alpha, core, power
        self.dice = SoftDiceclDiceLoss(alpha=0.0, sigmoid=True)

    def extra_repr(self) -> str:
        """Return what tells two of these losses apart, for a training that goes on."""
        return f"{self.iter_}, alpha={self.alpha}, core={self.core}, power={self.power}"

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss of (B, 1, ...) logits and a label of the same shape."""
        probability, label = input.float().sigmoid(), (target > 0).float()
        predicted = soft_skeleton(probability, self.iter_, core=self.core)
        predicted = predicted * probability**self.power
        true = soft_skeleton(label, self.iter_, core=self.core)
        tprec, tsens = _share(predicted, label), _share(true, probability)
        cldice = 2 * tprec * tsens / (tprec + tsens).clamp(min=1e-12)
        loss: Tensor = (1 - self.alpha) * self.dice(input, target)
        return loss + self.alpha * (1 - cldice).mean()


class CachedSkeletonLoss(nn.Module):
    """`SoftDiceclDiceLoss` with the exact skeleton of the whole label, made before it is cropped.

    Args:
        iter_: iterations of the soft skeleton, which the prediction's is still.
        alpha: weight of clDice.
    """

    def __init__(self, iter_: int, *, alpha: float = 0.5) -> None:
        super().__init__()
        self.loss = SoftDiceclDiceLoss(iter_, alpha, sigmoid=True)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Return the loss.

        Args:
            input: (B, 1, ...) logits.
            target: (B, 2, ...), skeleton and label; (B, 1, ...), the label, whose skeleton is then
                the soft one.
        """
        skeleton = target[:, :1] if target.shape[1] == 2 else None
        loss: Tensor = self.loss(input, target[:, -1:], target_skeleton=skeleton)
        return loss


def _share(part: Tensor, whole: Tensor) -> Tensor:
    """Return what share of a skeleton lies in a mask, for each item and channel, as the package."""
    axes = list(range(2, part.dim()))
    return ((part * whole).sum(axes) + 1e-5) / (part.sum(axes) + 1e-5)


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
