"""The output folder: a case's files appear together, and its report says that they are whole."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cldice_monai.errors import InputError
from cldice_monai.files import current_umask, require_writable_folder

__all__ = ["OutputFolder", "report_name"]

_PARTIAL = ".incomplete-case-"


def report_name(case_id: str) -> str:
    """Return the name of the file that is written last.

    Example:
        >>> report_name("mouse_3")
        'mouse_3_report.json'
    """
    return f"{case_id}_report.json"


class OutputFolder:
    """A folder of results that one run at a time writes to.

    The files of a case are written into a hidden folder beside and then renamed, the report last:
    a case with a report is whole. A run that is killed leaves the result that was there before, or
    none with a report; what it had begun is taken away by the next run.

    Args:
        path: the folder; it is made.

    Raises:
        InputError: if it cannot be written, or another run writes to it.

    Example:
        >>> with tempfile.TemporaryDirectory() as parent, OutputFolder(Path(parent)) as out:
        ...     with out.together() as place:
        ...         _ = (place / "a_mask.txt").write_text("mask")
        ...         _ = (place / "a_report.json").write_text("{}")
        ...     sorted(path.name for path in Path(parent).iterdir()), out.report("a")
        (['a_mask.txt', 'a_report.json'], {})
    """

    def __init__(self, path: Path) -> None:
        self.path = require_writable_folder(path, argument="output").absolute()
        self._lock = os.open(self.path, os.O_RDONLY)

    def __enter__(self) -> OutputFolder:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise InputError(
                f"{self.path}: another run is writing to it; wait for it or choose another folder"
            ) from error
        except OSError:
            return self  # a file system without locks
        for left in self.path.glob(f"{_PARTIAL}*"):
            shutil.rmtree(left, ignore_errors=True)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._lock)

    @contextlib.contextmanager
    def together(self) -> Iterator[Path]:
        """Give a folder to write to; its files get their place once the block succeeds.

        Files that the last report of the same case names, and that are not written again, are
        removed: they would belong to another result.

        Raises:
            InputError: if a file cannot be written; nothing has changed then.
        """
        partial = Path(self._partial_folder())
        try:
            yield partial
            with _no_signals():
                self._commit(partial)
        except OSError as error:
            raise InputError(
                f"{self.path}: cannot be written ({error.strerror or error}); free some space or "
                "choose another folder"
            ) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def refuse_to_replace(self, inputs: Iterable[Path], names: Iterable[str]) -> None:
        """Refuse results that would take the place of the image they are of.

        Args:
            inputs: files or folders of the image.
            names: of the results.

        Raises:
            InputError: if one is the other.
        """
        targets = {(self.path / name).resolve() for name in names}
        for path in inputs:
            if path.resolve() in targets:
                raise InputError(
                    f"{path}: the result would replace it; choose another output folder"
                )

    def report(self, case_id: str) -> dict[str, Any] | None:
        """Return the report of a case; None where there is none that can be read."""
        try:
            text = (self.path / report_name(case_id)).read_text(encoding="utf-8")
            found = json.loads(text)
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def has_all(self, names: object) -> bool:
        """Return whether the files that a report names are there."""
        if not isinstance(names, dict):
            return False
        return all((self.path / Path(str(name)).name).exists() for name in names.values())

    def _partial_folder(self) -> str:
        try:
            return tempfile.mkdtemp(prefix=_PARTIAL, dir=self.path)
        except OSError as error:
            raise InputError(
                f"{self.path}: cannot be written ({error.strerror}); choose another folder"
            ) from error

    def _commit(self, partial: Path) -> None:
        files = sorted(partial.iterdir(), key=lambda path: path.name.endswith("_report.json"))
        new = {file.name for file in files}
        for name in [name for name in new if name.endswith("_report.json")]:
            old = self.report(name.removesuffix("_report.json")) or {}
            # from here on the case counts as not done, until its new report is there
            (self.path / name).unlink(missing_ok=True)
            listed = old.get("files")
            for before in listed.values() if isinstance(listed, dict) else ():
                if before not in new and Path(str(before)).name == before:
                    _remove(self.path / before)
        for file in files:
            target = self.path / file.name
            if file.is_dir():  # an OME-Zarr image; a folder cannot be renamed onto another
                _remove(target)
            else:
                file.chmod(0o666 & ~current_umask())
            file.replace(target)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def _no_signals() -> Iterator[None]:
    """Hold back a request to stop for the moment of a few renames."""
    held = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
