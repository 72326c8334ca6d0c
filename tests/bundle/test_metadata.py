import json
import re
import tomllib
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
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    needed = {re.match(r"[\w-]+", line)[0] for line in project["dependencies"]}
    assert set(named) == needed
