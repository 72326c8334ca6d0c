"""The public names, checked in: a change of this list is a change for every user."""

import importlib
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

PUBLIC: dict[str, list[str]] = json.loads(
    (Path(__file__).parent / "public_names.json").read_text(encoding="utf-8")
)
DICTIONARY_FORMS = ("D", "Dict", "d")  # of a transform Foo: FooD, FooDict, Food


def names_of(package: str) -> list[str]:
    """The checked-in names of a package, with those that every transform has three more of."""
    names = PUBLIC[package]
    if package != "cldice_monai.transforms":
        return names
    return sorted([*names, *(f"{name}{ending}" for name in names for ending in DICTIONARY_FORMS)])


def test_the_packages_are_those_of_the_api_reference(root: Path):
    page = (root / "docs" / "reference.md").read_text(encoding="utf-8")
    assert re.findall(r"^- \[([^]]+)\]", page, re.MULTILINE) == list(PUBLIC)


@pytest.mark.parametrize("package", PUBLIC)
def test_public_names_are_the_checked_in_ones(package: str):
    module = importlib.import_module(package)
    assert sorted(module.__all__) == names_of(package)
    assert all(hasattr(module, name) for name in module.__all__)


@pytest.mark.parametrize("package", PUBLIC)
def test_every_public_class_and_function_has_an_example(package: str):
    module = importlib.import_module(package)
    members = {name: getattr(module, name) for name in module.__all__}
    described = {n: m for n, m in members.items() if inspect.isclass(m) or inspect.isfunction(m)}
    assert [name for name, member in described.items() if ">>>" not in (member.__doc__ or "")] == []


@pytest.mark.parametrize("missing", ["nibabel", "itk", "skimage", "PIL", "ignite", "h5py"])
def test_import_works_without_optional_readers(missing: str):
    program = f"import sys; sys.modules[{missing!r}] = None; import cldice_monai, cldice_monai.data"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_import_loads_no_heavy_module_of_its_own():
    program = (
        "import sys, torch, monai; before = set(sys.modules); import cldice_monai;"
        "heavy = {'nibabel', 'itk', 'skimage', 'PIL', 'ignite', 'gudhi', 'h5py', 'matplotlib',"
        "'sympy'};"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
