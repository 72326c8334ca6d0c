"""One machine is the oracle of many."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from cldice_monai.data.boxwise.ome_metadata import stack_image
from cldice_monai.data.boxwise.ome_zarr import (
    create_levels,
    n_levels,
    open_level,
    open_ome_zarr,
    write_ome_zarr,
)
from cldice_monai.errors import InputError
from cldice_monai.skeleton import skeletonize
from cldice_monai.volumes import LargeSettings, predict_large
from cldice_monai.volumes.cluster import predict_distributed
from cldice_monai.volumes.normalised import channel_ranges
from cldice_monai.volumes.tasks import ScanOnGrid, Targets, segment_region
from tests.conftest import ROOT, rods

pytest.importorskip("zarr")
distributed = pytest.importorskip("distributed")

SETTINGS = LargeSettings(roi=(16, 16, 16), cutoff=0.99)
RESAMPLED = replace(SETTINGS, side_mm=0.0015, factors=(1.0, 2.0), pad_windows=False)
IMAGE = stack_image(sides=(2, 1, 1), unit="micrometer")


class WholeWindow:
    """Answers by the voxel and by its whole window, so that a wrong window shows.

    With a folder it says there that its process is at work, and waits for the file "go on".
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder

    def __call__(self, windows: torch.Tensor) -> torch.Tensor:
        if self.folder is not None:
            (self.folder / f"{os.getpid()}").touch()
            while not (self.folder / "go on").exists():
                time.sleep(0.01)
        return 8 * windows - 3 - windows.mean(dim=(2, 3, 4), keepdim=True)


def make_network(folder: Path | None = None) -> Callable:
    return WholeWindow(folder)


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    label = rods(0, size=40)[:, :36, :20]
    image = 900 * label + np.random.default_rng(0).normal(300, 60, label.shape)
    path = tmp_path / "scan.zarr"
    with write_ome_zarr(path, shape=image.shape, image=IMAGE, dtype="float32") as output:
        output.write(tuple(slice(0, n) for n in image.shape), image.astype(np.float32))
    return path


def check_equals_one_machine(
    scan: Path, mask: Path, figures: dict, settings: LargeSettings = SETTINGS
) -> None:
    one = predict_large([scan], scan.parent / "one.zarr", make_network(), settings=settings)
    expected = open_level(one.mask, "0")[:]
    assert 0.02 < expected.mean() < 0.5
    assert np.array_equal(open_level(mask, "0")[:], expected)
    for name in ("centreline_length_mm", "length_density_mm_per_mm3", "radius_mm"):
        assert figures.pop(name) == pytest.approx(one.figures[name], rel=1e-9)
    assert figures["n_end_points"] > 0
    assert figures == {name: one.figures[name] for name in figures}
    assert n_levels(mask) > 1
    assert open_level(mask, "1")[:].any()
    assert not list(scan.parent.glob(".incomplete-*"))


@pytest.mark.parametrize("settings", [SETTINGS, RESAMPLED], ids=["own grid", "resampled"])
def test_result_is_that_of_one_machine(scan: Path, settings: LargeSettings):
    mask, skeleton = scan.parent / "mask.zarr", scan.parent / "skeleton.zarr"
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        figures = predict_distributed(
            scan,
            mask,
            make_network,
            settings=settings,
            skeleton_path=skeleton,
            scheduler=cluster.scheduler_address,
            chunk=16,
            chunks_a_side=1,
        )
    check_equals_one_machine(scan, mask, figures, settings)
    turned = open_level(mask, "0")[:].T > 0
    assert np.array_equal(open_level(skeleton, "0")[:].T, skeletonize(turned))
    assert open_level(skeleton, "1")[:].any()


@pytest.mark.slow
def test_a_worker_killed_in_mid_run_loses_nothing(scan: Path):
    mask, told = scan.parent / "mask.zarr", scan.parent / "told"
    told.mkdir()
    with (
        # one worker in this process, whose modules are loaded, and one to kill
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            processes=False,
            protocol="tcp://",
            dashboard_address=None,
        ) as cluster,
        other_worker(cluster.scheduler_address) as worker,
    ):
        with distributed.Client(cluster.scheduler_address) as client:
            client.wait_for_workers(2)

        def kill_at_work() -> None:
            while not (told / f"{worker.pid}").exists():
                time.sleep(0.01)
            worker.kill()
            worker.wait()
            (told / "go on").touch()

        killer = threading.Thread(target=kill_at_work, daemon=True)
        killer.start()
        figures = predict_distributed(
            scan,
            mask,
            partial(make_network, told),
            settings=SETTINGS,
            scheduler=cluster.scheduler_address,
            chunk=16,
            chunks_a_side=1,
        )
    assert worker.returncode == -signal.SIGKILL
    check_equals_one_machine(scan, mask, figures)


@contextmanager
def other_worker(scheduler: str) -> Iterator[subprocess.Popen]:
    """Start a worker without a nanny that would start it again."""
    words = ["-m", "distributed.cli.dask_worker", scheduler, "--nthreads", "1"]
    words += ["--no-nanny", "--no-dashboard"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryFile() as log, tempfile.TemporaryDirectory() as folder:
        worker = subprocess.Popen(
            [sys.executable, *words, "--local-directory", folder],
            stdout=log,
            stderr=log,
            cwd=ROOT,
            env=environment,
        )
        try:
            yield worker
        finally:
            worker.kill()
            worker.wait()


def test_a_task_that_is_run_again_writes_the_same_bytes_and_no_other_chunk(scan: Path):
    import cloudpickle

    folder = scan.parent / "mask.zarr"
    create_levels(folder, shape=(40, 36, 20), image=IMAGE, dtype="uint8", name="m", chunk=16)
    volume = open_ome_zarr(scan)
    ranges = channel_ranges(volume, 0.99)
    region = (slice(16, 32), slice(0, 36), slice(0, 16))
    before = set(folder.rglob("*"))
    contents = []
    for _ in range(2):
        network = cloudpickle.dumps(make_network)
        segment_region(ScanOnGrid(scan), Targets(folder), region, network, SETTINGS, ranges)
        written = sorted(file for file in set(folder.rglob("*")) - before if file.is_file())
        contents.append([file.read_bytes() for file in written])
    assert contents[0] == contents[1]
    mask = open_level(folder, "0")[region]
    with_vessel = {f"1/{n}/0" for n in range(3) if mask[:, 16 * n : 16 * (n + 1)].any()}
    assert {str(file.relative_to(folder / "0" / "c")) for file in written} == with_vessel
    assert len(with_vessel) > 1


def test_a_scheduler_that_does_not_answer_is_one_line(scan: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise OSError("Timed out trying to connect")

    monkeypatch.setattr(distributed, "Client", refuse)
    with pytest.raises(InputError, match="no Dask scheduler answers there"):
        predict_distributed(
            scan,
            scan.parent / "mask.zarr",
            make_network,
            settings=SETTINGS,
            scheduler="tcp://127.0.0.1:1",
        )
    assert not (scan.parent / "mask.zarr").exists()
