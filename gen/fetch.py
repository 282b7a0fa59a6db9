"""Real models by lock file: fetched once, checked by digest, kept in the cache."""

from __future__ import annotations

import hashlib
import http.client
import os
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

import msgspec

from sw_model.faults import InputFault, Verdict
from verif.tools import cache_folder

from .folder import write_whole
from .messages import nearest

__all__ = ["BASE_URL", "Locked", "data_folder", "data_places", "fetch", "find_data",
           "locked_models"]

#: Where files of GitHub repositories are, by repository, commit and path.
BASE_URL = "https://raw.githubusercontent.com"
#: Names another such place, for mirrors and tests.
BASE_VARIABLE = "GATEMILL_FETCH_URL"
#: Seconds without an answer after which a server counts as absent.
TIMEOUT = 30.0

_CHUNK = 2**16


class Locked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An entry of the lock file.

    Parameters
    ----------
    name : str
        What a user types.
    file : str
        Path below ``models/`` of the data folder.
    repository, commit, path : str
        Where it comes from.
    sha256 : str
        Digest of the content, in hex.
    bytes : int
        Its size.
    licence : str
    """

    name: str
    file: str
    repository: str
    commit: str
    path: str
    sha256: str
    bytes: int
    licence: str

    def url(self, base: str) -> str:
        """Where it can be had from the server ``base``."""
        return f"{base.rstrip('/')}/{self.repository}/{self.commit}/{quote(self.path)}"


def locked_models() -> list[Locked]:
    """Every entry of the lock file."""
    text = files(__package__).joinpath("models.lock.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text)["model"], list[Locked])


def data_folder() -> Path:
    """The folder in the cache with ``models/``, laid out as ``GATEMILL_DATA`` is."""
    return cache_folder() / "data"


def data_places() -> list[Path]:
    """Folders in which models are looked for, the first that has a file first: that of
    ``GATEMILL_DATA``, ``shared`` beside the checkout, and the cache."""
    given = os.environ.get("GATEMILL_DATA")
    return [*([Path(given)] if given else []), Path(__file__).resolve().parents[2] / "shared",
            data_folder()]


def find_data(file: str) -> Path:
    """A file or folder of the data, by its path below one of :func:`data_places`.

    Raises
    ------
    InputFault
        If none has it; the message says what to do.
    """
    for place in data_places():
        if (path := place / file).exists():
            return path
    raise InputFault(f"no {file}; set GATEMILL_DATA to a folder that has it, or run "
                     "`gatemill fetch`")


def fetch(names: Sequence[str] = (), *, base: str | None = None,
          progress: Callable[[str], None] = lambda _: None,
          models: Iterable[Locked] | None = None) -> dict[str, tuple[Path, bool]]:
    """Bring models into the cache.

    Parameters
    ----------
    names : sequence of str
        Of the lock file; all if empty.
    base : str, optional
        Server in place of GitHub's; else the environment's ``GATEMILL_FETCH_URL``.
    progress : callable
        Told what is being fetched.
    models : iterable of Locked, optional
        In place of the lock file's.

    Returns
    -------
    For each name its file, and whether it was fetched now: a file that is there already
    and has the right digest stays.

    Raises
    ------
    InputFault
        If a name is unknown.
    Verdict
        If a model cannot be had, or is not what the lock file says; the others are
        fetched all the same.
    """
    known = {model.name: model for model in (locked_models() if models is None else models)}
    for name in names:
        if name not in known:
            raise InputFault(f"no model {name!r}; {nearest(name, known)}")
    server = base or os.environ.get(BASE_VARIABLE) or BASE_URL
    found: dict[str, tuple[Path, bool]] = {}
    failures = []
    for name in dict.fromkeys(names or known):
        model = known[name]
        path = data_folder() / "models" / model.file
        if _is_whole(path, model):
            found[name] = path, False
            continue
        progress(f"fetching {name}")
        try:
            _keep(path, _download(model, server))
            found[name] = path, True
        except _Failure as failure:
            failures.append(f"{name}: {failure}")
    if failures:
        raise Verdict("\n".join(failures))
    return found


class _Failure(Exception):
    """A model that cannot be had, and why."""


def _is_whole(path: Path, model: Locked) -> bool:
    try:
        return path.stat().st_size == model.bytes and hashlib.sha256(
            path.read_bytes()).hexdigest() == model.sha256
    except OSError:
        return False


def _download(model: Locked, server: str) -> bytes:
    """The content of a model, checked."""
    url = model.url(server)
    digest, parts, size = hashlib.sha256(), [], 0
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
            while part := answer.read(_CHUNK):
                digest.update(part)
                parts.append(part)
                size += len(part)
                if size > model.bytes:
                    raise _Failure(f"{url} is larger than the {model.bytes} bytes of the lock "
                                   "file; nothing is kept")
    except urllib.error.HTTPError as error:
        error.close()
        raise _Failure(f"{url}: the server answers {error.code} {error.reason}") from None
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise _Failure(f"{url} cannot be reached: {reason}; is there a network? {BASE_VARIABLE} "
                       "names another server") from None
    if size != model.bytes or digest.hexdigest() != model.sha256:
        raise _Failure(f"{url} has {size} bytes of digest {digest.hexdigest()}, but the lock file "
                       f"says {model.bytes} of {model.sha256}; nothing is kept")
    return b"".join(parts)


def _keep(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data)
    except OSError as error:
        raise _Failure(f"{path} cannot be written: {error.strerror}; GATEMILL_CACHE names "
                       "another cache") from None
