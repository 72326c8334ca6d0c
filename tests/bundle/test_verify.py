"""The checks that MONAI itself offers for a bundle, by their command lines."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def _monai(root: Path, *words: object) -> str:
    command = [sys.executable, "-m", "monai.bundle", *map(str, words)]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def test_verify_metadata_passes(root: Path):
    schema = root.parent / "shared" / "schema" / "meta_schema_20240725.json"
    if not schema.is_file():
        pytest.skip("the copy of MONAI's schema is not here: ../shared/schema is missing")
    output = _monai(
        root,
        *("verify_metadata", "--meta_file", "bundle/configs/metadata.json", "--filepath", schema),
    )
    assert "metadata is verified with no error" in output


@pytest.mark.parametrize("config", ["train", "inference"])
def test_verify_net_in_out_passes(root: Path, config: str):
    output = _monai(
        root,
        *("verify_net_in_out", "network_def", "--meta_file", "bundle/configs/metadata.json"),
        *("--config_file", f"bundle/configs/{config}.json"),
    )
    assert "data shape of network is verified with no error" in output
