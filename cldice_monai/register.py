"""Make the bare names of this package resolve in MONAI configs, beside MONAI's own.

Importing the module is enough; in a config::

    "imports": ["$import cldice_monai.register"],
    "loss": {"_target_": "SoftDiceclDiceLoss", "sigmoid": true}

Names that MONAI has too (SoftclDiceLoss, SoftDiceclDiceLoss) then mean the ones of this package;
their MONAI form stays within reach as ``monai.losses.SoftclDiceLoss`` or ``monai_compatible``.
Code that does not import the module is not affected.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import logging
from collections.abc import Callable
from typing import Any

from monai.bundle import ComponentLocator

__all__ = ["register", "registered_names", "unregister"]

_LOG = logging.getLogger(__name__)
_PACKAGES = ("losses", "metrics", "transforms")
_MARK = "cldice_monai_original"


@functools.cache
def registered_names() -> dict[str, str]:
    """Return the package each public class and function is taken from, by bare name.

    Example:
        >>> registered_names()["SoftclDiceLoss"]
        'cldice_monai.losses'
    """
    found = {}
    for package in (f"cldice_monai.{name}" for name in _PACKAGES):
        module = importlib.import_module(package)
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isclass(value) or inspect.isfunction(value):
                found[name] = package
    return found


def register() -> None:
    """Let MONAI's config parser find the names; a second call changes nothing.

    One line is logged.
    """
    original = ComponentLocator.get_component_module_name
    if hasattr(original, _MARK):
        return
    names = registered_names()

    @functools.wraps(original)
    def look_up(locator: ComponentLocator, name: str) -> Any:
        if isinstance(name, str) and name in names:
            return names[name]
        return original(locator, name)

    setattr(look_up, _MARK, original)
    ComponentLocator.get_component_module_name = look_up
    _LOG.info("%d names of cldice_monai now resolve in MONAI configs", len(names))


def unregister() -> None:
    """Take `register` back; without it nothing happens."""
    current: Callable[..., Any] = ComponentLocator.get_component_module_name
    original = getattr(current, _MARK, None)
    if original is not None:
        ComponentLocator.get_component_module_name = original


register()
