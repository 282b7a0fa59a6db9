"""Results kept by content, so that unchanged inputs cost nothing the second time.

An entry is a folder named by the digest of everything that its contents depend on. It is
filled beside its place and renamed, so that it is there whole or not at all, whoever else
fills the same one. ``GATEMILL_CACHE`` moves the cache; else it is the user's.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import platformdirs

from sw_model.faults import InputFault

__all__ = ["cached", "digest_of", "root"]

#: Entries kept of each kind; the least recently used go first.
KEPT = 64


def root() -> Path:
    """The cache's folder."""
    return Path(os.environ.get("GATEMILL_CACHE") or platformdirs.user_cache_dir("gatemill"))


def digest_of(parts: Iterable[bytes | str]) -> str:
    """SHA-256 over ``parts``, each with its length, so that no two lists fall together."""
    state = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.hexdigest()


def cached(kind: str, key: str, fill: Callable[[Path], None], *, kept: int = KEPT
           ) -> tuple[Path, bool]:
    """The folder of an entry, filled by ``fill(folder)`` if it is not there.

    Parameters
    ----------
    kind, key : str
    fill : callable
    kept : int
        Entries of the kind that stay.

    Returns
    -------
    The folder and whether it was there before. Where ``fill`` raises, nothing is kept.

    Raises
    ------
    InputFault
        If the cache cannot be written.
    """
    place = root() / kind / key
    if place.is_dir():
        # A cache that is only read serves as well.
        with contextlib.suppress(OSError):
            os.utime(place)
        return place, True
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=place.parent))
    except OSError as error:
        raise InputFault(f"{place.parent}: cannot be written ({error.strerror}); GATEMILL_CACHE "
                         "names another cache") from error
    try:
        fill(fresh)
        try:
            fresh.rename(place)
        except OSError:
            # Another process was first: its entry is as good.
            if not place.is_dir():
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    _prune(place.parent, kept)
    return place, False


def _prune(folder: Path, kept: int) -> None:
    entries = [path for path in folder.iterdir() if not path.name.startswith(".")]
    for old in sorted(entries, key=_age)[:-kept]:
        shutil.rmtree(old, ignore_errors=True)


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0
