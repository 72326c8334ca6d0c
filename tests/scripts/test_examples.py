"""The examples in the scripts' docstrings run; pytest collects those of the package alone."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
NAMES = sorted(path.stem for path in SCRIPTS.glob("*.py") if ">>> " in path.read_text("utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_examples_of_a_script_give_what_they_show(name: str, import_script):
    result = doctest.testmod(import_script(name))
    assert result.attempted > 0
    assert result.failed == 0
