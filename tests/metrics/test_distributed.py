"""The values of all processes are gathered before they are reduced."""

import os
import subprocess
import sys

import pytest

WORKER = """
import os, sys, torch
import torch.distributed as dist
from cldice_monai.metrics import BettiErrorMetric, ClDiceMetric
rank = int(os.environ["RANK"])
dist.init_process_group("gloo", init_method=sys.argv[1], rank=rank, world_size=2)
label = torch.zeros(1, 1, 3, 9)
label[..., 1, :] = 1
pred = label.clone()
if rank == 1:
    pred[..., 4:6] = 0
cldice, betti = ClDiceMetric(metric_name="tsens"), BettiErrorMetric()
for metric in (cldice, betti):
    metric(pred, label)
    if rank == 1:  # an uneven number of cases
        metric(pred, label)
print(float(cldice.aggregate()), float(betti.aggregate()))
dist.destroy_process_group()
"""


@pytest.mark.slow
def test_both_processes_see_the_mean_over_all_cases(tmp_path):
    place = f"file://{tmp_path / 'rendezvous'}"
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, place],
            env={**os.environ, "RANK": str(rank), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    for worker in workers:
        output, _ = worker.communicate(timeout=120)
        tsens, betti = (float(v) for v in output.split())
        # Rank 0: 1 and 0; rank 1 twice: 7 of 9 voxels, one component too many.
        assert tsens == pytest.approx((1 + 7 / 9 + 7 / 9) / 3)
        assert betti == pytest.approx(2 / 3)
