"""Refuse misspelt settings on the command line, which MONAI would pass over in silence."""

from __future__ import annotations

import ast
import difflib
import inspect
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cldice_monai.errors import InputError

__all__ = ["OVERRIDES", "check_overrides"]

OVERRIDES = (
    *("dataset_dir", "output_dir", "ckpt_dir", "epochs", "batch_size", "lr", "alpha", "device"),
    *("resume", "fold", "seed", "num_workers"),
    *("weights", "side_mm", "cutoff", "lift", "floor", "factors", "pad_windows"),
    *("threshold", "roi", "overlap", "tta", "fill_cavities", "min_length_mm", "max_memory"),
    *("save_prob", "pred_dirs", "label_dir"),
)
"""The settings that the docs promise, whichever of them a workflow uses."""

_logger = logging.getLogger(__name__)

_OF_RUN = (
    *("run_id", "init_id", "final_id", "meta_file", "config_file", "logging_file"),
    *("tracking", "args_file", "bundle_root"),
)
_OF_TRACKING = ("tracking_uri", "experiment_name", "run_name", "save_execute_config")
_OF_COMPONENTS = ("_target_", "_disabled_", "_requires_", "_desc_", "_mode_")


def check_overrides(words: Sequence[str] | None = None) -> None:
    """Refuse a setting of ``python -m monai.bundle run`` that nothing in the configs listens to.

    Settings are those of the command line and of the file of ``--args_file``.

    A setting is known if it is in `OVERRIDES`, if its path (``a#b`` or ``a::b``) exists in the
    config files, or if it names an argument of a ``_target_`` in them. One in `OVERRIDES` that
    these config files do not use is noted, one line each.

    Args:
        words: the command line; None for that of this process, which is looked at only if it is one
            of MONAI's bundle runner.

    Raises:
        InputError: for the first setting that is not known, with the nearest that is.

    Example:
        >>> check_overrides(["python", "something_else.py", "--epocs", "3"])
    """
    words = sys.argv if words is None else words
    if not _is_bundle_run(words):
        return
    settings = _with_args_file(dict(_settings(words)))
    config = _merged(settings)
    if config is None:
        return
    known = [*OVERRIDES, *_OF_RUN, *(_OF_TRACKING if "tracking" in settings else ())]
    unused = [key for key in settings if not _has(config, key, settings)]
    for key in unused:
        if key not in known:
            raise InputError(f"--{key}: no such setting{_suggestion(key, known, config)}")
    for key in unused:
        if key in OVERRIDES:
            _logger.info("note: --%s has no effect: the config files given do not use it", key)


def _is_bundle_run(words: Sequence[str]) -> bool:
    runner = [n for n, word in enumerate(words[:-1]) if word.endswith("bundle/__main__.py")]
    return bool(runner) and words[runner[0] + 1] == "run"


def _settings(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield key and value of every ``--key value`` and ``--key=value``, with one hyphen too."""
    for number, word in enumerate(words):
        key, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("-") or not key[:1].isidentifier():
            continue
        if not equals:
            value = words[number + 1] if number + 1 < len(words) else ""
        head = key.split("#")[0].split("::")[0]
        yield head.replace("-", "_") + key[len(head) :], value  # as fire reads it


def _with_args_file(settings: dict[str, Any]) -> dict[str, Any]:
    """Add what the file of ``--args_file`` sets; the command line has the last word."""
    from monai.bundle import ConfigParser

    if "args_file" not in settings:
        return settings
    return {**ConfigParser.load_config_file(settings["args_file"]), **settings}


def _merged(settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the config files as one; None where the command line does not name them."""
    from monai.bundle import ConfigParser

    files: Any = settings.get("config_file")
    if files is None:
        return None
    if isinstance(files, str) and files.lstrip().startswith("["):
        files = ast.literal_eval(files)
    config: dict[str, Any] = ConfigParser.load_config_files(
        [Path(file) for file in files] if isinstance(files, list | tuple) else files
    )
    return config


def _parts(key: str) -> list[str]:
    return key.replace("::", "#").split("#")


def _has(config: Any, key: str, settings: Mapping[str, Any]) -> bool:
    """Tell whether a path exists, or names an argument of the component that it leads to."""
    *parents, last = _parts(key)
    found = config
    for part in parents:
        found = _child(found, part)
        if found is None:
            return False
    if isinstance(found, Mapping):
        if last in found:
            return True
        target = settings.get("#".join([*parents, "_target_"]), found.get("_target_"))
        return target is not None and (last in _OF_COMPONENTS or _accepts(target, last))
    return _child(found, last) is not None


def _child(config: Any, part: str) -> Any:
    if isinstance(config, Mapping):
        return config.get(part)
    if isinstance(config, list) and part.isdigit() and int(part) < len(config):
        return config[int(part)]
    return None


def _accepts(target: Any, argument: str) -> bool:
    """Tell whether a component takes an argument; yes where it cannot be looked up."""
    from monai.bundle import ComponentLocator
    from monai.utils import optional_import

    if not isinstance(target, str) or target.startswith("$"):
        return True
    module, _, name = target.rpartition(".")
    if not module:
        located = ComponentLocator().get_component_module_name(name)
        module = located[0] if isinstance(located, list) else located or ""
    component, found = optional_import(module, name=name)
    if not found:
        return True
    parameters = inspect.signature(component).parameters
    kinds = {parameter.kind for parameter in parameters.values()}
    return argument in parameters or inspect.Parameter.VAR_KEYWORD in kinds


def _suggestion(key: str, known: Sequence[str], config: Mapping[str, Any]) -> str:
    candidates = [*known, *_paths(config)]
    near = difflib.get_close_matches("#".join(_parts(key)), candidates, n=1)
    return f"; did you mean --{near[0]}?" if near else "; the README of the bundle lists them"


def _paths(config: Any, before: str = "") -> Iterator[str]:
    if not isinstance(config, Mapping):
        return
    for name, value in config.items():
        yield f"{before}{name}"
        yield from _paths(value, f"{before}{name}#")
