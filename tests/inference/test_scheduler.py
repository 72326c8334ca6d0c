"""``cldice-monai predict --scheduler``: the result of one machine, or one line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cldice_monai.cli import main
from cldice_monai.data.boxwise.ome_zarr import n_levels, open_level
from cldice_monai.errors import InputError
from cldice_monai.inference import large
from cldice_monai.inference.large_cluster import make_predictor
from cldice_monai.inference.recipe import Recipe
from tests.inference.test_large import save_zarr

pytest.importorskip("zarr")
distributed = pytest.importorskip("distributed")


def predict(*words: object) -> int:
    return main(["predict", *map(str, words), "--device", "cpu", "--save-prob"])


@pytest.mark.usefixtures("threshold_network")
def test_result_is_that_of_one_machine(
    tmp_path: Path,
    image: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    scan = save_zarr(tmp_path / "scan.zarr", image)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address
        assert predict(scan, "-o", tmp_path / "many", "--scheduler", address) == 0
    assert "takes more than" not in capsys.readouterr().out
    monkeypatch.setattr(large, "_IDLE", 1 << 60)  # in parts, with the same figures
    assert predict(scan, "-o", tmp_path / "one", "--max-memory", "8GB") == 0
    folders = [tmp_path / run for run in ("one", "many")]
    for name in ("mask", "prob"):
        one, many = (folder / f"scan_{name}.zarr" for folder in folders)
        assert np.array_equal(open_level(one, "0")[:], open_level(many, "0")[:])
        assert n_levels(one) == n_levels(many)
    reports = [json.loads((folder / "scan_report.json").read_text()) for folder in folders]
    for name in ("vessel_volume_mm3", "betti_numbers", "components", "made_with", "files"):
        assert reports[0][name] == reports[1][name], name
    assert (tmp_path / "many" / "scan_preview.png").is_file()


def test_other_formats_are_refused_before_anything_is_read(
    save_scan: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = ("-o", tmp_path / "out", "--scheduler", "tcp://127.0.0.1:1")
    assert predict(save_scan(), *words) == 1
    error = capsys.readouterr().err
    assert "--scheduler takes OME-Zarr images" in error
    assert len(error.splitlines()) == 1


def test_an_address_that_does_not_answer_is_one_line(
    tmp_path: Path,
    image: np.ndarray,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    def refuse(*_: object, **__: object) -> None:
        raise OSError("Timed out trying to connect")

    monkeypatch.setattr(distributed, "Client", refuse)
    scan = save_zarr(tmp_path / "scan.zarr", image)
    assert predict(scan, "-o", tmp_path / "out", "--scheduler", "tcp://127.0.0.1:1") == 1
    error = capsys.readouterr().err
    assert "--scheduler tcp://127.0.0.1:1: no Dask scheduler answers there" in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_without_dask_the_line_names_the_extra(
    tmp_path: Path,
    image: np.ndarray,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    scan = save_zarr(tmp_path / "scan.zarr", image)
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert predict(scan, "-o", tmp_path / "out", "--scheduler", "tcp://127.0.0.1:1") == 1
    assert "pip install 'cldice-monai[distributed]'" in capsys.readouterr().err


def test_a_worker_with_other_weights_says_so():
    weights = Recipe().weights.path
    with pytest.raises(InputError, match="other weights on the worker than here"):
        make_predictor(weights=weights, settings={"device": "cpu"}, sha256="0" * 64)
