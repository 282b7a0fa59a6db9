"""``proof.json``: what was proven, layer by layer, when the folder was built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from sw_model.faults import InputFault

__all__ = ["FILE", "load_proof"]

#: Its name in the build folder.
FILE = "proof.json"


class _Record(msgspec.Struct):
    """What every record has; what else there is depends on the form."""

    layer: str
    form: str


def load_proof(folder: Path) -> list[dict[str, Any]]:
    """The records in ``folder``, as they stand there.

    Raises
    ------
    InputFault
        If the file is missing or broken.
    """
    path = folder / FILE
    try:
        data = path.read_bytes()
        msgspec.json.decode(data, type=list[_Record])
        return msgspec.json.decode(data, type=list[dict[str, Any]])
    except OSError as error:
        raise InputFault(f"{path}: cannot be read ({error.strerror})") from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InputFault(f"{path}: {error}; build the folder again") from error
