"""Losses for vessels: soft clDice alone, with Dice, or with any other loss."""

from cldice_monai.losses.cldice import SoftclDiceLoss
from cldice_monai.losses.compound import CompoundclDiceLoss
from cldice_monai.losses.deep_supervision import ClDiceDeepSupervisionLoss
from cldice_monai.losses.dice_cldice import SoftDiceclDiceLoss
from cldice_monai.losses.suggest_iter import suggest_iter

__all__ = [
    "ClDiceDeepSupervisionLoss",
    "CompoundclDiceLoss",
    "SoftDiceclDiceLoss",
    "SoftclDiceLoss",
    "suggest_iter",
]
