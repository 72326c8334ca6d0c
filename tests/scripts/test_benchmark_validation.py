"""The benchmark of the validation counts what the topology metrics take, and its share."""

from __future__ import annotations

import importlib.util
from types import SimpleNamespace

import pytest


@pytest.fixture(scope="module")
def script(root):
    path = root / "scripts" / "benchmark_validation.py"
    spec = importlib.util.spec_from_file_location("benchmark_validation", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_share_is_of_an_epoch_without_topology(script):
    epoch = {"steps": 8.0, "validation": 3.0, "topology": 1.0}
    assert script.share(epoch, 1) == pytest.approx(100 * 1 / (8 + 2))
    assert script.share(epoch, 5) == pytest.approx(100 * 0.2 / (8 + 0.4))


def test_the_time_of_the_metrics_is_found_within_that_of_the_validation(script, monkeypatch):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(script.time, "perf_counter", lambda: clock.now)

    def lasting(seconds):
        def call(*_):
            clock.now += seconds

        return call

    metric = SimpleNamespace(update=lasting(0.5), compute=lasting(0.25))

    def validate(epoch):
        clock.now += 2
        metric.update("output")
        metric.update("output")
        metric.compute()

    times = script.EpochTimes(SimpleNamespace(run=validate), [metric])
    for _ in range(2):
        times._begin()
        clock.now += 4
        times._validate(SimpleNamespace(state=SimpleNamespace(epoch=1)))
    assert times.seconds == {
        "steps": [4, 4],
        "validation": [3.25, 3.25],
        "topology": [1.25, 1.25],
    }
