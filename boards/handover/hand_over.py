"""Everything that other people's tools need of a build, in one folder that can be moved."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ..headers import headers
from . import fusesoc, litex, radiant, vivado
from .delivery import RTL, SOFTWARE, TESTBENCH, gather
from .testbench import play, testbench

__all__ = ["INDEX", "KEY", "changed_since", "hand_over"]

#: The file that says what the folder holds, and a key of the object in it.
INDEX, KEY = "handover.json", "gatemill_handover"

#: Of the index's layout.
_VERSION = 1


def hand_over(folder: Path, target: Path, *, clock_mhz: float, samples: int = 100,
              identity: int = 0) -> dict[str, Any]:
    """Write what FuseSoC, LiteX, Vivado and Radiant read of a build, and headers of its shells.

    Parameters
    ----------
    folder : Path
        A build folder.
    target : Path
        An empty folder.
    clock_mhz : float
        That shells and constraints are made for.
    samples : int
        Of the build's own that the testbench plays, at most.
    identity : int
        Of the build, 128 bits, for the register ID.

    Returns
    -------
    The index, as written: name, clock, samples, FuseSoC's name, register maps by shell, and
    the SHA-256 of every file.

    Raises
    ------
    InputFault
        If the folder is no build, or lacks its network or its samples.
    """
    played = play(folder, samples)
    delivery = gather(folder, clock_mhz=clock_mhz, identity=identity)
    bench = testbench(delivery.manifest, played)
    top = delivery.name
    texts = {
        f"{top}.core": fusesoc.core_file(delivery, bench),
        f"{top}_litex.py": litex.module(delivery),
        f"{top}_vivado.tcl": vivado.script(delivery),
        f"{top}_vivado.xdc": vivado.constraints(delivery),
        f"{top}_radiant.tcl": radiant.script(delivery),
        f"{top}_radiant.pdc": radiant.constraints(delivery),
        **{f"{TESTBENCH}/{name}": text for name, text in bench.items()},
        **{f"{SOFTWARE}/{name}": text for shell in delivery.shells.values()
           for name, text in headers(shell.map, shell.top).items()},
    }
    files = {name: text.encode() for name, text in texts.items()}
    files |= {f"{RTL}/{name}": data for name, data in delivery.files.items()}
    for name, data in files.items():
        (path := target / name).parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    index = {
        KEY: _VERSION, "name": delivery.manifest.name, "clock_mhz": clock_mhz,
        "samples": next(iter(played.values())).samples, "core": fusesoc.core_name(delivery),
        "shells": {kind: {"top": shell.top, **shell.map.as_dict()}
                   for kind, shell in delivery.shells.items()},
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())},
    }
    (target / INDEX).write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    return index


def changed_since(target: Path) -> list[str]:
    """Files that were handed over and that somebody has changed since: pins filled in, say.

    Those that are gone count for nothing, and a folder that holds no index for a new one.
    """
    try:
        listed = dict(json.loads((target / INDEX).read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [name for name, digest in listed.items() if (path := target / name).is_file()
            and hashlib.sha256(path.read_bytes()).hexdigest() != digest]
