"""The network leaves MONAI as TorchScript, ONNX and a torch.export program."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser, ckpt_export, onnx_export

from cldice_monai.workflows import save_weights

pytestmark = pytest.mark.slow


@pytest.fixture
def network(root: Path, tmp_path: Path) -> torch.nn.Module:
    """The bundle's network, not trained; its weights are in model.pt."""
    parser = ConfigParser()
    parser.read_config(str(root / "bundle" / "configs" / "inference.json"))
    parser["weights"] = None
    network = parser.get_parsed_content("network_def").eval()
    save_weights(network, tmp_path / "model.pt")
    return network


@pytest.fixture
def settings(root: Path, tmp_path: Path) -> dict[str, str]:
    configs = root / "bundle" / "configs"
    return {
        "ckpt_file": str(tmp_path / "model.pt"),
        "weights": str(tmp_path / "model.pt"),
        "meta_file": str(configs / "metadata.json"),
        "config_file": str(configs / "inference.json"),
    }


def test_torchscript_gives_the_same_logits(network, settings: dict, tmp_path: Path):
    path = str(tmp_path / "model.ts")
    ckpt_export("network_def", filepath=path, input_shape=[1, 1, 32, 32, 32], **settings)
    x = torch.rand(2, 1, 40, 32, 16)  # another batch and window than at the export
    with torch.no_grad():
        found = torch.jit.load(path)(x)
        assert torch.allclose(found, network(x), atol=1e-5)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # of onnxscript
def test_onnx_gives_the_same_logits(network, settings: dict, tmp_path: Path):
    import onnxruntime

    path = str(tmp_path / "model.onnx")
    onnx_export("network_def", filepath=path, input_shape=[1, 1, 32, 32, 32], **settings)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    x = torch.rand(1, 1, 32, 32, 32)
    (found,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    with torch.no_grad():
        np.testing.assert_allclose(found, network(x).numpy(), atol=1e-4)


def test_the_exported_program_gives_the_same_logits_for_another_batch(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    text = (root / "bundle" / "docs" / "README.md").read_text()
    (program,) = [b for b in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "export" in b]
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(program, names)
    exported = torch.export.load(tmp_path / "model.pt2").module()
    x = torch.rand(3, *names["example"].shape[1:])
    with torch.no_grad():
        assert torch.allclose(exported(x), names["network"](x), atol=1e-5)
