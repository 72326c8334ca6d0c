"""The bundle's training once for every fold, and one table of what came out."""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

import cldice_monai
from cldice_monai.errors import InputError
from cldice_monai.files import replace_when_complete, require_writable_folder

__all__ = ["FoldResult", "cross_validate", "summary_table"]

_OWN = ("bundle_root", "ckpt_dir", "config_file", "dataset_dir", "fold", "output_dir", "resume")
_NOTE = (
    "validation scores of the epoch with the highest clDice, chosen on the same cases; "
    "sd is that of the folds, n - 1 in the denominator"
)


@dataclass(frozen=True)
class FoldResult:
    """What the training of one fold gave: the epoch of its best model, or why there is none.

    Example:
        >>> done = FoldResult(0, epoch=40, metrics={"val_cldice": 0.8})
        >>> done.failed_because is None
        True
    """

    fold: int
    epoch: int | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    failed_because: str | None = None


def cross_validate(
    dataset_dir: Path,
    target: Path,
    *,
    bundle: Path,
    n_folds: int = 3,
    overlays: Sequence[str] = (),
    settings: Sequence[str] = (),
    show: Callable[[str], None] = print,
    train: Callable[[list[str]], int] | None = None,
) -> list[FoldResult]:
    """Train on each fold in turn, in a process of its own, and write the summary after each.

    Folds go to ``target``/fold_0 and so on. A fold that was stopped goes on, and one that is done
    ends at once, when the same command runs again. The others go on if one fails.

    Args:
        dataset_dir: volumes, as for the bundle's training.
        target: folder for the folds, cross_validation.json and cross_validation.md.
        bundle: folder of the bundle.
        n_folds: number of folds.
        overlays: config files on top of train.json: paths, or names of files of the bundle.
        settings: ``--key value`` words that every training gets.
        show: takes the lines for the user.
        train: runs the command of a training and returns its exit status; for tests.

    Returns:
        A result for each fold.

    Raises:
        InputError: if a setting or overlay cannot be used, or ``target`` holds a cross-validation
            with others.
    """
    _check_settings(settings)
    require_writable_folder(target, argument="OUT")
    configs = [str(bundle / "configs" / "train.json"), *(_find(name, bundle) for name in overlays)]
    made_with = {
        "dataset_dir": str(dataset_dir),
        "n_folds": n_folds,
        "overlays": [str(name) for name in overlays],
        "settings": list(settings),
    }
    _require_same(target, made_with)
    results: list[FoldResult] = []
    for fold in range(n_folds):
        _write(target, made_with, results)
        show(f"fold {fold} of {n_folds}: {target / f'fold_{fold}'}")
        command = [sys.executable, "-W", "ignore:parsing config_file:UserWarning"]
        command += ["-m", "monai.bundle", "run", "training", "--bundle_root", str(bundle)]
        command += ["--config_file", str(configs), "--dataset_dir", str(dataset_dir)]
        command += ["--output_dir", str(target / f"fold_{fold}"), "--fold", str(fold)]
        command += ["--resume", "auto", *settings]
        status = (train or _run)(command)
        results.append(_result(fold, target / f"fold_{fold}", status))
    _write(target, made_with, results)
    return results


def summary_table(results: Sequence[FoldResult], *, markdown: bool = False) -> str:
    """Return the scores of the folds with their mean and standard deviation, as lines of text.

    Args:
        results: of `cross_validate`.
        markdown: as a table of Markdown, else in columns.

    Returns:
        A line for each fold, and two for mean and sd where a fold gave a result.

    Example:
        >>> print(summary_table([FoldResult(0, 5, {"Dice": 0.5}), FoldResult(1, 9, {"Dice": 0.7})]))
        fold  epoch   Dice
           0      5  0.500
           1      9  0.700
        mean         0.600
          sd         0.141
    """
    names = list(dict.fromkeys(name for result in results for name in result.metrics))
    rows = [["fold", "epoch", *names]]
    for result in results:
        epoch = "failed" if result.epoch is None else str(result.epoch)
        scores = [_digits(result.metrics.get(name, math.nan)) for name in names]
        rows.append([str(result.fold), epoch, *scores])
    for word, figures in _mean_and_sd(results).items():
        rows.append([word, "", *(_digits(figures[name]) for name in names)])
    if markdown:
        rows.insert(1, ["---"] * len(rows[0]))
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(word.rjust(width) for word, width in zip(row, widths, strict=True))
        for row in rows
    )


