"""Every fault of a user's input ends in one line that names it, and leaves nothing half-written."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch

pytestmark = pytest.mark.slow

TINY = {"epochs": 1, "roi": "[32,32,32]", "val_interval": 1, "num_workers": 0, "device": "cpu"}


def _replace(path: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    image = nib.load(path)
    array = change(np.asarray(image.dataobj).copy())
    nib.save(nib.Nifti1Image(array, image.affine), path)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _nan(array: np.ndarray) -> np.ndarray:
    return np.full_like(array, np.nan)


def _shift(path: Path) -> None:
    image = nib.load(path)
    affine = image.affine.copy()
    affine[0, 3] += 4
    nib.save(nib.Nifti1Image(np.asarray(image.dataobj), affine), path)


def _empty_labels(dataset: Path) -> None:
    for path in (dataset / "labelsTr").iterdir():
        _replace(path, np.zeros_like)


# what is done to a good folder of three cases: (fault, words that the line must hold)
TRAINING_FAULTS: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "image without label": (
        lambda d: (d / "labelsTr" / "case_1.nii.gz").unlink(),
        ("case_1", "label"),
    ),
    "shapes differ": (
        lambda d: _replace(d / "labelsTr" / "case_1.nii.gz", lambda a: a[:-1].copy()),
        ("case_1", "39", "40"),
    ),
    "grids differ": (lambda d: _shift(d / "labelsTr" / "case_1.nii.gz"), ("case_1", "grid")),
    "wrong number of channels": (
        lambda d: _replace(d / "imagesTr" / "case_1.nii.gz", lambda a: np.stack([a, a], -1)),
        ("case_1", "2", "--in_channels"),
    ),
    "truncated file": (lambda d: _truncate(d / "imagesTr" / "case_1.nii.gz"), ("case_1.nii.gz",)),
    "only NaN": (lambda d: _replace(d / "imagesTr" / "case_1.nii.gz", _nan), ("case_1", "NaN")),
    "every label empty": (_empty_labels, ("empty",)),
}


def _assert_one_line(result: subprocess.CompletedProcess[str], *words: str) -> None:
    assert result.returncode != 0, result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0]


@pytest.mark.parametrize("fault", TRAINING_FAULTS)
def test_training_names_the_fault(
    fault: str, run_bundle: Callable, make_dataset: Callable, tmp_path: Path
):
    dataset = make_dataset(3)
    spoil, words = TRAINING_FAULTS[fault]
    spoil(dataset)
    result = run_bundle("train", dataset_dir=dataset, output_dir=tmp_path / "out", **TINY)
    _assert_one_line(result, *words)
    assert [p for p in (tmp_path / "out").rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("config", ["train", "inference"])
@pytest.mark.parametrize("exists", [True, False], ids=["empty", "missing"])
def test_missing_and_empty_folders_are_named(
    config: str, exists: bool, run_bundle: Callable, tmp_path: Path
):
    folder = tmp_path / "nothing_here"
    if exists:
        folder.mkdir()
    weights = tmp_path / "model.pt"
    options = TINY if config == "train" else {"weights": _some_weights(weights)}
    result = run_bundle(config, dataset_dir=folder, output_dir=tmp_path / "out", **options)
    _assert_one_line(result, str(folder))


def _some_weights(path: Path) -> Path:
    """Weights of the bundle's network, not trained."""
    from monai.bundle import ConfigParser

    config = Path(__file__).parents[2] / "bundle" / "configs" / "inference.json"
    parser = ConfigParser(ConfigParser.load_config_file(config))
    torch.save(parser.get_parsed_content("network_def").state_dict(), path)
    return path


def test_nan_background_is_filled_and_reported_by_both_workflows(
    run_bundle: Callable, make_dataset: Callable, tmp_path: Path
):
    dataset = make_dataset(2, n_test=1)

    def spoil(array: np.ndarray) -> np.ndarray:
        array[:3] = np.nan
        return array

    for path in dataset.glob("images*/*.nii.gz"):
        _replace(path, spoil)
    for config, options in (
        ("train", TINY),
        ("inference", {"weights": _some_weights(tmp_path / "m.pt"), "roi": "[32,32,32]"}),
    ):
        result = run_bundle(config, dataset_dir=dataset, output_dir=tmp_path / config, **options)
        assert result.returncode == 0, result.stdout + result.stderr
        notes = [line for line in result.stdout.splitlines() if "NaN" in line]
        assert notes, result.stdout
        assert "4800" in notes[0], notes[0]  # 3 of 40 slices of 40 x 40


def test_constant_image_is_fatal_alone(
    run_bundle: Callable, make_dataset: Callable, tmp_path: Path
):
    dataset = make_dataset(0, n_test=1)
    _replace(dataset / "imagesTs" / "case_0.nii.gz", np.ones_like)
    result = run_bundle(
        "inference",
        dataset_dir=dataset,
        output_dir=tmp_path / "out",
        weights=_some_weights(tmp_path / "model.pt"),
    )
    _assert_one_line(result, "case_0", "constant")
    assert [p for p in (tmp_path / "out").rglob("*") if p.is_file()] == []


