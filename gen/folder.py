"""Output folders that are either whole or absent."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sw_model.faults import InputFault

__all__ = ["whole_folder", "write_whole"]


@contextmanager
def whole_folder(target: Path, *, mark: str) -> Iterator[Path]:
    """A temporary folder beside ``target`` that takes its place when the block ends well.

    Parameters
    ----------
    target : Path
        May exist if it is empty or holds a file called ``mark``, which says that it is an
        earlier result of the same kind; it is replaced as a whole then.
    mark : str

    Raises
    ------
    InputFault
        If ``target`` is something else, or cannot be written.
    """
    target = target.absolute()
    if target.exists() and not (target.is_dir() and (
            (target / mark).is_file() or not any(target.iterdir()))):
        raise InputFault(f"{target}: is there already and holds no {mark}; "
                         "name a new or an empty folder, or an earlier build")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise InputFault(f"{target}: cannot be made ({error.strerror})") from error
    work.chmod(0o755)
    try:
        yield work
        _swap(work, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _swap(work: Path, target: Path) -> None:
    if not target.exists():
        work.rename(target)
        return
    old = work.with_name(f"{work.name}.old")
    target.rename(old)
    work.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is either whole or as it was."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
