"""What the topology metrics add to an epoch of the bundle's training, at its default settings.

Run it on a quiet machine::

    python scripts/benchmark_validation.py

It trains on the bundle's default synthetic volumes, validates after every epoch, and takes the time
of the metrics that thin masks and count loops within it: both come from one run, so that other load
slows them alike. Medians over the epochs are printed; the first epoch, which reads and caches the
volumes, is left out. Only the shares carry over to other machines.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from monai.bundle import ConfigParser

from cldice_monai.bundle_folder import bundle_dir


class EpochTimes:
    """Handler of a trainer: times its epochs, their validation and the topology metrics in it.

    Args:
        evaluator: runs after each epoch.
        metrics: handlers of its topology metrics.
    """

    def __init__(self, evaluator: Any, metrics: list[Any]) -> None:
        self.evaluator = evaluator
        self.seconds: dict[str, list[float]] = {"steps": [], "validation": [], "topology": []}
        self._topology = self._start = 0.0
        for metric in metrics:
            metric.update = self._timed(metric.update)
            metric.compute = self._timed(metric.compute)

    def _timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            start = time.perf_counter()
            result = call(*arguments)
            self._topology += time.perf_counter() - start
            return result

        return timed

    def attach(self, engine: Any) -> None:
        """Attach to the trainer."""
        from ignite.engine import Events

        engine.add_event_handler(Events.EPOCH_STARTED, self._begin)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._validate)

    def _begin(self) -> None:
        self._topology = 0.0
        self._start = time.perf_counter()

    def _validate(self, engine: Any) -> None:
        between = time.perf_counter()
        self.evaluator.run(engine.state.epoch)
        self.seconds["steps"].append(between - self._start)
        self.seconds["validation"].append(time.perf_counter() - between)
        self.seconds["topology"].append(self._topology)


def measure(folder: Path, epochs: int) -> tuple[list[dict[str, float]], int]:
    """Return the seconds of each epoch that counts, and the validation interval of train.json."""
    parser = ConfigParser()
    parser.read_config(str(bundle_dir() / "configs" / "train.json"))
    parser["output_dir"] = str(folder)
    parser["epochs"] = epochs + 1
    handlers = parser["train"]["handlers"]
    kept = ("EpochSeeds", "LrScheduleHandler", "LossMonitor")
    parser["train"]["handlers"] = [h for h in handlers if h["_target_"].endswith(kept)]
    parser["validate"]["handlers"] = []
    names = ("key_metric#clDice", "additional_metrics#b0 error")
    metrics = [parser.get_parsed_content(f"validate#{name}") for name in names]
    times = EpochTimes(parser.get_parsed_content("validate#evaluator"), metrics)
    trainer = parser.get_parsed_content("train#trainer")
    times.attach(trainer)
    trainer.run()
    columns = zip(*times.seconds.values(), strict=True)
    found = [dict(zip(times.seconds, row, strict=True)) for row in columns]
    return found[1:], int(parser["val_interval"])


def share(epoch: dict[str, float], interval: int) -> float:
    """Return what the topology metrics add, in % of an epoch without, validated every so often."""
    rest = epoch["steps"] + (epoch["validation"] - epoch["topology"]) / interval
    return 100 * epoch["topology"] / interval / rest


def main() -> None:
    """Read the arguments and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=5, help="epochs that count")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    warnings.filterwarnings("ignore", message="parsing config_file")
    logging.getLogger("ignite").setLevel(logging.CRITICAL)
    # in a folder of its own, where the default volumes are made
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        epochs, interval = measure(Path(folder), arguments.epochs)
    print(f"{arguments.threads} threads, medians of {arguments.epochs} epochs")
    for name in epochs[0]:
        seconds = statistics.median(epoch[name] for epoch in epochs)
        print(f"{name:36} {seconds:8.2f} s")
    for every in (1, interval):
        percent = statistics.median(share(epoch, every) for epoch in epochs)
        print(f"topology adds, validated every {every}     {percent:8.1f} %")


if __name__ == "__main__":
    main()