def test_constant_image_and_empty_label_are_named_in_a_batch(
    run_bundle: Callable, make_dataset: Callable, tmp_path: Path
):
    dataset = make_dataset(5, n_test=2)
    _replace(dataset / "imagesTr" / "case_1.nii.gz", np.ones_like)
    _replace(dataset / "labelsTr" / "case_2.nii.gz", np.zeros_like)
    _replace(dataset / "imagesTs" / "case_5.nii.gz", np.ones_like)
    trained = run_bundle("train", dataset_dir=dataset, output_dir=tmp_path / "out", **TINY)
    assert trained.returncode == 0, trained.stdout + trained.stderr
    notes = [line for line in trained.stdout.splitlines() if line.startswith("note: ")]
    assert any("case_1" in n and "constant" in n for n in notes), notes
    assert any("case_2" in n and "empty" in n for n in notes), notes
    assert "3 volumes for training, 1 for validation" in trained.stdout

    inferred = run_bundle(
        "inference",
        dataset_dir=dataset,
        output_dir=tmp_path / "out",
        weights=tmp_path / "out" / "models" / "model.pt",
        roi="[32,32,32]",
    )
    assert inferred.returncode == 0, inferred.stdout + inferred.stderr
    assert "case_5" in inferred.stdout
    assert not (tmp_path / "out" / "case_5_mask.nii.gz").exists()
    assert (tmp_path / "out" / "case_6_mask.nii.gz").is_file()


def test_bad_volume_in_a_batch_is_named_and_the_others_are_segmented(
    run_bundle: Callable, make_dataset: Callable, tmp_path: Path
):
    dataset = make_dataset(0, n_test=2)
    _truncate(dataset / "imagesTs" / "case_0.nii.gz")
    result = run_bundle(
        "inference",
        dataset_dir=dataset,
        output_dir=tmp_path / "out",
        weights=_some_weights(tmp_path / "model.pt"),
        roi="[32,32,32]",
    )
    assert result.returncode != 0
    first, last = result.stderr.splitlines()
    assert first.startswith("error: ")
    assert "case_0.nii.gz" in first
    assert last.startswith("error: 1 of 2 volumes were not segmented")
    assert (tmp_path / "out" / "case_1_mask.nii.gz").is_file()
    assert not list((tmp_path / "out").glob("case_0*"))


def test_unreadable_checkpoint_is_named(
    run_bundle: Callable, make_dataset: Callable, tmp_path: Path
):
    weights = tmp_path / "model.pt"
    weights.write_bytes(b"not a checkpoint")
    result = run_bundle(
        "inference",
        dataset_dir=make_dataset(0, n_test=1),
        output_dir=tmp_path / "out",
        weights=weights,
    )
    _assert_one_line(result, str(weights), "not a readable PyTorch checkpoint")


@pytest.mark.parametrize("config", ["train", "inference"])
def test_output_folder_that_cannot_be_written_is_named(
    config: str, run_bundle: Callable, make_dataset: Callable, tmp_path: Path
):
    (tmp_path / "file").write_text("a file, not a folder")
    options = TINY if config == "train" else {"weights": _some_weights(tmp_path / "model.pt")}
    result = run_bundle(
        config,
        dataset_dir=make_dataset(3, n_test=1),
        output_dir=tmp_path / "file" / "out",
        **options,
    )
    _assert_one_line(result, str(tmp_path / "file"), "cannot be written")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"roi": "[30,30,30]"}, ("roi [30, 30, 30]", "UNet", "[32,32,32]")),
        ({"epochs": 0}, ("epochs", "1 or more")),
        ({"device": "gpu"}, ("device gpu", "cpu or cuda")),
        ({"dataset_dir": "2024_01"}, ("dataset_dir was read as 202401", "./NAME")),
        ({"in_channels": 0}, ("in_channels",)),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_settings_that_cannot_work_are_refused_at_once(
    setting: dict, words: tuple[str, ...], run_bundle: Callable, tmp_path: Path
):
    result = run_bundle("train", **{**TINY, "output_dir": tmp_path / "out", **setting})
    _assert_one_line(result, *words)


def test_full_disk_while_saving_is_one_line_and_leaves_no_weights(
    run_bundle: Callable, make_dataset: Callable, tmp_path: Path
):
    (tmp_path / "out" / "models" / "model.pt").mkdir(parents=True)  # cannot be replaced by a file
    result = run_bundle("train", dataset_dir=make_dataset(3), output_dir=tmp_path / "out", **TINY)
    _assert_one_line(result, "model.pt", "cannot be written")
    assert [p for p in (tmp_path / "out" / "models").rglob("*") if p.is_file()] == []
