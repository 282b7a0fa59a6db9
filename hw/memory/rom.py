"""Providers of weights and parameters from read-only memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amaranth import ClockSignal, Instance, Module, Mux, Shape, Signal, unsigned
from amaranth.hdl import Elaboratable, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import Out

from sw_model.formats import as_index

from ..network.loops import Loops

__all__ = ["RomJob", "RomProvider"]

#: What synthesis calls each style of a memory that is only read: distributed RAM is writable
#: memory, and Yosys finds none that holds contents; lookup tables are logic.
STYLES = {"auto": "auto", "block": "block", "distributed": "logic"}


@dataclass(frozen=True)
class RomJob:
    """One pass over consecutive words, repeated before the next job.

    Parameters
    ----------
    words : int
        Words of one pass.
    repeats : int
        Passes.
    """

    words: int
    repeats: int = 1

    def __post_init__(self) -> None:
        for name in ("words", "repeats"):
            if as_index(name, getattr(self, name)) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")


class RomProvider(wiring.Component):
    """Streams the words of a memory image in the order of a table of jobs, cyclically.

    The jobs' words stand in the memory one job behind the other. Offers a word every cycle
    from the second cycle after reset on; a word stays put until taken.

    Parameters
    ----------
    payload : shape-like
        Of the stream; its bits are the word.
    file : str
        Name of the memory image, hexadecimal words for ``$readmemh``.
    jobs : tuple of RomJob
    style : str
        ``"auto"``, ``"block"`` or ``"distributed"``: a hint to synthesis.

    Members
    -------
    o : ``Out(stream.Signature(payload))``
    """

    def __init__(self, payload: ShapeLike, file: str, jobs: tuple[RomJob, ...],
                 style: str = "auto") -> None:
        if style not in STYLES:
            raise ValueError(f"style must be one of {', '.join(STYLES)}, not {style!r}")
        if not jobs:
            raise ValueError("jobs must not be empty")
        self._file, self._jobs, self._style = file, jobs, style
        self._width = Shape.cast(payload).width
        super().__init__({"o": Out(stream.Signature(payload))})

    @property
    def jobs(self) -> tuple[RomJob, ...]:
        return self._jobs

    @property
    def depth(self) -> int:
        """Words in the memory."""
        return sum(job.words for job in self._jobs)

    @property
    def width(self) -> int:
        """Bits of a word."""
        return self._width

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        bits = max(1, (self.depth - 1).bit_length())
        address = Signal(bits)
        enable = Signal()
        data = Signal(self._width)
        m.d.comb += [enable.eq(self.o.ready | ~self.o.valid), self.o.payload.eq(data)]
        with m.If(enable):
            m.d.sync += self.o.valid.eq(1)
        m.submodules.memory = Instance(
            "gatemill_rom", p_WIDTH=self._width, p_DEPTH=self.depth, p_ADDRESS_WIDTH=bits,
            p_STYLE=STYLES[self._style], p_FILE=self._file,
            i_clk=ClockSignal(), i_enable=enable, i_address=address, o_data=data)
        if all(job.repeats == 1 for job in self._jobs):
            if self.depth > 1:
                with m.If(enable):
                    m.d.sync += address.eq(Mux(address == self.depth - 1, 0, address + 1))
            return m
        m.submodules.loops = loops = Loops(tuple((j.words, j.repeats) for j in self._jobs))
        base = Signal(unsigned(bits))
        following = Signal(unsigned(bits))
        m.d.comb += [loops.advance.eq(enable),
                     following.eq(Mux(address == self.depth - 1, 0, address + 1))]
        with m.If(enable):
            m.d.sync += address.eq(Mux(loops.last_0 & ~loops.last_1, base, following))
            with m.If(loops.last_0 & loops.last_1):
                m.d.sync += base.eq(following)
        return m
