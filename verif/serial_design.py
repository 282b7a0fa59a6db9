"""A Verilated design whose way to the world is a pair of serial lines."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from .emulator import SimulationFault, working_directory
from .emulator_build import library
from .emulator_streams import Status

__all__ = ["SerialDesign"]

#: Bytes that one call brings back at most.
_CAPACITY = 4096


class SerialDesign:
    """Bytes in, bytes out, cycle after cycle: 8 bits, no parity, one stop bit.

    Parameters
    ----------
    verilog : Path
        All modules in one file.
    top : str
        A module with a clock and two lines; it resets itself.
    divisor : int
        Clock cycles of a bit.
    memories : Path, optional
        Folder of the memory images that the Verilog names.
    clock, receive, transmit : str
        Names of the ports; ``receive`` is empty for a design that only speaks.
    observed : sequence of str
        Further ports that :meth:`read` may ask for.

    Raises
    ------
    SimulationFault
        If Verilator refuses the Verilog, or a memory image is missing.
    ToolMissing
        If Verilator or the compiler is not there.
    """

    def __init__(self, verilog: Path, top: str, divisor: int, *, memories: Path | None = None,
                 clock: str = "clk", receive: str = "rx", transmit: str = "tx",
                 observed: Sequence[str] = ()) -> None:
        if divisor < 2:
            raise ValueError(f"divisor must be at least 2, not {divisor}")
        path = library(verilog, top, [name for name in (clock, receive, transmit, *observed)
                                      if name])
        self._native, self._name = ctypes.CDLL(str(path)), str(verilog)
        self._handle: ctypes.c_void_p | None = None
        self._message = ctypes.create_string_buffer(1000)
        self._bytes = ctypes.create_string_buffer(_CAPACITY)
        self._native.gm_serial_close.argtypes = (ctypes.c_void_p,)
        self._native.gm_serial_close.restype = None
        self.cycles = 0
        handle = ctypes.c_void_p()
        with working_directory(memories or verilog.parent):
            self._call("gm_serial_open", ctypes.byref(handle), clock.encode(), receive.encode(),
                       transmit.encode(), ctypes.c_uint64(divisor))
        self._handle = handle

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the model; nothing else may be called afterwards."""
        if self._handle is not None:
            self._native.gm_serial_close(self._handle)
            self._handle = None

    def advance(self, cycles: int, data: bytes = b"") -> tuple[int, bytes]:
        """Run ``cycles`` cycles while ``data`` is sent.

        Returns
        -------
        How many bytes of ``data`` were begun with, and the bytes that came; fewer cycles passed
        if those were 4,096.
        """
        taken, given = ctypes.c_size_t(), ctypes.c_size_t()
        self._call("gm_serial_advance", self._handle, ctypes.c_uint64(cycles), data,
                   ctypes.c_size_t(len(data)), ctypes.byref(taken), self._bytes,
                   ctypes.c_size_t(_CAPACITY), ctypes.byref(given))
        self.cycles += cycles
        return taken.value, self._bytes.raw[:given.value]

    def read(self, name: str) -> int:
        """What a port of at most 8 bits is at."""
        value = ctypes.c_uint64()
        self._call("gm_serial_read", self._handle, name.encode(), ctypes.byref(value))
        return value.value

    def _call(self, name: str, *arguments: Any) -> None:
        status = Status(getattr(self._native, name)(
            *arguments, self._message, ctypes.c_size_t(len(self._message))))
        said = self._message.value.decode(errors="replace")
        if status == Status.FAULT:
            raise SimulationFault(f"{self._name}: {said}")
        if status == Status.BUG:
            raise RuntimeError(f"serial design {self._name}: {said}")
