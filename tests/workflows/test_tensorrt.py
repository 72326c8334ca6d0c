"""The overlay inference_trt.json up to MONAI's trt_compile, which only a GPU can go beyond."""

from __future__ import annotations

import importlib.util
import types
from pathlib import Path

import monai.networks
import pytest
import torch
from monai.bundle import ConfigParser

from cldice_monai.errors import InputError
from cldice_monai.workflows import compile_with_tensorrt
from tests.bundle_runs import bundle_workflow

CONFIGS = Path(__file__).parents[2] / "bundle" / "configs"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """What trt_compile is called with, where everything that it needs seems to be there."""
    made = []

    def trt_compile(network, base_path, args):
        made.append((network, base_path, args))
        return network

    monkeypatch.setattr(monai.networks, "trt_compile", trt_compile)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: types.SimpleNamespace())
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    return made


def compile_to(folder: Path, **changed: object) -> None:
    network = torch.nn.Conv3d(1, 1, 1)
    weights = folder / "model.pt"
    torch.save(network.state_dict(), weights)
    settings = {"output_dir": folder, "roi": [32, 32, 16], "args": {}} | changed
    compile_with_tensorrt(network, weights, **settings)


@pytest.mark.filterwarnings("ignore:parsing config_file:UserWarning")
def test_the_overlay_resolves_up_to_the_call_with_the_settings_of_inference(
    calls: list, tmp_path: Path
):
    workflow = bundle_workflow(
        "inference", "inference_trt", output_dir=str(tmp_path), roi=[32, 32, 16]
    )
    network = workflow.parser.get_parsed_content("network")
    ((compiled, base_path, args),) = calls
    assert network is compiled is workflow.parser.get_parsed_content("network_def")
    assert Path(base_path).parent == tmp_path
    assert base_path.endswith("_32x32x16")
    assert args == {"precision": "fp16", "dynamic_batchsize": [1, 2, 2]}  # as on a CPU
    shipped = torch.load(CONFIGS.parent / "models" / "model.pt", weights_only=True)
    for name, values in network.state_dict().items():
        assert torch.equal(values, shipped[name])  # before the engine is built from them
    assert workflow.parser["evaluator"]["amp"] is False


def test_an_engine_is_never_taken_for_other_weights_or_windows(calls: list, tmp_path: Path):
    compile_to(tmp_path)
    compile_to(tmp_path)  # other weights, by chance
    compile_to(tmp_path, roi=[16, 16, 16])
    assert len({base_path for _, base_path, _ in calls}) == 3


def test_without_the_packages_it_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"^inference_trt.json: tensorrt, .* not installed; run"):
        compile_to(tmp_path)


def test_without_a_gpu_it_is_one_line(calls: list, monkeypatch, tmp_path: Path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match=r"^inference_trt.json: there is no CUDA device; run"):
        compile_to(tmp_path)
    assert calls == []


def test_the_arguments_are_those_that_monai_takes():
    import inspect

    from monai.networks.trt_compiler import TrtCompiler

    config = ConfigParser.load_config_file(CONFIGS / "inference_trt.json")
    assert set(config["trt_args"]) <= set(inspect.signature(TrtCompiler).parameters)
