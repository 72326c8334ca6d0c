"""Where the bundle is found, and what a copy of it holds."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

import cldice_monai
from cldice_monai import bundle_folder
from cldice_monai.bundle_folder import bundle_dir, copy_bundle
from cldice_monai.cli import main
from cldice_monai.errors import InputError


def _files(folder: Path) -> dict[str, bytes]:
    paths = [p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_a_checkout_has_its_own_bundle(root: Path):
    assert cldice_monai.bundle_dir() == root / "bundle"


def test_an_installed_bundle_wins_over_a_folder_beside_the_package(tmp_path: Path, monkeypatch):
    for parent in (tmp_path / "cldice_monai", tmp_path):
        (parent / "bundle" / "configs").mkdir(parents=True)
        (parent / "bundle" / "configs" / "metadata.json").touch()
    monkeypatch.setattr(
        bundle_folder, "__file__", str(tmp_path / "cldice_monai" / "bundle_folder.py")
    )
    assert bundle_dir() == tmp_path / "cldice_monai" / "bundle"


def test_an_installation_without_bundle_is_one_line(tmp_path: Path, monkeypatch):
    (tmp_path / "bundle").mkdir()  # of another program
    monkeypatch.setattr(
        bundle_folder, "__file__", str(tmp_path / "cldice_monai" / "bundle_folder.py")
    )
    with pytest.raises(InputError, match="install cldice-monai again"):
        bundle_dir()


def test_the_command_copies_every_file_and_says_where(root: Path, tmp_path: Path, capsys):
    target = tmp_path / "a new" / "bundle"
    assert main(["bundle", str(target)]) == 0
    assert capsys.readouterr().out == f"written: {target}\n"
    assert _files(target) == _files(root / "bundle")
    assert "configs/train.json" in _files(target)


def test_a_folder_that_is_not_empty_is_refused_and_left_alone(tmp_path: Path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["bundle", str(tmp_path)]) == 1
    assert _files(tmp_path) == {"mine.txt": b"mine"}
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {tmp_path}: the folder is not empty")


def test_the_copy_of_a_read_only_installation_can_be_edited(tmp_path: Path, monkeypatch):
    installed = tmp_path / "site-packages" / "cldice_monai" / "bundle" / "configs"
    installed.mkdir(parents=True)
    (installed / "metadata.json").write_text("{}")
    (installed / "metadata.json").chmod(0o444)
    installed.chmod(0o555)
    installed.parent.chmod(0o555)
    monkeypatch.setattr(bundle_folder, "__file__", str(installed.parents[1] / "bundle_folder.py"))
    copy = copy_bundle(tmp_path / "copy")
    for path in (installed.parent, installed):
        path.chmod(0o755)
    for path in (copy, *copy.rglob("*")):
        assert path.stat().st_mode & stat.S_IWUSR, path


def test_nothing_is_left_of_a_copy_that_fails(tmp_path: Path, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("shutil.copyfile", fail)
    with pytest.raises(InputError, match=r"copy: cannot be written \(No space left on device\)"):
        copy_bundle(tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []
