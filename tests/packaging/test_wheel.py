"""The wheel that users install, in an environment that holds nothing else of the project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def distribution(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the sdist and of the wheel that is built from it.

    Both come from what git tracks, so that files left lying about cannot help them.
    """
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("distribution")
    archive = source / "tree.tar"
    subprocess.run(["git", "-C", root, "archive", "-o", archive, "HEAD"], check=True)
    subprocess.run(["tar", "-xf", archive, "-C", source], check=True)
    archive.unlink()
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", target]
    subprocess.run([*command, source], check=True, capture_output=True)
    return target


@pytest.fixture(scope="session")
def wheel(distribution: Path) -> Path:
    return next(distribution.glob("*.whl"))


def _tracked(root: Path, folder: str) -> set[str]:
    listed = subprocess.check_output(["git", "-C", root, "ls-files", folder], text=True)
    return set(listed.splitlines())


@pytest.fixture(scope="session")
def wheel_python(wheel: Path, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an empty environment into which the wheel was installed with its dependencies."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    command = [python, "-m", "pip", "install", "-q", "-c", root / "constraints.txt", wheel]
    subprocess.run(command, check=True)
    return python


def _run(python: Path, program: str, folder: Path) -> str:
    return _call([python, "-c", program], folder)


def _call(command: list[object], folder: Path) -> str:
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    result = subprocess.run(
        list(map(str, command)), cwd=folder, env=clean, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_wheel_holds_the_package_its_licence_and_no_tests(wheel: Path):
    names = zipfile.ZipFile(wheel).namelist()
    assert "cldice_monai/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith("tests")]


def test_wheel_and_source_carry_every_file_of_the_bundle(
    wheel: Path, distribution: Path, root: Path
):
    tracked = _tracked(root, "bundle")
    assert "bundle/configs/inference.json" in tracked
    assert {f"cldice_monai/{name}" for name in tracked} <= set(zipfile.ZipFile(wheel).namelist())
    with tarfile.open(next(distribution.glob("*.tar.gz"))) as source:
        inside = {name.split("/", 1)[-1] for name in source.getnames()}
    assert tracked | {"setup.py", "constraints.txt"} <= inside


def test_installed_wheel_trains_with_the_loss_and_scores_with_the_metric(
    wheel_python: Path, tmp_path: Path
):
    program = """
import torch, cldice_monai
assert "site-packages" in cldice_monai.__file__, cldice_monai.__file__
label = torch.zeros(1, 1, 16, 16, 16); label[..., 4:12, 8, 8] = 1
logits = torch.zeros_like(label, requires_grad=True)
cldice_monai.SoftDiceclDiceLoss(sigmoid=True)(logits, label).backward()
assert logits.grad.abs().sum() > 0
metric = cldice_monai.ClDiceMetric()
metric(y_pred=label, y=label)
print(metric.aggregate().item())
"""
    assert _run(wheel_python, program, tmp_path).strip() == "1.0"


def test_installed_wheel_makes_data_and_writes_nifti(wheel_python: Path, tmp_path: Path):
    program = """
from cldice_monai.data.synthetic import write_synthetic_dataset
write_synthetic_dataset("made", counts=(1, 1, 1), size=32, seed=0)
from cldice_monai.data.find_cases import find_training_cases
print(find_training_cases("made").layout)
"""
    assert "Decathlon" in _run(wheel_python, program, tmp_path)


def test_installed_wheel_segments_with_a_bundle_that_it_has_copied_out(
    wheel_python: Path, root: Path, tmp_path: Path
):
    folder = tmp_path / "far from the repository"
    folder.mkdir()
    command_line = wheel_python.parent / "cldice-monai"
    _call([command_line, "synthesize", "made", "--n", "3", "--size", "48"], folder)
    assert _call([command_line, "bundle", "my bundle"], folder) == "written: my bundle\n"
    model = folder / "my bundle" / "models" / "model.pt"
    assert model.read_bytes() == (root / "bundle" / "models" / "model.pt").read_bytes()
    configs = folder / "my bundle" / "configs"
    inference = [wheel_python, "-m", "monai.bundle", "run", "--bundle_root", "my bundle"]
    inference += ["--config_file", configs / "inference.json", "--roi", "[48,48,48]"]
    said = _call([*inference, "--dataset_dir", "made", "--output_dir", "out"], folder)
    assert "results of 1 volumes are in out" in said
    ((case_id, case),) = json.loads((folder / "out" / "metrics.json").read_text())["cases"].items()
    assert (folder / "out" / f"{case_id}_mask.nii.gz").is_file()
    assert case["scores"]["cldice"] > 0.8  # trained weights, and the package's own metrics
