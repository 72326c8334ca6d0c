"""How Sphinx builds the site: `bash scripts/docs.sh`.

The repository's root is the folder of sources, so that every relative link and picture of the pages
resolves on the site as it does on the repository's web page.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from sphinx.util import inspect

ROOT = Path(__file__).parents[1]
NOTEBOOK = "docs/vessels.ipynb"
NOTEBOOK_RUN = "output/docs_notebook"  # where its cells run
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import docs_notebook  # noqa: E402
import docs_pages  # noqa: E402

import cldice_monai  # noqa: E402

project = "cldice_monai"
copyright = "the cldice_monai maintainers. Apache-2.0. Research software, not a medical device"
author = "the cldice_monai maintainers"
version = release = cldice_monai.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext", ".ipynb": "markdown"}
root_doc = "docs/index"
include_patterns = [
    "docs/**.md",
    "docs/*.ipynb",
    f"{docs_pages.API_FOLDER}/*.rst",
    "bundle/docs/README.md",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
]
exclude_patterns = [".*", "**/.*", "output", "data", "build", "dist", "tests", "cldice_monai"]

myst_heading_anchors = 4  # links to headings, named as the repository's web page names them
highlight_language = "text"  # commands and what they print are not Python
smartquotes_action = "D"  # dashes alone: a string keeps its quotes
default_role = "py:obj"  # `Name` in a docstring is a link where the reference describes it

autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
maximum_signature_line_length = 88
napoleon_custom_sections = ["Reference", "Shape"]
napoleon_use_ivar = True
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = "cldice_monai"
html_copy_source = False
templates_path = ["templates"]
html_static_path = ["static"]
html_css_files = ["tables.css"]
html_extra_path = [str(ROOT / NOTEBOOK_RUN / "site")]
html_additional_pages = {"index": "to_first_page.html"}


def _complete_page(app: Any, name: str, source: list[str]) -> None:
    """Add to a Markdown page what stands nowhere else: its table of contents, a missing title."""
    path = Path(app.env.doc2path(name)).relative_to(ROOT)
    if path.suffix == ".rst":
        return
    if str(path) == NOTEBOOK:
        source[0] = (ROOT / NOTEBOOK_RUN / "page.md").read_text()
    text = docs_pages.link_packages(source[0])
    if not text.startswith("# "):
        text = f"# {docs_pages.title_in_index(ROOT, path)}\n\n{text}"
    if str(path) in docs_pages.TABLES_OF_CONTENTS:
        text = f"{text}\n\n{docs_pages.table_of_contents(text)}\n"
    source[0] = text


def _skip_field_of_tuple(app: Any, what: str, name: str, member: Any, skip: bool, _: Any) -> bool:
    """Leave out the fields of a NamedTuple: its docstring says what they are, Python's does not."""
    return skip or type(member).__name__ == "_tuplegetter"


def _signature_of_init(
    app: Any, what: str, name: str, obj: Any, options: Any, signature: str, returns: str
) -> tuple[str, str] | None:
    """Show the arguments of a class whose base makes its objects from any, as MONAI's do."""
    if what != "class" or obj.__new__ is object.__new__ or not inspect.isfunction(obj.__init__):
        return None
    arguments = inspect.signature(obj.__init__, bound_method=True)
    text = inspect.stringify_signature(
        arguments, show_return_annotation=False, unqualified_typehints=True
    )
    return text, returns


def _run_notebook() -> None:
    """Run the notebook; its page ends with a link to the report that it wrote."""
    folder = ROOT / NOTEBOOK_RUN
    text = (ROOT / NOTEBOOK).read_text(encoding="utf-8")
    text = docs_notebook.notebook_as_markdown(text, folder, address=f"/{NOTEBOOK_RUN}/")
    report = (folder / "site" / NOTEBOOK).with_name("example_report.html")
    report.parent.mkdir(parents=True)
    shutil.copyfile(folder / "notebook_output" / "report" / "report.html", report)
    link = f'<a href="{report.name}">The report that these cells have written</a>'
    (folder / "page.md").write_text(f"{text}\n\n{link}\n", encoding="utf-8")


def setup(app: Any) -> None:
    """Write the pages of the API reference and of the notebook before Sphinx looks for pages."""
    docs_pages.write_api_pages(ROOT)
    _run_notebook()
    app.connect("source-read", _complete_page)
    app.connect("autodoc-skip-member", _skip_field_of_tuple)
    app.connect("autodoc-process-signature", _signature_of_init)
