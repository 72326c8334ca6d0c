"""Training and inference by the command lines that the README prints, on tiny volumes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

TINY = {"epochs": 2, "roi": "[32,32,32]", "val_interval": 1, "num_workers": 0, "device": "cpu"}


def _grid(path: Path) -> tuple[object, ...]:
    """Everything of a header that places the volume in space."""
    header = nib.load(path).header
    names = ("pixdim", "qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d")
    names += ("qoffset_x", "qoffset_y", "qoffset_z", "srow_x", "srow_y", "srow_z", "xyzt_units")
    return (header.get_data_shape(), *(np.asarray(header[name]).tobytes() for name in names))


def test_training_then_inference_gives_masks_on_the_inputs_grid(
    run_bundle: Callable, make_dataset: Callable, tmp_path: Path
):
    dataset = make_dataset(3, n_test=2)
    source = nib.load(dataset / "imagesTs" / "case_3.nii.gz")
    oblique = np.array([[0.9, 0.1, 0, 3], [-0.1, 0.9, 0.2, 1], [0, -0.3, 2.0, 9], [0, 0, 0, 1]])
    image = nib.Nifti1Image(np.asarray(source.dataobj)[:, :30, :20], oblique)
    image.set_sform(oblique, code=4)
    image.set_qform(np.diag([1, 1, 3, 1]), code=2)
    nib.save(image, dataset / "imagesTs" / "case_3.nii.gz")  # smaller than the window along z
    (dataset / "labelsTs" / "case_3.nii.gz").unlink()

    shipped = (ROOT / "bundle" / "models" / "model.pt").read_bytes()
    output = tmp_path / "output"
    trained = run_bundle("train", "training", dataset_dir=dataset, output_dir=output, **TINY)
    assert trained.returncode == 0, trained.stdout + trained.stderr
    assert "epoch   2/2" in trained.stdout
    assert "clDice" in trained.stdout
    weights = output / "models" / "model.pt"
    written = sorted(p.name for p in weights.parent.iterdir())
    assert written == [
        *("checkpoint.pt", "model.json", "model.pt", "model_last.json", "model_last.pt")
    ]

    inferred = run_bundle(
        "inference", dataset_dir=dataset, output_dir=output, weights=weights, roi="[32,32,32]"
    )
    assert inferred.returncode == 0, inferred.stdout + inferred.stderr
    for case in ("case_3", "case_4"):
        mask = output / f"{case}_mask.nii.gz"
        assert _grid(mask) == _grid(dataset / "imagesTs" / f"{case}.nii.gz")
        assert set(np.unique(np.asarray(nib.load(mask).dataobj))) <= {0, 1}
        assert (output / f"{case}_preview.png").stat().st_size > 1000
    cases = json.loads((output / "metrics.json").read_text())["cases"]
    assert cases["case_3"]["scores"] is None
    assert cases["case_3"]["scores_missing_because"] == "no label for this volume"
    assert 0 <= cases["case_4"]["scores"]["cldice"] <= 1
    assert (ROOT / "bundle" / "models" / "model.pt").read_bytes() == shipped


def test_two_channels_train_from_a_decathlon_list(
    run_bundle: Callable, make_dataset: Callable, tmp_path: Path
):
    dataset = make_dataset(3, n_channels=2)
    items = [
        {"image": f"imagesTr/case_{i}.nii.gz", "label": f"labelsTr/case_{i}.nii.gz"}
        for i in range(3)
    ]
    listing = dataset / "list.json"
    listing.write_text(json.dumps({"training": items[:2], "validation": items[2:]}))
    result = run_bundle(
        "train", dataset_dir=listing, output_dir=tmp_path / "out", in_channels=2, **TINY
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "2 volumes for training, 1 for validation" in result.stdout
    assert (tmp_path / "out" / "models" / "model.pt").is_file()


def test_training_learns_and_the_seed_repeats_it(
    run_bundle: Callable, make_dataset: Callable, tmp_path: Path
):
    dataset = make_dataset(4, size=32)
    outputs = []
    for name in ("first", "second"):
        result = run_bundle(
            "train",
            dataset_dir=dataset,
            output_dir=tmp_path / name,
            **{**TINY, "epochs": 15, "val_interval": 15},
        )
        assert result.returncode == 0, result.stdout + result.stderr
        outputs.append([line for line in result.stdout.splitlines() if "clDice" in line])
    scores = [line.split("clDice ")[1][:5] for line in outputs[0]]
    assert float(scores[-1]) > 0.8, outputs[0]
    assert scores == [line.split("clDice ")[1][:5] for line in outputs[1]]


def test_default_data_are_made_when_no_dataset_is_given(run_bundle: Callable, tmp_path: Path):
    result = run_bundle("train", output_dir=tmp_path / "out", **{**TINY, "epochs": 1})
    assert result.returncode == 0, result.stdout + result.stderr
    dataset = tmp_path / "working_directory" / "data" / "synthetic"
    assert len(list((dataset / "imagesTr").iterdir())) == 10
    assert "8 volumes for training, 2 for validation" in result.stdout
    second = run_bundle("train", output_dir=tmp_path / "out", **{**TINY, "epochs": 1})
    assert second.returncode == 0
    assert "making" not in second.stdout, "data that are there are used again"


def test_monais_own_loss_can_be_swapped_in(
    run_bundle: Callable, make_dataset: Callable, tmp_path: Path
):
    config = {"_target_": "DiceCELoss", "sigmoid": True}
    result = run_bundle(
        "train",
        dataset_dir=make_dataset(3),
        output_dir=tmp_path / "out",
        loss=str(config),  # a Python literal on the command line
        **{key: value for key, value in TINY.items() if key != "val_interval"},
    )
    assert result.returncode == 0, result.stdout + result.stderr
    weights = tmp_path / "out" / "models" / "model.pt"
    assert weights.is_file(), "fewer epochs than the usual interval are validated once all the same"
