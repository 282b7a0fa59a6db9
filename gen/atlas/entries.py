"""What the atlas measures: kinds of processing elements, formats, and the work that is equal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hw.pe import PE_KINDS, DotSpec
from sw_model.formats import parse_format

__all__ = ["CLOCKED", "LANES", "PAIRS", "Entry", "entries"]

#: Pairs of each dot product: the equal work. Who takes fewer at once takes more cycles.
LANES = 16

#: Activations and weights, from one bit to eight: integers, floats of OCP, posits, tables.
PAIRS = (
    ("bipolar", "bipolar"), ("int8", "bipolar"), ("int8", "ternary"), ("int2", "int2"),
    ("int8", "int2"), ("int4", "int4"), ("int8", "int4"), ("int6", "int6"), ("int8", "int8"),
    ("e2m1", "e2m1"), ("int8", "e2m1"), ("e2m3", "e2m3"), ("e3m2", "e3m2"), ("e4m3fn", "e4m3fn"),
    ("e5m2", "e5m2"), ("posit<4,1>", "posit<4,1>"), ("posit<8,0>", "posit<8,0>"),
    ("int8", "codebook<-8,-4,-2,-1,0,1,2,4>"), ("int8", "khot<8,5,2>"),
)


class Entry(NamedTuple):
    """A kind with its formats."""

    kind: str
    activations: str
    weights: str

    @property
    def spec(self) -> DotSpec:
        """A dot product of :data:`LANES` pairs."""
        return DotSpec(parse_format(self.activations), parse_format(self.weights), LANES)

    @property
    def cycles(self) -> int:
        """Between two dot products: the most, of kinds that skip zeros."""
        return PE_KINDS[self.kind].interval_of(self.spec)


#: One representative of each kind and family of formats, of which the clock is measured too.
CLOCKED = (
    Entry("parallel", "int8", "int8"), Entry("parallel", "int4", "int4"),
    Entry("binary", "bipolar", "bipolar"), Entry("bit_weight", "int8", "int8"),
    Entry("bit_weight", "int4", "int4"), Entry("exact", "e2m1", "e2m1"),
    Entry("exact", "e4m3fn", "e4m3fn"), Entry("exact", "posit<8,0>", "posit<8,0>"),
    Entry("table", "e2m1", "e2m1"), Entry("lut", "int8", "int2"),
    Entry("serial_lut", "int8", "int4"), Entry("ternary", "int8", "ternary"),
    Entry("ternary_ecp5", "int8", "ternary"), Entry("packed", "int8", "int4"),
    Entry("mixed", "int8", "int8"), Entry("weight_serial", "int8", "int4"),
    Entry("activation_serial", "int8", "int4"), Entry("booth", "int8", "int8"),
    Entry("csd", "int8", "int8"), Entry("en_t", "int8", "int8"),
)


def entries() -> Iterator[Entry]:
    """Every kind with every pair of formats that it takes."""
    for kind, make in PE_KINDS.items():
        for pair in PAIRS:
            entry = Entry(kind, *pair)
            if make.refusal(entry.spec) is None:
                yield entry
