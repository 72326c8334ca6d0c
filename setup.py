"""Lays the bundle into the built package; everything else about the build is in pyproject.toml."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

BUNDLE = Path(__file__).resolve().parent / "bundle"


class BuildWithBundle(build_py):
    """Copy ``bundle/`` to ``cldice_monai/bundle/``; an editable install reads the checkout's."""

    def run(self) -> None:
        """Build the package, then add the folder."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / "cldice_monai" / "bundle"
            shutil.rmtree(target, ignore_errors=True)  # of a build before this one
            shutil.copytree(BUNDLE, target, ignore=shutil.ignore_patterns(".*", "__pycache__"))


setup(cmdclass={"build_py": BuildWithBundle})
