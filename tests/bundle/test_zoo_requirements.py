"""What the MONAI model zoo asks of a bundle, item by item.

The list is that of the zoo's contributing guide and of its checks before a merge; what else it asks
for is in test_properties.py, test_metadata.py, test_verify.py and test_export.py.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from monai.bundle import ConfigParser

BUNDLE = Path(__file__).parents[2] / "bundle"
CONFIGS = BUNDLE / "configs"
FILES = sorted(path for path in BUNDLE.rglob("*") if path.is_file())
LARGEST_BYTES = 25_000_000
# homes of people and places of one machine
PERSONAL_PATH = re.compile(rb"/home/|/Users/|/root/|/tmp/|/mnt/|/work/|:\\Users\\")

REQUIRED_METADATA = {
    *("schema", "version", "changelog", "monai_version", "pytorch_version", "numpy_version"),
    *("required_packages_version", "task", "description", "authors", "copyright"),
    *("network_data_format", "name", "data_source", "data_type", "intended_use", "eval_metrics"),
    *("image_classes", "label_classes", "pred_classes", "references"),
}
REQUIRED_KEYS = {
    "inference": ["bundle_root", "device", "network_def", "inferer", "output_dir", "dataset_dir"],
    "train": [
        *("bundle_root", "device", "dataset_dir", "output_dir", "val_interval"),
        *("train#trainer", "train#trainer#max_epochs", "train#handlers", "train#inferer"),
        *("train#dataset", "train#dataset#data", "train#preprocessing"),
        *("validate#evaluator", "validate#handlers", "validate#inferer", "validate#key_metric"),
        *("validate#dataset", "validate#dataset#data"),
        *("validate#preprocessing", "validate#postprocessing"),
    ],
}


@pytest.fixture(scope="module")
def metadata() -> dict:
    return json.loads((CONFIGS / "metadata.json").read_text())


@pytest.mark.parametrize(
    "name",
    [
        *("LICENSE", "configs/metadata.json", "configs/train.json", "configs/inference.json"),
        *("configs/logging.conf", "models/model.pt", "docs/README.md", "docs/data_license.txt"),
    ],
)
def test_the_file_is_there(name: str):
    assert (BUNDLE / name).stat().st_size > 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(BUNDLE)))
def test_the_file_is_small_and_holds_no_personal_path(path: Path):
    content = path.read_bytes()
    assert len(content) < LARGEST_BYTES
    assert PERSONAL_PATH.search(content) is None
    assert str(Path.home()).encode() not in content


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.json")), ids=lambda path: path.stem)
def test_the_config_parses(path: Path):
    config = ConfigParser.load_config_file(path)
    assert isinstance(config, dict)
    assert config


@pytest.mark.parametrize("name", REQUIRED_KEYS)
def test_the_config_has_the_keys_of_the_zoo(name: str):
    parser = ConfigParser(ConfigParser.load_config_file(CONFIGS / f"{name}.json"))
    missing = [key for key in REQUIRED_KEYS[name] if key not in parser]
    assert missing == []


def test_validation_comes_every_val_interval():
    handlers = ConfigParser.load_config_file(CONFIGS / "train.json")["train"]["handlers"]
    (handler,) = [h for h in handlers if h["_target_"] == "ValidationHandler"]
    assert "@val_interval" in handler["interval"]


def test_the_metadata_have_the_keys_of_the_zoo(metadata: dict):
    assert {key for key in REQUIRED_METADATA if not metadata.get(key)} == set()


def test_the_version_is_plain_and_in_the_changelog(metadata: dict):
    assert re.fullmatch(r"\d+\.\d+\.\d+", metadata["version"])
    assert metadata["version"] in metadata["changelog"]


def test_the_network_is_plain_and_its_shapes_are_fixed_and_true(metadata: dict):
    parser = ConfigParser(ConfigParser.load_config_file(CONFIGS / "inference.json"))
    assert not str(parser["network_def"]["_target_"]).startswith("$")
    network = parser.get_parsed_content("network_def")
    assert isinstance(network, torch.nn.Module)
    formats = metadata["network_data_format"]
    image, pred = formats["inputs"]["image"], formats["outputs"]["pred"]
    for one in (image, pred):
        assert all(isinstance(n, int) for n in one["spatial_shape"])
    with torch.no_grad():
        output = network.eval()(torch.zeros(1, image["num_channels"], *image["spatial_shape"]))
    assert output.shape == (1, pred["num_channels"], *pred["spatial_shape"])
    assert str(output.dtype) == f"torch.{pred['dtype']}"


def test_the_docs_say_the_licence_and_that_it_is_no_medical_device(metadata: dict):
    readme = (BUNDLE / "docs" / "README.md").read_text()
    assert "Apache License" in (BUNDLE / "LICENSE").read_text()
    assert "Apache-2.0" in readme
    assert "data_license.txt" in readme
    assert "Apache-2.0" in (BUNDLE / "docs" / "data_license.txt").read_text()
    for text in (readme, metadata["description"], metadata["intended_use"]):
        assert "not a medical device" in text.lower()
