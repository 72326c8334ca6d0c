"""The plan of the study: every training, the table that it fills, and the order in which they run.

What stands here was fixed before the first of these cells ran, but for the pictures' epochs;
docs/study.md says why.
"""

from __future__ import annotations

from typing import Any

from study_cells import Block, Cell, Method, Row

__all__ = ["BLOCKS", "PRIMARY", "TRIALS", "VALIDATIONS"]

SEEDS = (1, 2, 3, 4, 5)
TRIAL_SEED = 100  # of the trials that chose the numbers of epochs; no cell of the study has it
EPOCHS = {"hard": 40, "hard_2ch": 40, "mild": 20, "thick": 40, "classes": 40}
EPOCHS |= {"cremi": 600, "roads": 600, "trial_hard": 40, "trial_mild": 20}
VALIDATIONS = 5  # in a training, evenly spread
ALPHAS = (0.0, 0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5)
STACKS = ("lowerRes_hiSNR", "noisySparseVessels", "tgMouse", "bbbDisruption")
EPOCHS |= {f"stacks_without_{name}": 150 for name in STACKS}  # of 2 steps


def _cells(data: str, method: Method, n_seeds: int, network: str = "unet") -> tuple[Cell, ...]:
    return tuple(Cell(data, network, method, seed, EPOCHS[data]) for seed in SEEDS[:n_seeds])


def _mixed(base: str, alpha: float) -> Method:
    overlays = () if base == "dice" else (f"loss_{base}_cldice",)
    return Method(f"{base}-a{alpha:g}", overlays, {"alpha": alpha})


def _ours(name: str, settings: dict[str, Any]) -> Method:
    return Method(name, (), {"alpha": 0.5} | settings)


DICE, OURS = _mixed("dice", 0.0), _mixed("dice", 0.5)
_AS_FLOAT = {"_target_": "CastToTyped", "keys": "label", "dtype": "$torch.float32"}
MONAI = _ours(
    "monai",
    {
        "loss": {
            "_target_": "monai.losses.SoftDiceclDiceLoss",
            "alpha": "@alpha",
            "iter_": "@iter_",
            "sigmoid": True,
        },
        "+train#random_transforms": [_AS_FLOAT],  # of integers it computes something else
    },
)
RECALL = Method("skeleton-recall", (), {"loss": {"_target_": "study_losses.SkeletonRecallLoss"}})
ALONE, BOTH = "soft-Dice", "soft-Dice + clDice, alpha 0.5"


def _primary() -> Block:
    rows = (
        Row((ALONE,), _cells("hard", DICE, 5)),
        Row((BOTH,), _cells("hard", OURS, 5), against=0),
    )
    note = "Preset `hard`, one channel, U-Net."
    return Block("primary", "Primary: clDice in the loss or not", note, ("loss",), rows)


def _table_3() -> Block:
    rows: list[Row] = []
    for base, title in (("bce", "BCE"), ("dice", "soft-Dice"), ("mse", "MSE")):
        first = len(rows)
        for alpha in ALPHAS:
            against = None if alpha == 0 else first
            rows.append(Row((title, f"{alpha:g}"), _cells("mild", _mixed(base, alpha), 2), against))
    note = (
        "Preset `paper`, the mild one, 15 volumes for training, 2 for validation and 5 to test, as "
        "the paper's synthetic data. Alpha 0 is the loss alone."
    )
    title = "(a) Table 3: three losses and their share of clDice"
    return Block("table3", title, note, ("loss", "alpha"), tuple(rows), every_column=False)


def _iterations() -> Block:
    swept = [_ours(f"iter{n}", {"iter_": n}) for n in (1, 3, 10, 20)]
    rows = [Row(("from the labels",), _cells("hard", OURS, 3))]
    rows += [Row((str(m.settings["iter_"]),), _cells("hard", m, 3), against=0) for m in swept]
    note = (
        "Preset `hard`, U-Net, alpha 0.5. The paper says that more iterations than the largest "
        "radius do no harm. From the labels: what `train.json` takes."
    )
    return Block("iterations", "(d) Iterations of the soft skeleton", note, ("iter_",), tuple(rows))


