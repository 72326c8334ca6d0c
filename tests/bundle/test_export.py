"""The network leaves MONAI as TorchScript, by MONAI's own command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from monai.bundle import ConfigParser

from cldice_monai.workflows import save_weights

pytestmark = pytest.mark.slow


def test_the_exported_network_gives_the_same_logits(root: Path, tmp_path: Path):
    configs = root / "bundle" / "configs"
    parser = ConfigParser()
    parser.read_config(str(configs / "inference.json"))
    network = parser.get_parsed_content("network_def").eval()
    save_weights(network, tmp_path / "model.pt")
    settings = {
        "filepath": tmp_path / "model.ts",
        "ckpt_file": tmp_path / "model.pt",
        "meta_file": configs / "metadata.json",
        "config_file": configs / "inference.json",
        "input_shape": "[1,1,32,32,32]",
    }
    command = [sys.executable, "-W", "ignore", "-m", "monai.bundle", "ckpt_export", "network_def"]
    for key, value in settings.items():
        command += [f"--{key}", str(value)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    x = torch.rand(1, 1, 32, 32, 32)
    with torch.no_grad():
        found = torch.jit.load(tmp_path / "model.ts")(x)
        assert torch.allclose(found, network(x), atol=1e-5)
