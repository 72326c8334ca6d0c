"""The quick start as it is: it trains, segments, scores, and changes nothing that is shipped."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def _shipped(root: Path) -> dict[str, str]:
    """Hash of every file that git tracks, the bundle's weights among them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True
    )
    files = [root / name for name in listed.stdout.split("\0") if name]
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.is_file()
    }


def test_quickstart_scores_an_unseen_volume_and_changes_no_shipped_file(root: Path):
    if not (root / ".venv" / "bin" / "python").is_file():
        pytest.skip("the environment .venv of scripts/test.sh is not here")
    before = _shipped(root)
    assert "bundle/models/model.pt" in before
    result = subprocess.run(
        ["bash", "scripts/quickstart.sh"], cwd=root, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "clDice" in result.stdout.split("4 of 4")[1]
    assert "bundle's weights" in result.stdout.split("4 of 4")[1]
    assert _shipped(root) == before
