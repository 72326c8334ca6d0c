"""Where the kernels cannot be used, one line says so and plain operations are taken."""

import logging
import re
import subprocess
import sys

import pytest
import torch

from cldice_monai.skeleton import usable_kernels

GPU = torch.device("cuda", 0)


@pytest.fixture(autouse=True)
def not_tried_yet():
    """Forget what was found out about each device."""
    usable_kernels._tried.cache_clear()
    yield
    usable_kernels._tried.cache_clear()


def fail_with(error):
    def fail(_device):
        raise error

    return fail


def test_importing_the_package_does_not_import_the_kernels():
    code = "import sys, cldice_monai; sys.exit('cldice_monai.kernels.soft_triton' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_cpu_is_never_asked_for_kernels(caplog):
    assert not usable_kernels.has_soft_kernels(torch.device("cpu"))
    assert not caplog.records


@pytest.mark.parametrize(
    ("device", "behaviour", "reason"),
    [
        (torch.device("mps"), lambda device: 0.0, "for NVIDIA GPUs"),
        (GPU, fail_with(ImportError("no module named triton")), "pip install triton"),
        (GPU, fail_with(RuntimeError("no C compiler")), "do not run here .RuntimeError: no C comp"),
        (GPU, lambda device: 0.5, "are wrong here"),
    ],
)
def test_what_stands_against_them_is_said_once(monkeypatch, caplog, device, behaviour, reason):
    monkeypatch.setattr(usable_kernels, "_error_on", behaviour)
    with caplog.at_level(logging.WARNING, logger=usable_kernels.__name__):
        assert not usable_kernels.has_soft_kernels(device)
        assert not usable_kernels.has_soft_kernels(device)
    (record,) = caplog.records
    assert "plain tensor operations" in record.getMessage()
    assert re.search(reason, record.getMessage())


@pytest.mark.slow
def test_the_trial_of_the_thinning_compares_every_voxel(kernels, monkeypatch):
    found = usable_kernels.thinning_kernels()
    assert usable_kernels._errors_of_thinning_on(torch.device("cpu")) == 0
    monkeypatch.setattr(found, "delete_simple", lambda *_: None)
    assert usable_kernels._errors_of_thinning_on(torch.device("cpu")) > 0


def test_rocm_is_left_to_plain_operations(monkeypatch, caplog):
    monkeypatch.setattr(torch.version, "hip", "6.4")
    assert not usable_kernels.has_soft_kernels(GPU)
    assert "ROCm" in caplog.text


def test_kernels_that_agree_with_plain_operations_are_taken(monkeypatch, caplog):
    monkeypatch.setattr(usable_kernels, "_error_on", lambda device: 1e-7)
    assert usable_kernels.has_soft_kernels(GPU)
    assert not caplog.records


@pytest.mark.slow
def test_the_trial_compares_values_and_gradients(kernels, monkeypatch):
    assert usable_kernels._error_on(torch.device("cpu")) < 1e-5
    for factor in (2.0, float("nan")):
        monkeypatch.setattr(kernels, "triton_backward", lambda g, *_, factor=factor: factor * g)
        assert not usable_kernels._error_on(torch.device("cpu")) < 0.1
