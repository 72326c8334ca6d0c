"""The Markdown files: their Python runs, their JSON parses, their links lead somewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.pages import blocks, run_python

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "bundle" / "docs").glob("*.md")),
]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_python_on_the_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)  # an example that writes a file writes it here
    if not blocks(page, "python"):
        pytest.skip("no Python on this page")
    assert run_python(page)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_json_on_the_page_parses(page: Path):
    for block in blocks(page, "json"):
        text = block.strip()
        assert json.loads(text if text.startswith(("{", "[")) else f"{{{text}}}") is not None


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_to_files_that_exist(page: Path):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    missing = [link for link in links if not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_scripts_and_configs_named_in_commands_exist(page: Path):
    named = set(re.findall(r"\b((?:scripts|bundle)/[\w/.-]+\.(?:sh|py|json))\b", page.read_text()))
    missing = [name for name in sorted(named) if not (ROOT / name).is_file()]
    assert missing == []


def test_first_screen_of_the_readme_is_one_sentence_one_picture_and_two_commands():
    lines = (ROOT / "README.md").read_text().splitlines()
    assert lines[0].endswith(".")
    assert lines[2].startswith("![")
    commands = [line for line in lines[:24] if line.startswith("bash scripts/")]
    assert commands == ["bash scripts/quickstart.sh", "bash scripts/test.sh"]
