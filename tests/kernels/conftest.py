"""Triton's interpreter: the kernels run on the CPU, one program after another, operations in numpy.

It is chosen by the environment when triton is imported, which torch may do before any test: these
need a process started with TRITON_INTERPRET=1. `scripts/test.sh --full` starts one.
"""

import importlib.util
import os
import sys

import pytest
import torch


@pytest.fixture(scope="session")
def interpreter():
    """The module that runs the kernels; tests are skipped where they cannot be interpreted."""
    if importlib.util.find_spec("triton") is None:
        pytest.skip("triton is not installed: pip install 'cldice-monai[gpu-test]'")
    if "triton" in sys.modules and os.environ.get("TRITON_INTERPRET") != "1":
        pytest.skip("triton has no interpreter here: TRITON_INTERPRET=1 pytest tests/kernels")
    os.environ["TRITON_INTERPRET"] = "1"
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield importlib.import_module("cldice_monai.kernels.soft_triton")
    torch.set_num_threads(threads)


@pytest.fixture
def kernels(interpreter, monkeypatch):
    """The same, with as few programs as possible: each costs a tenth of a second here."""
    monkeypatch.setattr(interpreter, "_ENOUGH_PROGRAMS", 1)
    return interpreter
