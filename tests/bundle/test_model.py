"""The weights that the bundle ships: what is in the file, who takes it, that nobody writes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser

from cldice_monai.workflows import Preparation, load_weights, read_preparation
from cldice_monai.zero_shot import RECIPE
from tests.bundle_runs import run_configs

pytestmark = pytest.mark.filterwarnings("ignore:parsing config_file:UserWarning")

BUNDLE = Path(__file__).parents[2] / "bundle"
MODEL = BUNDLE / "models" / "model.pt"


def digest() -> str:
    return hashlib.sha256(MODEL.read_bytes()).hexdigest()


def test_the_file_is_a_plain_state_dict_of_the_bundles_network():
    content = torch.load(MODEL, weights_only=True)
    assert all(torch.is_tensor(values) for values in content.values())  # and no optimizer
    parser = ConfigParser(ConfigParser.load_config_file(BUNDLE / "configs" / "inference.json"))
    parser["weights"] = MODEL
    load_weights(parser.get_parsed_content("network_def"), MODEL)


def test_figures_in_the_metadata_are_of_these_weights():
    figures = json.loads((BUNDLE / "configs" / "metadata.json").read_text())["eval_metrics"]
    assert figures["weights_sha256"] == digest()
    assert figures["made_by"].startswith("scripts/evaluate_zero_shot.py")
    assert len(figures["volumes"]) >= 2


def test_the_preparation_beside_the_weights_is_that_of_the_recipe():
    expected = {name: getattr(RECIPE, name) for name in vars(Preparation())}
    assert read_preparation(MODEL) == Preparation(**expected)


@pytest.mark.parametrize("name", ["docs/README.md", "docs/data_license.txt"])
def test_the_docs_say_whose_weights_they_are(name: str):
    text = " ".join((BUNDLE / name).read_text().split())
    assert "models/model.pt" in text
    assert "are the zero-shot weights" in text
    assert "synthetic volumes alone" in text


@pytest.mark.slow
def test_workflows_leave_the_file_alone_and_inference_takes_it_unless_told_otherwise(
    make_dataset: Callable, tmp_path: Path
):
    before = digest()
    dataset, masks = str(make_dataset(3, n_test=1, size=32)), {}
    settings = {"dataset_dir": dataset, "roi": [32, 32, 32]}
    training = {"epochs": 1, "num_workers": 0, "val_interval": 1}
    run_configs("train", output_dir=str(tmp_path / "trained"), **settings, **training)
    other = str(tmp_path / "trained" / "models" / "model.pt")
    choices = {"omitted": {}, "named": {"weights": str(MODEL)}, "other": {"weights": other}}
    for name, choice in choices.items():
        output = tmp_path / name
        run_configs("inference", output_dir=str(output), **settings, **choice)
        masks[name] = np.asarray(nib.load(output / "case_3_mask.nii.gz").dataobj)
    assert np.array_equal(masks["omitted"], masks["named"])
    assert not np.array_equal(masks["omitted"], masks["other"])
    assert digest() == before
