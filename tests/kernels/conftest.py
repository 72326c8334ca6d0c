"""Triton's interpreter: the kernels run on the CPU, one program after another, operations in numpy.

It is chosen by the environment when triton is imported, so that these tests need a process that has
not imported it before: `scripts/test.sh --full` gives them one.
"""

import importlib.util
import os
import sys

import pytest
import torch

os.environ.setdefault("TRITON_INTERPRET", "1")
_IMPORTED_BEFORE = "triton" in sys.modules


@pytest.fixture(scope="session")
def interpreter():
    """The module that runs the kernels; tests are skipped where they cannot be interpreted."""
    if importlib.util.find_spec("triton") is None:
        pytest.skip("triton is not installed: pip install 'cldice-monai[gpu-test]'")
    if _IMPORTED_BEFORE or os.environ["TRITON_INTERPRET"] != "1":
        pytest.skip("triton was imported without its interpreter: run tests/kernels alone")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield importlib.import_module("cldice_monai.kernels.soft_triton")
    torch.set_num_threads(threads)


@pytest.fixture
def kernels(interpreter, monkeypatch):
    """The same, with as few programs as possible: each costs a tenth of a second here."""
    monkeypatch.setattr(interpreter, "_ENOUGH_PROGRAMS", 1)
    return interpreter