def _channels() -> Block:
    front = _ours("softmax-front", {"out_channels": 2})
    both = _ours("softmax-both", {"out_channels": 2, "loss#include_background": True})
    rows = (
        Row(("foreground alone",), _cells("hard", front, 3)),
        Row(("both channels",), _cells("hard", both, 3), against=0),
    )
    note = (
        "Preset `hard`, U-Net with two outputs and a softmax, alpha 0.5. Section 4.3 of the paper "
        "asks for the foreground's clDice alone where vessels are sparse."
    )
    return Block("channels", "(d) Foreground alone, or both channels", note, ("classes",), rows)


def _table_1() -> Block:
    rows: list[Row] = []
    methods = (
        (ALONE, DICE),
        (BOTH, OURS),
        ("MONAI, alpha 0.5", MONAI),
        ("Skeleton Recall", RECALL),
    )
    for network, title in (("fcn", "FCN"), ("unet", "U-Net")):
        for data, n_channels in (("hard", "1"), ("hard_2ch", "2")):
            first = len(rows)
            for words, method in methods:
                against = None if method is DICE else first
                cells = _cells(data, method, 2, network=network)
                rows.append(Row((title, n_channels, words), cells, against))
    note = (
        "Preset `hard`; the two channels see half of the vessels each and the other half together, "
        "so that one and two channels are different volumes. Skeleton Recall is our own writing of "
        "the published loss (Kirchhoff et al., ECCV 2024), with soft Dice and cross-entropy beside "
        "it as published. MONAI's loss gets a label in floating point and our number of iterations."
    )
    heads = ("network", "channels", "loss")
    return Block("table1", "(b) Table 1, the VesSAP block in small", note, heads, tuple(rows))


def _stacks() -> Block:
    rows: list[Row] = []
    for name in STACKS:
        data = f"stacks_without_{name}"
        for words, method in ((ALONE, DICE), (BOTH, OURS)):
            against = len(rows) - 1 if method is OURS else None
            rows.append(Row((name, words), _cells(data, method, 1), against))
    note = (
        "Two-photon stacks of mouse cortex (Burgess et al. 2014, labels of Teikari et al. 2016), "
        "each segmented by a U-Net that was trained on the three others, on a grid of 2 um; the "
        "validation volume is one of these three. One seed and one test volume a row, so that no "
        "interval can be given. The weights are not kept. The fifth stack is left out, because its "
        "label misses vessels."
    )
    heads = ("tested on", "loss")
    return Block("stacks", "(e) Real stacks, leave-one-out", note, heads, tuple(rows), claims=False)


def _pictures() -> Block:
    rows = tuple(
        Row((data, words), _cells(data, method, 1, network="unet2d"))
        for data in ("cremi", "roads")
        for words, method in ((ALONE, DICE), (BOTH, OURS))
    )
    note = "Three crops each: one trains, one validates, one tests. It runs; nothing follows."
    return Block(
        "pictures", "(c) Pictures: a smoke run", note, ("crops", "loss"), rows, claims=False
    )


def _batch() -> Block:
    pooled = _ours("batch", {"loss#batch": True})
    rows: list[Row] = []
    for data, n_channels in (("hard", "1"), ("hard_2ch", "2")):
        rows.append(Row((n_channels, "item"), _cells(data, OURS, 2)))
        rows.append(Row((n_channels, "batch"), _cells(data, pooled, 2), against=len(rows) - 1))
    note = (
        "Preset `hard`, U-Net, alpha 0.5: sums over each crop, or over both of a step as MONAI's "
        "loss has them (`batch=True`). Added after table (b) had been seen."
    )
    heads = ("channels", "sums over each")
    return Block("batch", "(d) Sums over the batch", note, heads, tuple(rows))


