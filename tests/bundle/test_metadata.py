import json
from pathlib import Path

import jsonschema
import pytest

import cldice_monai


@pytest.fixture(scope="module")
def metadata(root: Path) -> dict:
    return json.loads((root / "bundle" / "configs" / "metadata.json").read_text())


def test_metadata_meet_monais_schema(metadata: dict, root: Path):
    schema = root.parent / "shared" / "schema" / "meta_schema_20240725.json"
    if not schema.is_file():
        pytest.skip("the copy of MONAI's schema is not here: ../shared/schema is missing")
    jsonschema.validate(metadata, json.loads(schema.read_text()))
    assert metadata["schema"].endswith(schema.name)


def test_version_is_the_packages_and_has_a_changelog_entry(metadata: dict):
    assert metadata["version"] == cldice_monai.__version__
    assert metadata["version"] in metadata["changelog"]


def test_versions_named_are_the_pinned_ones(metadata: dict, root: Path):
    lines = (root / "constraints.txt").read_text().splitlines()
    pinned = dict(line.lower().split("==") for line in lines if "==" in line)
    named = {
        "monai": metadata["monai_version"],
        "torch": metadata["pytorch_version"],
        "numpy": metadata["numpy_version"],
        **metadata["required_packages_version"],
    }
    assert named.pop("cldice-monai") == cldice_monai.__version__
    assert named == {name: pinned[name] for name in named}


def test_bundle_has_the_files_that_the_model_zoo_expects(root: Path):
    expected = [
        "LICENSE",
        "configs/metadata.json",
        "configs/train.json",
        "configs/inference.json",
        "configs/logging.conf",
        "docs/README.md",
        "docs/data_license.txt",
    ]
    missing = [name for name in expected if not (root / "bundle" / name).is_file()]
    assert missing == []
