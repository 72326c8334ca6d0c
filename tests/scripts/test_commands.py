"""The verdicts of the two commands, with stand-ins for the tools that they call."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

FILES = ["_environment.sh", "test.sh", "quickstart.sh", "docs.sh"]


@pytest.fixture
def project(root: Path, tmp_path: Path) -> Path:
    """The scripts with an environment whose tools succeed and write down how they were called."""
    folder = tmp_path / "a project"  # with a space
    (folder / "scripts").mkdir(parents=True)
    for name in FILES:
        (folder / "scripts" / name).write_bytes((root / "scripts" / name).read_bytes())
    for name in ("constraints.txt", "pyproject.toml"):
        (folder / name).write_bytes((root / name).read_bytes())
    for tool in ("python", "ruff", "mypy"):
        _stand_in(folder, tool, fails_on="nothing at all")
    stamp = "cksum constraints.txt pyproject.toml | cksum | cut -d' ' -f1"
    pins = subprocess.check_output(["bash", "-c", stamp], cwd=folder, text=True).strip()
    for extra in ("dev", "docs"):
        (folder / ".venv" / f"installed-{extra}-{pins}").touch()
    return folder


def _stand_in(project: Path, tool: str, *, fails_on: str) -> None:
    path = project / ".venv" / "bin" / tool
    path.parent.mkdir(parents=True, exist_ok=True)
    case = f'case "$*" in *"import cldice_monai"*) ;; *"{fails_on}"*) exit 1;; esac'
    path.write_text(f'#!/bin/bash\necho "{tool} $*" >> calls.txt\n{case}\n')
    path.chmod(0o755)


def _run(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHON", "CI")}
    return subprocess.run(
        ["bash", *words], cwd=project, env=environment, capture_output=True, text=True, check=False
    )


def test_tests_that_pass_give_status_zero(project: Path):
    result = _run(project, "scripts/test.sh")
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.endswith("all parts passed\n")


@pytest.mark.parametrize(
    ("tool", "fails_on"),
    [("ruff", "format"), ("ruff", "check ."), ("mypy", ""), ("python", "pytest")],
)
def test_any_part_that_fails_gives_a_bad_status(project: Path, tool: str, fails_on: str):
    _stand_in(project, tool, fails_on=fails_on)
    result = _run(project, "scripts/test.sh")
    assert result.returncode == 1
    assert "1 of 4 parts failed" in result.stderr


@pytest.mark.parametrize(
    "fails_on",
    [
        "-m real_data",
        "-m slow tests/scripts",
        "not real_data tests/packaging",
        "not real_data tests/bundle",
        "-m sphinx",
    ],
)
def test_full_run_fails_with_any_of_its_further_parts(project: Path, fails_on: str):
    _stand_in(project, "python", fails_on=fails_on)
    result = _run(project, "scripts/test.sh", "--full")
    assert result.returncode == 1
    assert "1 of 11 parts failed" in result.stderr


def test_quickstart_trains_segments_an_unseen_volume_and_asks_for_cldice(project: Path):
    result = _run(project, "scripts/quickstart.sh")
    assert result.returncode == 0, result.stdout + result.stderr
    calls = (project / "calls.txt").read_text().splitlines()
    training, inference, shipped, summary = [call for call in calls if "import" not in call]
    assert "run training --config_file bundle/configs/train.json" in training
    assert "bundle/configs/inference.json" in inference
    assert "--weights output/quickstart/models/model.pt" in inference
    assert "--weights" not in shipped  # those of the bundle
    assert all("--bundle_root bundle" in call for call in (training, inference, shipped))
    assert summary.endswith("--min-cldice 0.80")
    assert "bundle's weights=output/quickstart/shipped" in summary


@pytest.mark.parametrize(
    "step", ["training", "models/model.pt", "quickstart/shipped", "--min-cldice"]
)
def test_quickstart_fails_with_any_of_its_steps(project: Path, step: str):
    _stand_in(project, "python", fails_on=step)
    assert _run(project, "scripts/quickstart.sh").returncode == 1


def test_documentation_with_faults_gives_a_bad_status(project: Path):
    assert _run(project, "scripts/docs.sh").returncode == 0
    assert "sphinx -W --keep-going" in (project / "calls.txt").read_text()
    _stand_in(project, "python", fails_on="-m sphinx")
    result = _run(project, "scripts/docs.sh")
    assert result.returncode == 1
    assert result.stderr.startswith("error: the documentation has faults")


def test_failed_set_up_ends_at_once(project: Path):
    for stamp in (project / ".venv").glob("installed-*"):
        stamp.unlink()
    _stand_in(project, "python", fails_on="pip install")
    result = _run(project, "scripts/test.sh")
    assert result.returncode == 1
    assert "pip could not install the packages" in result.stderr
    assert "pytest" not in (project / "calls.txt").read_text()


def test_full_run_that_takes_too_long_fails(project: Path):
    script = project / "scripts" / "test.sh"
    text = script.read_text()
    assert "minutes_allowed=40" in text
    script.write_text(text.replace("minutes_allowed=40", "minutes_allowed=0"))
    mypy = project / ".venv" / "bin" / "mypy"
    mypy.write_text("#!/bin/bash\nsleep 1.1\n")
    result = _run(project, "scripts/test.sh", "--full")
    assert result.returncode == 1
    assert "took more than 0 minutes" in result.stderr
