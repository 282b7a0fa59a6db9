"""What is handed over: the files of a build, its shells, and where they lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sw_model.faults import InputFault
from verif.manifest import Manifest

from ..shell.shells import Shell, make_shell

__all__ = ["RTL", "SHELLS", "SOFTWARE", "TESTBENCH", "Delivery", "gather"]

#: Folders of what is handed over.
RTL, SOFTWARE, TESTBENCH = "rtl", "software", "testbench"

#: Shells that other people's systems take: those without pins of a board.
SHELLS = ("wishbone", "axi")


@dataclass(frozen=True)
class Delivery:
    """A build and its shells.

    Parameters
    ----------
    manifest : Manifest
    clock_mhz : float
        To be met.
    shells : mapping of str to Shell
        By kind.
    files : mapping of str to bytes
        Everything in ``rtl/``, by name.
    """

    manifest: Manifest
    clock_mhz: float
    shells: Mapping[str, Shell]
    files: Mapping[str, bytes]

    @property
    def name(self) -> str:
        """Of the top module, and with that of files and classes: an identifier."""
        return self.manifest.top

    @property
    def period_ns(self) -> float:
        return 1000 / self.clock_mhz

    @property
    def verilog(self) -> str:
        """Name of the accelerator's Verilog in ``rtl/``."""
        return PurePosixPath(self.manifest.verilog).name

    @property
    def images(self) -> tuple[str, ...]:
        """Names of the memory images in ``rtl/``."""
        return tuple(name for name in self.files if name.endswith(".mem"))

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of all Verilog in ``rtl/``: the accelerator first, then the shells."""
        return (self.verilog, *(f"{shell.top}.v" for shell in self.shells.values()))


def gather(folder: Path, *, clock_mhz: float, identity: int = 0) -> Delivery:
    """Read a build folder and make its shells.

    Raises
    ------
    InputFault
        If a file is missing.
    """
    manifest = Manifest.load(folder)
    source = folder / manifest.verilog
    # What the manifest says to be there, whether it is or not.
    images = {*source.parent.glob("*.mem"), *(folder / each.file for each in manifest.memory)}
    files: dict[str, bytes] = {}
    try:
        for path in (source, *sorted(images)):
            files[path.name] = path.read_bytes()
    except OSError as error:
        raise InputFault(f"{error.filename}: cannot be read ({error.strerror})") from error
    shells = {kind: make_shell(folder, kind, clock_mhz=clock_mhz, identity=identity)
              for kind in SHELLS}
    files |= {f"{shell.top}.v": shell.verilog.encode() for shell in shells.values()}
    return Delivery(manifest, clock_mhz, shells, files)
