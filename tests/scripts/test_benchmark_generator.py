"""The benchmark of the generator prints what it promises and judges by it."""

from __future__ import annotations

import importlib.util

import pytest


@pytest.fixture(scope="module")
def script(root):
    path = root / "scripts" / "benchmark_generator.py"
    spec = importlib.util.spec_from_file_location("benchmark_generator", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("step", "small", "large", "verdicts", "status"),
    [
        (0.30, 0.10, 0.80, ["met", "met"], 0),
        (0.20, 0.10, 0.80, ["MISSED", "met"], 1),
        (0.30, 0.10, 0.81, ["met", "MISSED"], 1),
    ],
)
def test_verdicts_follow_the_times(
    script, monkeypatch, capsys, step, small, large, verdicts, status
):
    answers = iter([[step] * 3, [small] * 3, [large] * 3])
    monkeypatch.setattr(script, "_times", lambda *_, **__: next(answers))
    monkeypatch.setattr(script.torch, "set_num_threads", lambda _: None)
    assert script.main([]) == status
    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition(": ")[2] for line in lines[3:5]] == verdicts
    assert max(map(len, lines)) <= 80


@pytest.mark.slow
def test_benchmark_runs_with_real_times(script, capsys, monkeypatch):
    monkeypatch.setattr(script.torch, "set_num_threads", lambda _: None)
    assert script.main(["--repeats", "1"]) in (0, 1)
    assert "128^3 against 64^3" in capsys.readouterr().out