def _run(command: list[str]) -> int:
    return subprocess.run(command, check=False).returncode


def _check_settings(settings: Sequence[str]) -> None:
    if settings and not settings[0].startswith("--"):
        raise InputError(f"{settings[0]}: not understood; settings are written --key value")
    for word in settings:
        key = word.removeprefix("--").partition("=")[0].replace("-", "_")
        if word.startswith("--") and key in _OWN:
            raise InputError(f"--{key} is set for each fold by cross-validate; leave it out")


def _find(overlay: str, bundle: Path) -> str:
    configs = bundle / "configs"
    for path in (Path(overlay), configs / overlay, configs / f"{overlay}.json"):
        if path.is_file():
            return str(path)
    raise InputError(f"--overlay {overlay}: no such file, nor one of this name in {configs}")


def _require_same(target: Path, made_with: Mapping[str, Any]) -> None:
    """Refuse to mix folds that were trained with other settings."""
    path = target / "cross_validation.json"
    if not path.is_file():
        return
    try:
        before = json.loads(path.read_text(encoding="utf-8"))["made_with"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not readable; choose another folder or remove it") from error
    differ = [name for name in made_with if before.get(name) != made_with[name]]
    if differ:
        raise InputError(
            f"{target}: holds a cross-validation with other {', '.join(differ)}; "
            "repeat its command to go on with it, or choose another folder"
        )


def _result(fold: int, folder: Path, status: int) -> FoldResult:
    if status != 0:
        return FoldResult(fold, failed_because=f"the training ended with status {status}")
    path = folder / "models" / "checkpoint.pt"
    best = torch.load(path, map_location="cpu", weights_only=True)["state"]["best"]
    return FoldResult(fold, best["epoch"], best["metrics"])


def _mean_and_sd(results: Sequence[FoldResult]) -> dict[str, dict[str, float]]:
    """Return mean and sd of what was measured; NaN where there is too little of it."""
    columns: dict[str, list[float]] = {}
    for result in results:
        for name, figure in result.metrics.items():
            columns.setdefault(name, [])
            columns[name] += [] if math.isnan(figure) else [figure]
    if not columns:
        return {}
    mean = {k: statistics.fmean(v) if v else math.nan for k, v in columns.items()}
    sd = {k: statistics.stdev(v) if len(v) > 1 else math.nan for k, v in columns.items()}
    return {"mean": mean, "sd": sd}


def _digits(figure: float) -> str:
    return "-" if math.isnan(figure) else f"{figure:.3f}"


def _write(target: Path, made_with: Mapping[str, Any], results: Sequence[FoldResult]) -> None:
    content = {
        "cldice_monai": cldice_monai.__version__,
        "made_with": made_with,
        "folds": [_as_json(result) for result in results],
        **{word: _nulls(figures) for word, figures in _mean_and_sd(results).items()},
        "note": _NOTE,
    }
    text = f"# Cross-validation\n\n{summary_table(results, markdown=True)}\n\n{_NOTE}\n"
    for name, written in (
        ("cross_validation.json", json.dumps(content, indent=2) + "\n"),
        ("cross_validation.md", text),
    ):
        with replace_when_complete(target / name) as temporary:
            temporary.write_text(written, encoding="utf-8")


def _as_json(result: FoldResult) -> dict[str, Any]:
    if result.failed_because is not None:
        return {"fold": result.fold, "failed_because": result.failed_because}
    return {"fold": result.fold, "epoch": result.epoch, "metrics": _nulls(result.metrics)}


def _nulls(figures: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(figure) else figure for name, figure in figures.items()}
