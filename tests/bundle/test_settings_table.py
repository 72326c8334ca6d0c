"""The settings in the README of the bundle are those that the code knows, with their defaults."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cldice_monai.workflows.overrides import OVERRIDES

BUNDLE = Path(__file__).parents[2] / "bundle"
CONFIGS = {"train": "train.json", "segment": "inference.json", "evaluate": "evaluate.json"}


def _rows() -> dict[str, dict[str, str]]:
    section = (BUNDLE / "docs" / "README.md").read_text().split("\n## Settings\n")[1]
    lines = [line for line in section.split("\n## ")[0].splitlines() if line.startswith("|")]
    head = [cell.strip() for cell in lines[0].strip("|").split("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return {row[0].strip("`"): dict(zip(head, row, strict=True)) for row in rows}


def test_table_lists_the_settings_that_the_command_line_knows():
    assert sorted(_rows()) == sorted(OVERRIDES)


@pytest.mark.parametrize("workflow", CONFIGS)
def test_defaults_in_the_table_are_those_of_the_configs(workflow: str):
    config = json.loads((BUNDLE / "configs" / CONFIGS[workflow]).read_text())
    for name, row in _rows().items():
        shown = row[workflow]
        assert (shown == "-") == (name not in config), name
        value = config.get(name)
        if shown == "-" or (isinstance(value, str) and value.startswith("$")):
            continue  # an expression, which the table puts in words
        plain = re.sub("`", "", shown)
        words = "none" if value is None else str(value)
        words = words.lower() if isinstance(value, bool) else words
        assert plain == words, name
