# amaranth: UnusedElaboratable=no
"""Sums across blocks whose scales are known only at run time: what stands behind elements."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Mux, Signal, Value, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index
from sw_model.specs import BlockSumSpec

from ..arith.float32 import NAN_BITS
from ..arith.float32_add import ADD_STAGES, add_float32
from ..arith.multiply import MULTIPLIERS, multiply_add, multiply_add_depth
from ..arith.registered import registered
from ..arith.shift import shift_left
from ..arith.to_float32 import CONVERSION_STAGES, to_float32
from ..shapes import shape_between, shape_of
from ..streams.pipeline import valid_chain
from ..streams.sequence import counter

__all__ = ["BlockSum"]


class BlockSum(wiring.Component):
    """``sum_b partial_b * significand_b * 2**(exponent_b + lsb)``, a block at a time.

    It stands behind a processing element and moves with it: a block is what comes in an enabled
    cycle with ``start``, and while ``enable`` is low everything stands still. Blocks of a sum
    come in ascending order; with the last one's ``latency`` enabled cycles later the sum is at
    ``o``, from the enabled cycle with ``done`` until a later block's total.

    Into a window each term is shifted and added without loss, a block every cycle. Into float32
    each term is rounded once, and the total once an addition, which takes five cycles. To keep
    the adder busy all the same, ``sums`` of them are interleaved, as those of several rows are:
    block 0 of each in turn, block 1 of each, and so on, all with as many blocks. With five or
    more a block may come every cycle.

    The definition is :func:`sw_model.ops.block_sum.block_sum`; every NaN is 0x7FC00000.

    Parameters
    ----------
    spec : BlockSumSpec
    sums : int
        Sums that take turns, at least 1.
    multiplier : str
        How terms get their significands, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    start : ``In(1)``
        A block is there.
    first, last : ``In(1)``
        It is the first, the last of its sum.
    partial : ``In(shape_between(-spec.largest, spec.largest))``
    exponent : ``In(shape_between(spec.exponent_low, spec.exponent_high))``
    significand : ``In(shape_between(0, spec.significand))``
        Only if there are others than 1.
    nan : ``In(1)``
        Only into float32: the block's scale is NaN.
    o : ``Out(spec.target)``
        The code of the window, signed, or the 32 bits of the float32: the total so far.
    done : ``Out(1)``
        High for the one enabled cycle in which a sum is first at ``o``.
    """

    #: Enabled cycles from a block to the total with it.
    latency: int
    #: Enabled cycles between two blocks.
    interval: int

    def __init__(self, spec: BlockSumSpec, *, sums: int = 1, multiplier: str = "inferred"
                 ) -> None:
        if not isinstance(spec, BlockSumSpec):
            raise TypeError(f"spec must be a BlockSumSpec, not {spec!r}")
        self._spec, self._sums, self._multiplier = spec, as_index("sums", sums), multiplier
        if self._sums < 1:
            raise ValueError(f"sums must be at least 1, not {sums}")
        if multiplier not in MULTIPLIERS:
            raise ValueError(f"multiplier must be one of {', '.join(MULTIPLIERS)}, "
                             f"not {multiplier!r}")
        members = {
            "enable": In(1), "start": In(1), "first": In(1), "last": In(1),
            "partial": In(shape_between(-spec.largest, spec.largest)),
            "exponent": In(shape_between(spec.exponent_low, spec.exponent_high)),
            "o": Out(shape_of(spec.target) if spec.is_exact else unsigned(32)), "done": Out(1)}
        self._factor = shape_between(0, spec.significand)
        if spec.significand > 1:
            members["significand"] = In(self._factor)
        if not spec.is_exact:
            members["nan"] = In(1)
        super().__init__(members)
        added = 1 if spec.is_exact else ADD_STAGES + 1
        self.latency = self._before + added
        self.interval = -(-added // self._sums)

    @property
    def spec(self) -> BlockSumSpec:
        return self._spec

    @property
    def sums(self) -> int:
        """Sums that take turns."""
        return self._sums

    @property
    def _scaled(self) -> int:
        """Enabled cycles until a partial sum has its significand."""
        return 0 if self._spec.significand == 1 else multiply_add_depth(
            self._factor, self._multiplier, addend=False)

    @property
    def _before(self) -> int:
        """Enabled cycles from a block to its term."""
        return self._scaled + 1 + (0 if self._spec.is_exact else CONVERSION_STAGES)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        there = valid_chain(m, self.start, depth=self.latency - 1, enable=self.enable)
        arrives, leaves = there[self._before - 1], there[-1]
        first = self._late(m, self.first, "first", self._before)
        last = self._late(m, self.last, "last", self.latency - 1)
        keep = Signal()
        m.d.comb += keep.eq(self.enable & leaves)

        held, term = Signal.like(self.o), self._late(m, self._term(m), "term")
        total = self._total(m, Mux(first, 0, held), term)
        m.d.comb += held.eq(self._held(m, total, self.enable & arrives, keep))
        with m.If(keep):
            m.d.sync += self.o.eq(total)
        with m.If(self.enable):
            m.d.sync += self.done.eq(leaves & last)
        return m

    def _late(self, m: Module, value: Value, name: str, stages: int = 1) -> Value:
        return registered(m, value, enable=self.enable, name=name, stages=stages)

    def _term(self, m: Module) -> Value:
        """The block's share of the sum, a code of the target, in front of its last register."""
        spec = self.spec
        exponent = self._late(m, self.exponent, "exponent_late", self._scaled)
        product = self.partial
        if spec.significand > 1:
            shape = shape_between(-spec.largest * spec.significand,
                                  spec.largest * spec.significand)
            product = multiply_add(m, self.partial, self.significand, None, shape.width,
                                   kind=self._multiplier, enable=self.enable, name="product")
        if not spec.is_exact:
            bits = to_float32(m, product, exponent, spec.exponent_low, spec.exponent_high,
                              lsb=spec.lsb, enable=self.enable, name="convert")
            return bits | Mux(self._late(m, self.nan, "nan_late", self._before - 1), NAN_BITS, 0)
        span = spec.exponent_high - spec.exponent_low
        distance = Signal(range(span + 1))
        m.d.comb += distance.eq(exponent - spec.exponent_low)
        moved = shift_left(m, product, distance, span, name="aligned")
        term = Signal.like(self.o, name="aligned_term")
        m.d.comb += term.eq(moved << spec.shift_of(spec.exponent_low))
        return term

    def _total(self, m: Module, before: Value, term: Value) -> Value:
        """The total with the term, ``ADD_STAGES`` enabled cycles later if it is a float32."""
        if self.spec.is_exact:
            return before + term
        return add_float32(m, before, term, enable=self.enable, name="add")

    def _held(self, m: Module, total: Value, take: Value, keep: Value) -> Value:
        """The total so far of the sum whose turn it is."""
        if self._sums == 1:
            return self.o
        most = self._sums - 1
        m.submodules.totals = memory = Memory(shape=self.o.shape(), depth=self._sums, init=[])
        read, write = memory.read_port(domain="comb"), memory.write_port()
        m.d.comb += [
            read.addr.eq(counter(m, "taken", last=Const(most), most=most, advance=take)[0]),
            write.addr.eq(counter(m, "kept", last=Const(most), most=most, advance=keep)[0]),
            write.data.eq(total), write.en.eq(keep)]
        return read.data
