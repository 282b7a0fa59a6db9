# amaranth: UnusedElaboratable=no
"""Each distinct component becomes one module, and the Verilog is the same each time."""

from __future__ import annotations

import re

import pytest
from amaranth import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.array.dense import DenseJob, DenseLayer, DenseSpec
from hw.network.loops import Loops
from hw.network.netlist import Netlist, Part, Pin, Port, Wire
from hw.shapes import vector_of
from hw.streams import Register
from hw.unique import Unique
from hw.verilog import to_verilog
from sw_model.formats import IntFormat
from tests.support.units import check_unit

INT8 = IntFormat(8)


class Row(wiring.Component):
    """Registers in a row, each placed by Unique."""

    def __init__(self, count: int) -> None:
        self._parts = [Unique(Register, payload=8) for _ in range(count)]
        super().__init__({"i": In(stream.Signature(8)), "o": Out(stream.Signature(8))})

    def elaborate(self, platform):
        m = Module()
        here = flipped(self.i)
        for k, part in enumerate(self._parts):
            m.submodules[f"part_{k}"] = part
            connect(m, here, part.i)
            here = part.o
        connect(m, here, flipped(self.o))
        return m


def modules(verilog):
    return re.findall(r"^module (\S+?)[( ]", verilog, re.MULTILINE)


def test_one_module_for_all(need):
    need("icarus")
    verilog = to_verilog(Row(5), "row")
    assert len(modules(verilog)) == 2
    assert len(re.findall(r"^  register_[0-9a-f]{8} part_\d", verilog, re.MULTILINE)) == 5
    words = [3, 1, 4, 1, 5, 9, 2, 6]
    check_unit(Row(5), {"i": words}, {"o": words}, latency=5)


def test_distinct_parameters_are_distinct_modules():
    spec = {"activations": INT8, "weights": INT8, "accumulator": IntFormat(24), "bias": None,
            "jobs": (DenseJob(8, 8),)}
    verilog = to_verilog(DenseLayer(DenseSpec(rows=4, lanes=4, **spec)), "dense")
    names = modules(verilog)
    assert len(names) == len(set(names))
    assert sum("parallel_dot_product" in name for name in names) == 1


def test_the_same_bytes():
    spec = DenseSpec(INT8, INT8, IntFormat(24), None, 3, 2, (DenseJob(6, 6),))
    assert to_verilog(DenseLayer(spec), "dense") == to_verilog(DenseLayer(spec), "dense")


def test_unhashable_parameters_are_refused():
    with pytest.raises(TypeError, match="unhashable"):
        Unique(Loops, [(2,)])


def netlist(wires, ports=None):
    payload, wide = vector_of(IntFormat(4), 2), vector_of(INT8, 2)
    ports = ports or {"i": Port(True, payload), "o": Port(False, wide)}
    parts = (Part("a", Register, {"payload": payload}), Part("b", Register, {"payload": wide}))
    return Netlist(ports, parts, wires)


GOOD = (Wire("first", Pin("", "i"), Pin("a", "i")), Wire("second", Pin("a", "o"), Pin("b", "i")),
        Wire("third", Pin("b", "o"), Pin("", "o")))


def test_netlist_widens_lanes(need):
    need("icarus")
    words = [[-8, 7], [0, -1], [3, -4]]
    check_unit(netlist(GOOD), {"i": words}, {"o": words}, latency=2)
    verilog = to_verilog(netlist(GOOD), "top")
    assert all(f"{wire}_{part}" in verilog for wire in ("first", "second", "third")
               for part in ("payload", "valid", "ready"))


def test_netlist_refuses():
    with pytest.raises(ValueError, match="open or unknown"):
        netlist(GOOD[:2])
    with pytest.raises(ValueError, match="wired more than once"):
        netlist((*GOOD, Wire("fourth", Pin("a", "o"), Pin("", "o"))))
    with pytest.raises(ValueError, match="wire 'third' joins"):
        netlist(GOOD, {"i": Port(True, vector_of(IntFormat(4), 2)),
                       "o": Port(False, vector_of(IntFormat(4), 2))})
