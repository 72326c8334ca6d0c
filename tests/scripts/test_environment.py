"""The set-up that both commands share, with stand-ins for Python."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def project(root: Path, tmp_path: Path) -> Path:
    """A folder with the scripts and pins, and nothing installed."""
    for name in ("scripts/_environment.sh", "constraints.txt", "pyproject.toml"):
        target = tmp_path / "project" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((root / name).read_bytes())
    return tmp_path / "project"


def _stand_in(path: Path, program: str) -> Path:
    path.write_text(f"#!/bin/bash\n{program}\n")
    path.chmod(0o755)
    return path


def _make_environment(project: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", "source scripts/_environment.sh; make_environment"],
        cwd=project,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_missing_venv_module_says_how_to_install_it(project: Path, tmp_path: Path):
    python = _stand_in(
        tmp_path / "python", 'case "$2" in *ensurepip*) exit 1;; *version_info*) exit 0;; esac'
    )
    result = _make_environment(project, PYTHON=str(python))
    assert result.returncode == 1
    assert result.stderr == (
        f"error: {python} has no venv module; on Debian and Ubuntu: sudo apt install python3-venv\n"
    )
    assert not (project / ".venv").exists()


def test_too_old_python_is_named_as_the_reason(project: Path, tmp_path: Path):
    python = _stand_in(tmp_path / "python", "exit 1")
    result = _make_environment(project, PYTHON=str(python))
    assert result.returncode == 1
    assert result.stderr.startswith("error: Python 3.11 or newer was not found;")


def test_size_is_said_before_anything_is_downloaded_and_failure_is_not_success(
    project: Path, tmp_path: Path
):
    python = _stand_in(
        tmp_path / "python",
        'if [ "$2" = venv ]; then mkdir -p "$3/bin"; '
        'printf \'#!/bin/bash\\necho pip "$@"; exit 1\\n\' > "$3/bin/python"; '
        'chmod +x "$3/bin/python"; fi',
    )
    result = _make_environment(project, PYTHON=str(python))
    assert result.returncode == 1
    assert result.stdout.index("GB") < result.stdout.index("pip -m pip install")
    assert "-c constraints.txt" in result.stdout
    assert "pip could not install the packages" in result.stderr
    assert not list(project.glob(".venv/installed-*"))


def test_unknown_argument_of_the_test_command_is_refused(root: Path):
    result = subprocess.run(
        ["bash", root / "scripts" / "test.sh", "--fast"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr == ("error: unknown argument --fast; use: bash scripts/test.sh [--full]\n")


def test_everything_the_commands_write_is_ignored_by_git(root: Path):
    written = [".venv/x", "data/synthetic/x", "output/quickstart/x", "output/docs/x", "docs/api/x"]
    result = subprocess.run(
        ["git", "-C", root, "check-ignore", *written], capture_output=True, text=True, check=False
    )
    assert result.stdout.split() == written
