"""What is said of a mask while the results of the bundle are written."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from ignite.engine import Engine

from cldice_monai.workflows import ResultSaver
from tests.conftest import save_nifti


@pytest.mark.parametrize(("n_marked", "n_warnings"), [(10, 0), (13, 1)])
def test_mask_of_more_than_half_the_volume_is_warned_of_in_one_line(
    n_marked: int, n_warnings: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    image = save_nifti(
        tmp_path / "scan.nii.gz", np.arange(20.0**3, dtype=np.float32).reshape(20, 20, 20)
    )
    mask = torch.zeros(1, 20, 20, 20)
    mask[:, :n_marked] = 1
    engine = Engine(lambda engine, batch: [{"pred": mask}])
    ResultSaver(tmp_path / "out").attach(engine)
    item = {"image_path": str(image), "label_path": "", "mask_path": "", "case_id": "scan"}
    with caplog.at_level(logging.WARNING):
        engine.run([[item]], max_epochs=1)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == n_warnings
    assert all(line.startswith("scan: 65 % of the voxels are marked") for line in lines)
