"""The pages of the documentation that are made: what they list, and that nothing is left out."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest


@pytest.fixture
def docs_pages(import_script):
    return import_script("docs_pages")


@pytest.fixture
def pages(docs_pages, root: Path) -> dict[str, str]:
    """The text of the API reference, a page a package."""
    pages = docs_pages.api_pages(docs_pages.documented_packages(root))
    return {Path(path).name.removesuffix(".rst"): text for path, text in pages.items()}


def test_every_package_with_public_names_is_in_the_reference(docs_pages, root: Path):
    listed = docs_pages.documented_packages(root)
    assert sorted(listed) == sorted(docs_pages.public_packages())
    assert "cldice_monai.data.synthetic" in listed


def test_every_public_name_stands_on_the_page_of_its_package(pages: dict[str, str]):
    missing = [
        f"{package}.{name}"
        for package, text in pages.items()
        for name in importlib.import_module(package).__all__
        if not re.search(rf"\b{name}\b", text)
    ]
    assert missing == []


def test_every_public_object_is_described_once(pages: dict[str, str]):
    directive = r"^\.\. (?:auto(?:class|function)|py:data):: (\S+)\.(\w+)$"
    described = [
        (package, name)
        for text in pages.values()
        for package, name in re.findall(directive, text, re.MULTILINE)
    ]
    values = [getattr(importlib.import_module(package), name) for package, name in described]
    assert len({id(value) for value in values}) == len(values)
    public = {
        id(getattr(importlib.import_module(package), name))
        for package in pages
        for name in importlib.import_module(package).__all__
    }
    assert {id(value) for value in values} == public


def test_name_is_described_where_it_is_defined_and_linked_elsewhere(pages: dict[str, str]):
    assert ".. autoclass:: cldice_monai.losses.SoftclDiceLoss" in pages["cldice_monai.losses"]
    assert ".. autofunction:: cldice_monai.predict" in pages["cldice_monai"]
    assert ":py:obj:`~cldice_monai.losses.SoftclDiceLoss`" in pages["cldice_monai"]
    assert "SoftclDiceLoss\n   :members:" not in pages["cldice_monai"]


def test_second_names_of_a_transform_stand_below_its_description(pages: dict[str, str]):
    assert (
        "Also named ``SkeletonizeD`` and ``SkeletonizeDict``." in pages["cldice_monai.transforms"]
    )


def test_constant_has_the_text_that_stands_below_it(pages: dict[str, str]):
    assert (
        ".. py:data:: cldice_monai.zero_shot.RECIPE\n\n"
        "   The recipe of the weights that come with the bundle.\n"
    ) in pages["cldice_monai.zero_shot"]


def test_public_name_without_docstring_is_named(docs_pages, monkeypatch: pytest.MonkeyPatch):
    losses = importlib.import_module("cldice_monai.losses")
    monkeypatch.setattr(losses.suggest_iter, "__doc__", None)
    with pytest.raises(ValueError, match=r"losses\.suggest_iter is public and has no docstring"):
        docs_pages.api_pages(["cldice_monai.losses"])


def test_every_page_is_in_the_table_of_contents(docs_pages, root: Path):
    index = root / "docs" / "index.md"
    listed = [
        (index.parent / path).resolve()
        for section in docs_pages.sections(index.read_text())
        for _, path in section.pages
    ]
    assert len(set(listed)) == len(listed)
    assert {*(root / "docs").rglob("*.md"), *(root / "docs").rglob("*.ipynb")} - {index} <= set(
        listed
    )


def test_table_of_contents_follows_the_headings_and_links_of_a_page(docs_pages):
    text = "# Title\n\n- [Here](a.md): x\n\n## Later\n\n- [There](../b.md#part)\n- [Far](c/d.md)\n"
    assert docs_pages.table_of_contents(text) == (
        "```{toctree}\n:hidden:\n\nHere <a.md>\n```\n\n"
        "```{toctree}\n:hidden:\n:caption: Later\n\nFar <c/d.md>\n```"
    )


def test_link_to_a_package_leads_to_its_page(docs_pages):
    linked = docs_pages.link_packages("[x](../cldice_monai/data/synthetic/__init__.py), [y](z.md)")
    assert linked == "[x](/docs/api/cldice_monai.data.synthetic.rst), [y](z.md)"


def test_page_without_heading_has_the_title_under_which_the_index_lists_it(docs_pages, root: Path):
    assert docs_pages.title_in_index(root, Path("docs/reference.md")) == "API reference"
    with pytest.raises(ValueError, match=r"docs/none\.md has no heading"):
        docs_pages.title_in_index(root, Path("docs/none.md"))


def test_pages_are_written_anew_only_where_they_change(docs_pages, root: Path, tmp_path: Path):
    reference = tmp_path / "docs" / "reference.md"
    reference.parent.mkdir()
    reference.write_text("- [losses](../cldice_monai/losses/__init__.py): x\n")
    folder = tmp_path / "docs" / "api"
    folder.mkdir()
    (folder / "cldice_monai.removed.rst").touch()
    docs_pages.write_api_pages(tmp_path)
    (page,) = folder.iterdir()
    assert page.name == "cldice_monai.losses.rst"
    before = page.stat()
    docs_pages.write_api_pages(tmp_path)
    assert (page.stat().st_ino, page.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    page.write_text("old")
    docs_pages.write_api_pages(tmp_path)
    assert "automodule:: cldice_monai.losses" in page.read_text()
