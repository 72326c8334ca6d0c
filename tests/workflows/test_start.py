from pathlib import Path

import pytest

from cldice_monai.errors import InputError
from cldice_monai.workflows import start_workflow


def test_good_settings_make_the_folder(tmp_path: Path):
    assert start_workflow(tmp_path / "a" / "b", roi=[64, 64, 32], device="cpu").is_dir()


@pytest.mark.parametrize(
    "roi", [[64], [64] * 4, [0, 64, 64], 64, "64", [64, 64, 64.0], [True, 64], None]
)
def test_window_that_is_none_is_refused(roi: object, tmp_path: Path):
    with pytest.raises(InputError, match="roi must be three whole numbers, or two for pictures"):
        start_workflow(tmp_path, roi=roi, device="cpu")


def test_window_of_two_numbers_is_one_for_pictures(tmp_path: Path):
    assert start_workflow(tmp_path, roi=[64, 48], device="cpu").is_dir()


@pytest.mark.parametrize("epochs", [0, -1, 1.5, "ten", True])
def test_number_of_epochs_that_is_none_is_refused(epochs: object, tmp_path: Path):
    with pytest.raises(InputError, match="epochs must be a whole number of 1 or more"):
        start_workflow(tmp_path, roi=[64, 64, 64], device="cpu", epochs=epochs)


@pytest.mark.parametrize("seed", [-1, 1.5, "ten", True])
def test_seed_that_is_none_is_refused(seed: object, tmp_path: Path):
    with pytest.raises(InputError, match="seed must be a whole number of 0 or more, got"):
        start_workflow(tmp_path, roi=[64, 64, 64], device="cpu", seed=seed)


def test_device_that_is_not_here_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(InputError, match="use --device cpu"):
        start_workflow(tmp_path, roi=[64, 64, 64], device="cuda:0")
    with pytest.raises(InputError, match="use cpu or cuda"):
        start_workflow(tmp_path, roi=[64, 64, 64], device="gpu")
    with pytest.raises(InputError, match="use cpu or cuda"):
        start_workflow(tmp_path, roi=[64, 64, 64], device=True)  # --device without a value


def test_name_that_the_command_line_made_a_number_of_is_refused():
    with pytest.raises(InputError, match=r"output_dir was read as 202401.*--output_dir \./NAME"):
        start_workflow(202401, roi=[64, 64, 64], device="cpu")
