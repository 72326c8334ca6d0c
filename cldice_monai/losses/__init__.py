"""Losses for vessels: soft clDice alone, with Dice, or with any other loss."""

from cldice_monai.losses.cldice import SoftclDiceLoss
from cldice_monai.losses.dice_cldice import SoftDiceclDiceLoss

__all__ = ["SoftDiceclDiceLoss", "SoftclDiceLoss"]