def _formula() -> Block:
    parts = (
        ("no core", {"core": False}),
        ("weight V", {"power": 1}),
        ("no weight", {"power": 0}),
        ("neither: the paper's formula", {"core": False, "power": 0}),
    )
    rows = [Row(("core, weight V^2: the package's",), _cells("hard", OURS, 2))]
    for words, changes in parts:
        loss = {"_target_": "study_losses.AblatedLoss", "iter_": "@iter_", "alpha": "@alpha"}
        name = "-".join(["ablated", *(f"{key}{value:g}" for key, value in changes.items())])
        method = _ours(name, {"loss": loss | changes})
        rows.append(Row((words,), _cells("hard", method, 2), against=0))
    note = (
        "Preset `hard`, U-Net, alpha 0.5. The package adds to the paper's formula the core of "
        "thick vessels, and weighs skeleton voxels in Tprec by their probability V squared."
    )
    return Block("formula", "(d) Core and weight", note, ("skeleton",), tuple(rows))


def _cached() -> Block:
    made: list[dict[str, Any]] = [
        {"_target_": "CopyItemsd", "keys": "label", "names": "skeleton"},
        {"_target_": "cldice_monai.transforms.Skeletonized", "keys": "skeleton"},
        # crops are drawn from all channels but the first
        {"_target_": "ConcatItemsd", "keys": ["skeleton", "label"], "name": "label"},
    ]
    loss = {"_target_": "study_losses.CachedSkeletonLoss", "iter_": "@iter_", "alpha": "@alpha"}
    order = "$@train#deterministic_transforms + @cached_skeleton + @train#random_transforms"
    settings = {"cached_skeleton": made, "train#preprocessing#transforms": order, "loss": loss}
    rows = (
        Row(("soft, of the crop",), _cells("hard", OURS, 2)),
        Row(("exact, of the volume",), _cells("hard", _ours("cached", settings), 2), against=0),
    )
    note = "Preset `hard`, U-Net, alpha 0.5: the label's skeleton made once, or in every step."
    return Block("cached", "(d) Cached label skeleton", note, ("label's skeleton",), rows)


def _spacing() -> Block:
    same = {"iter_": 7}  # what the labels of `hard` need; these would count thick slices
    voxels = _ours("voxels", same)
    spacing = _ours("spacing", same | {"loss#spacing": [1, 1, 3]})
    rows = (
        Row((ALONE, ""), _cells("thick", DICE, 2)),
        Row((BOTH, "left out"), _cells("thick", voxels, 2), against=0),
        Row((BOTH, "1, 1, 3"), _cells("thick", spacing, 2), against=0),
    )
    note = "Preset `hard` with slices three times as thick as pixels are wide, U-Net, 7 iterations."
    return Block("spacing", "(d) Spacing", note, ("loss", "spacing"), rows)


def _classes() -> Block:
    three = {"out_channels": 3}
    rows = (
        Row((ALONE,), _cells("classes", Method("dice-a0", (), {"alpha": 0.0} | three), 2)),
        Row((BOTH,), _cells("classes", _ours("dice-a0.5", three), 2), against=0),
    )
    note = (
        "Preset `hard`, thin and thick vessels (from 2 voxels of radius on) as two classes, U-Net "
        "with three outputs. Every figure is the mean of both classes."
    )
    return Block("classes", "(d) Several classes", note, ("loss",), rows)


BLOCKS = (
    _primary(),
    _table_3(),
    _iterations(),
    _channels(),
    _table_1(),
    _stacks(),
    _pictures(),
    _formula(),
    _cached(),
    _spacing(),
    _classes(),
    _batch(),
)
"""All tables, in the order in which their cells run."""

PRIMARY = BLOCKS[0]
TRIALS = Block(
    "trial",
    "Trials",
    "Chose the numbers of epochs; other volumes and another seed than the study's.",
    ("data",),
    tuple(
        Row((data,), (Cell(f"trial_{data}", "unet", OURS, TRIAL_SEED, EPOCHS[data]),))
        for data in ("hard", "mild")
    ),
    claims=False,
)
