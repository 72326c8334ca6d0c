"""Cases shared out among processes: progress, and a fault that stops all of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cldice_monai.evaluation.case import EvaluationSettings
from cldice_monai.evaluation.jobs import several_processes
from cldice_monai.evaluation.run import evaluate
from cldice_monai.topology import PatchSampler
from tests.evaluation.masks import save_mask, vessels

FEW = EvaluationSettings(PatchSampler(patch_size=12, n_patches=2))

WORKER = """
import os, sys
from functools import partial
from pathlib import Path
import torch.distributed as dist
from cldice_monai.errors import InputError
from cldice_monai.evaluation.jobs import measure_across_ranks, measure_here
from cldice_monai.evaluation.run import evaluate
folder = Path(sys.argv[2])
dist.init_process_group("gloo", init_method=sys.argv[1], rank=int(os.environ["RANK"]), world_size=2)
def measure(*arguments):
    if sys.argv[3] == "broken" and os.environ["RANK"] == "1":
        raise MemoryError("no memory left")
    return measure_here(*arguments)
labels = folder / "labels"
if os.environ["RANK"] == "1" and sys.argv[3] != "broken":
    labels = folder / sys.argv[3]
try:
    evaluate([folder / "good"], labels, measure=partial(measure_across_ranks, here=measure))
except (InputError, RuntimeError, MemoryError) as error:
    print(type(error).__name__, error)
dist.destroy_process_group()
"""


def test_each_case_gets_a_line_with_the_time_left_and_each_kind_of_note_one(make_masks: Callable):
    folder = make_masks(3)
    for i in range(3):
        save_mask(folder / "labels" / f"case_{i}.nii.gz", vessels(i) * 3)
    lines: list[str] = []
    evaluate([folder / "good", folder / "bad"], folder / "labels", FEW, show=lines.append)
    cases = [line for line in lines if not line.startswith("note")]
    assert len(cases) == 6
    for number, line in enumerate(cases[:3], start=1):
        pattern = rf"{number}/6  good/case_{number - 1}  \d+:\d\d gone, \d+:\d\d left"
        assert re.fullmatch(pattern, line), line
    notes = [line for line in lines if "holds the values 3" in line]
    assert len(notes) == 2
    assert "case_0.nii.gz" in notes[0]
    # each label once, though it is read for both methods
    assert notes[1].startswith("note: 2 more: holds the values 3")


def test_process_without_a_case_has_no_result():
    """Of torchrun there can be more processes than cases, each with several of its own."""
    assert list(several_processes(2)([], FEW, print)) == []


def _said_by_two_processes(folder: Path, labels_of_second: str) -> list[str]:
    words = [sys.executable, "-c", WORKER, f"file://{folder / 'rendezvous'}", str(folder)]
    workers = [
        subprocess.Popen(
            [*words, labels_of_second],
            env={**os.environ, "RANK": str(rank), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    return [worker.communicate(timeout=120)[0].strip() for worker in workers]


@pytest.mark.slow
def test_fault_in_one_process_ends_all_with_the_same_line(make_masks: Callable):
    import nibabel as nib

    folder = make_masks(2)
    path = folder / "labels" / "case_1.nii.gz"  # of the second process
    image = nib.load(path)
    nib.save(nib.Nifti1Image(image.get_fdata(dtype="float32") / 2, image.affine), path)
    first, second = _said_by_two_processes(folder, "labels")
    assert "case_1.nii.gz" in first
    assert first == second


@pytest.mark.slow
def test_failure_of_one_process_that_is_no_users_fault_ends_all(make_masks: Callable):
    first, second = _said_by_two_processes(make_masks(2), "broken")
    assert first == "RuntimeError process 1: MemoryError: no memory left"
    assert second == "MemoryError no memory left"


@pytest.mark.slow
def test_processes_that_see_other_labels_are_refused(make_masks: Callable):
    folder = make_masks(2)
    save_mask(folder / "fewer" / "case_0.nii.gz", vessels(0))
    first, second = _said_by_two_processes(folder, "fewer")
    assert "the processes see different cases" in first
    assert first == second
