"""An accelerator as a peripheral on a processor's bus: Wishbone, AXI4."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Module
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import connect

from hw.bus.axi_lite import AxiLite, AxiLiteRegisters
from hw.bus.axi_stream import AxiStream, AxiStreamInput, AxiStreamOutput
from hw.bus.wishbone import Wishbone, WishboneRegisters

from ..registers import RegisterMap
from .accelerator import Accelerator
from .core import Core, measure
from .flat import flat_members, join_flat
from .register_file import RegisterFile

__all__ = ["AxiShell", "WishboneShell"]


class WishboneShell(wiring.Component):
    """Registers and data on a Wishbone bus: see :class:`hw.bus.wishbone.WishboneRegisters`.

    Parameters
    ----------
    map : RegisterMap
        With ports.
    accelerator : Accelerator

    Members
    -------
    wb_cyc, wb_stb, wb_we, wb_adr, wb_dat_w, wb_sel : ``In``
    wb_dat_r, wb_ack, wb_err : ``Out``
        Of :class:`hw.bus.wishbone.Wishbone`; ``wb_adr`` counts registers.
    """

    def __init__(self, map: RegisterMap, accelerator: Accelerator) -> None:
        self._map, self._accelerator = map, accelerator
        super().__init__(flat_members("wb_", Wishbone(map.address_width).flip()))

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.core = core = Core(self._map, self._accelerator)
        m.submodules.slave = slave = WishboneRegisters(self._map.address_width)
        connect(m, slave.bus, core.bus)
        join_flat(m, self, "wb_", slave.wishbone)
        return m


class AxiShell(wiring.Component):
    """Registers on AXI4-Lite, data on AXI4-Stream: a packet a sample, a word a transfer.

    Data runs at the accelerator's own rate. A packet of which the rest does not come for TIMEOUT
    is given up: see :class:`hw.bus.axi_stream.AxiStreamInput` for what follows.

    Parameters
    ----------
    map : RegisterMap
        Without ports.
    accelerator : Accelerator

    Members
    -------
    s_axi_awaddr, ... : as of :class:`hw.bus.axi_lite.AxiLite`
        Byte addresses.
    s_axis_i_tdata, ... : as of :class:`hw.bus.axi_stream.AxiStream`
        For each input, named after its stream.
    m_axis_o_tdata, ... : likewise
        For each output.
    """

    def __init__(self, map: RegisterMap, accelerator: Accelerator) -> None:
        self._map, self._accelerator = map, accelerator
        members = flat_members("s_axi_", AxiLite(map.address_width + 2).flip())
        for each in map.streams:
            signature = AxiStream(each.width)
            members |= flat_members(_prefix(each), signature.flip() if each.direction == "in"
                                    else signature)
        super().__init__(members)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.registers = registers = RegisterFile(self._map)
        m.submodules.accelerator = accelerator = self._accelerator
        m.submodules.slave = slave = AxiLiteRegisters(self._map.address_width)
        connect(m, slave.bus, registers.bus)
        join_flat(m, self, "s_axi_", slave.axi)
        measure(m, accelerator, registers)
        misplaced = []
        for each in self._map.streams:
            member = getattr(accelerator, each.name)
            if each.direction == "in":
                words = AxiStreamInput(each.width, each.words)
                connect(m, words.o, member)
                misplaced.append(words.misplaced)
            else:
                words = AxiStreamOutput(each.width, each.words)
                connect(m, member, words.i)
            m.submodules[f"{each.name}_packets"] = words
            m.d.comb += words.clear.eq(registers.clear)
            join_flat(m, self, _prefix(each), words.axi)
        m.d.comb += registers.bad_last.eq(Cat(misplaced).any())
        return m


def _prefix(stream: Any) -> str:
    return f"{'s' if stream.direction == 'in' else 'm'}_axis_{stream.name}_"
