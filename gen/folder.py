"""Output folders and files that are either whole or as they were."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sw_model.faults import InputFault

__all__ = ["whole_folder", "write_whole"]

#: Of Linux's renameat2: paths as they stand, to be exchanged.
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


@contextmanager
def whole_folder(target: Path, *, mark: str, key: str) -> Iterator[Path]:
    """A temporary folder beside ``target`` that takes its place when the block ends well.

    Whoever is interrupted leaves ``target`` as it was, and whoever is killed at worst leaves
    a folder beside it whose name begins with a dot. (Where the system cannot exchange folders,
    that one may be the earlier result, killed between two renames.)

    Parameters
    ----------
    target : Path
        May exist if it is empty or an earlier result of the same kind; it is replaced as a
        whole then. What a symbolic link leads to is replaced, not the link.
    mark, key : str
        An earlier result holds a JSON file called ``mark`` with an object that has ``key``.

    Raises
    ------
    InputFault
        If ``target`` is something else, or cannot be written.
    """
    target = target.resolve()
    try:
        if target.exists() and not _may_be_replaced(target, mark, key):
            raise InputFault(f"{target}: is there already and holds no {mark} of Gatemill's; "
                             "name a new or an empty folder, or an earlier build")
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise InputFault(f"{target}: cannot be written ({error.strerror})") from error
    work.chmod(0o755)
    try:
        yield work
        _swap(work, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _may_be_replaced(target: Path, mark: str, key: str) -> bool:
    """Whether a folder is empty or an earlier result: others have a ``manifest.json`` too."""
    if not target.is_dir():
        return False
    if not any(target.iterdir()):
        return True
    try:
        found = json.loads((target / mark).read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError, ValueError):
        return False
    return isinstance(found, dict) and key in found


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False where that cannot be done."""
    try:
        renameat2 = ctypes.CDLL(None).renameat2
    except (OSError, AttributeError):
        return False
    done: int = renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other),
                          _RENAME_EXCHANGE)
    return done == 0


def _swap(work: Path, target: Path) -> None:
    if target.exists() and _exchange(work, target):
        return  # the earlier result is in the temporary folder now, and goes with it
    old = work.with_name(f"{work.name}.old")
    try:
        if target.exists():
            target.rename(old)
        try:
            work.rename(target)
        except BaseException:
            if old.exists():
                old.rename(target)
            raise
    except OSError as error:
        raise InputFault(f"{target}: cannot be replaced ({error.strerror})") from error
    shutil.rmtree(old, ignore_errors=True)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is either whole or as it was; to a device, just write."""
    path = path.resolve()
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
