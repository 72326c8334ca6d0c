"""The code on the pages of the documentation, and what stands in for packages that it names."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.standins import lightning, nnunet

_STAND_INS = {
    "lightning": lightning,
    "nnunetv2": ModuleType("nnunetv2"),
    "nnunetv2.training": ModuleType("nnunetv2.training"),
    "nnunetv2.training.nnUNetTrainer": ModuleType("nnunetv2.training.nnUNetTrainer"),
    "nnunetv2.training.nnUNetTrainer.nnUNetTrainer": nnunet,
}


def blocks(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of a language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


def run_python(page: Path, *, containing: str = "") -> dict[str, object]:
    """Run the Python on a page in one namespace, or only the blocks with some words in them."""
    namespace: dict[str, object] = {}
    with pytest.MonkeyPatch.context() as patch:
        for name, module in _STAND_INS.items():
            patch.setitem(sys.modules, name, module)
        for block in blocks(page, "python"):
            if containing in block:
                exec(compile(block, str(page), "exec"), namespace)
    return namespace
