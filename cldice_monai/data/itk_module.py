"""ITK, loaded once and whole."""

from __future__ import annotations

import contextlib
import functools
import locale
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = ["kept_locale", "load_itk"]


@functools.cache
def load_itk() -> Any:
    """Return the module ``itk`` with all that is used of it loaded.

    By itself ITK loads its parts when they are first touched, and changes the working folder of
    the process while it does: call this before other threads open files by relative paths.

    Returns:
        The module, its own warnings switched off: they would come between ours.
    """
    with warnings.catch_warnings():
        # SWIG's types have no __module__; where warnings are errors that ends the process
        warnings.simplefilter("ignore", DeprecationWarning)
        import itk

        itk.array_from_image(itk.image_from_array(np.zeros((2, 2, 2), np.float32)))
        for part in ("GDCMSeriesFileNames", "GDCMImageIO", "NrrdImageIO", "MetaImageIO"):
            getattr(itk, part).New()
        for part in ("imread", "imwrite", "ImageSeriesReader", "ImageFileWriter"):
            getattr(itk, part)
    itk.Object.SetGlobalWarningDisplay(False)
    return itk


@contextlib.contextmanager
def kept_locale() -> Iterator[None]:
    """Bring back the locale of the process, which GDCM sets to C when it reads or writes a slice.

    In that locale Python takes text files for ASCII: every later one with another letter fails.
    """
    before = locale.setlocale(locale.LC_ALL)
    try:
        yield
    finally:
        locale.setlocale(locale.LC_ALL, before)
