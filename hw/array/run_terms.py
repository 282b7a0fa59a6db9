# amaranth: UnusedElaboratable=no
"""From a run's sums to the sum across runs: each in its turn, with its scales."""

from __future__ import annotations

from typing import Any

from amaranth import Array, Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout, StructLayout, View
from amaranth.lib.wiring import In, Out

from sw_model.formats.blocks.runs import RunFormat
from sw_model.specs import BlockDotSpec

from ..arith.multiply import multiply_add, multiply_add_depth
from ..arith.registered import registered
from ..codec.run_scale import Scaling, run_scale, run_scale_depth, scale_codes
from ..pe.block_sum import BlockSum
from ..shapes import shape_between
from ..streams.pipeline import valid_chain
from ..streams.sequence import counter

__all__ = ["RunTerms"]

#: Sides of a term, and the members that scale each.
SIDES = ("a", "w")


class RunTerms(wiring.Component):
    """The sums of a run, held while they go one by one into a :class:`BlockSum`.

    Parameters
    ----------
    spec : BlockDotSpec
    rows : int
    multiplier : str

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    start : ``In(1)``
        A run is there, at most one in :attr:`cycles` enabled cycles.
    first : ``In(1)``
        It is the first of its dot products.
    sums : ``In(ArrayLayout(shape, terms * rows))``
    nan : ``In(rows)``
        As :class:`hw.array.run_sums.RunSums` gives them.
    scales : ``In(StructLayout({"a": ..., "w": ..., "last": 1}))``
    o : ``Out(spec.target)``
        The code of the window, or the bits of the float32: of row 0, row 1, and so on.
    done : ``Out(1)``
        High for the one enabled cycle in which a row's result is first at ``o``.
    """

    def __init__(self, spec: BlockDotSpec, rows: int, multiplier: str) -> None:
        self._spec, self._rows, self._multiplier = spec, rows, multiplier
        self._total = BlockSum(spec.sum, sums=rows, multiplier=multiplier)
        self._significand = shape_between(0, spec.sum.significand)
        largest = spec.sum.largest
        self._forms = {"a": spec.activations, "w": spec.weights}
        super().__init__({
            "enable": In(1), "start": In(1), "first": In(1),
            "sums": In(ArrayLayout(shape_between(-largest, largest), len(spec.terms) * rows)),
            "nan": In(rows),
            "scales": In(self.layout(spec, rows)),
            "o": Out(self._total.o.shape()), "done": Out(1)})

    @property
    def cycles(self) -> int:
        """Enabled cycles that a run takes."""
        return len(self._spec.terms) * self._rows * self._total.interval

    @property
    def latency(self) -> int:
        """Enabled cycles from a run to the result of row 0."""
        before = (len(self._spec.terms) - 1) * self._rows * self._total.interval
        return 1 + before + 1 + self._scaled + self._joined + self._total.latency

    @property
    def _scaled(self) -> int:
        """Enabled cycles from codes to each side's scale."""
        return max(run_scale_depth(scale, self._multiplier) for form in self._forms.values()
                   for scale in (form.scale, form.minimum))

    @property
    def _joined(self) -> int:
        """Enabled cycles until both scales are one, and the sum has its sign."""
        return max(1, self._product)

    @property
    def _product(self) -> int:
        if self._spec.sum.significand == 1:
            return 0
        return multiply_add_depth(self._significand, self._multiplier, addend=False)

    @staticmethod
    def layout(spec: BlockDotSpec, rows: int) -> StructLayout:
        """Scales of a run: the activations', each row's, and whether it is the last."""
        return StructLayout({"a": scale_codes(spec.activations),
                             "w": ArrayLayout(scale_codes(spec.weights), rows), "last": 1})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.total = total = self._total
        chosen, flags = self._in_turn(m)
        depth = self._scaled + self._joined
        start = valid_chain(m, flags["issue"], depth=1 + depth, enable=self.enable)[-1]
        later = {name: self._late(m, flags[name], name, depth) for name in ("first", "last")}
        scales = {side: self._side(m, side, chosen[side], flags["term"]) for side in SIDES}
        negative = scales["a"].negative ^ scales["w"].negative
        partial = self._late(m, chosen["sum"], "sum", self._scaled)
        signed_sum = self._late(m, Mux(negative, -partial, partial)[:len(partial)].as_signed(),
                                "partial", self._joined)
        m.d.comb += [
            total.enable.eq(self.enable), total.start.eq(start), total.first.eq(later["first"]),
            total.last.eq(later["last"]), total.partial.eq(signed_sum),
            total.exponent.eq(self._late(m, self._exponent(m, scales, flags["term"]),
                                         "exponent", self._joined)),
            self.o.eq(total.o), self.done.eq(total.done)]
        if self._spec.sum.significand > 1:
            product = multiply_add(m, scales["a"].significand, scales["w"].significand, None,
                                   self._significand.width + 1, kind=self._multiplier,
                                   enable=self.enable, name="significand")
            late = self._joined - self._product
            m.d.comb += total.significand.eq(self._late(m, product, "significand_late", late))
        if not self._spec.sum.is_exact:
            broken = self._late(m, chosen["nan"], "broken", self._scaled)
            m.d.comb += total.nan.eq(self._late(
                m, broken | scales["a"].nan | scales["w"].nan, "nan_late", self._joined))
        return m

    def _late(self, m: Module, value: Value, name: str, stages: int = 1) -> Value:
        return registered(m, value, enable=self.enable, name=name, stages=stages)

    def _in_turn(self, m: Module) -> tuple[dict[str, Any], dict[str, Value]]:
        """A row's sum of a term with its scales, a register behind the choice; what goes with
        it, ``issue`` and the register of ``term`` among that."""
        spec, rows, beat = self._spec, self._rows, self._total.interval - 1
        busy = Signal()
        held = {name: Signal.like(getattr(self, name), name=f"held_{name}", reset_less=True)
                for name in ("sums", "nan", "scales", "first")}
        turn, place, ends, advance = {}, {}, Const(1, 1), self.enable & busy
        for name, most in (("beat", beat), ("row", rows - 1), ("term", len(spec.terms) - 1)):
            last = Const(most, max(1, most.bit_length()))
            place[name], turn[name] = counter(m, name, last=last, most=most,
                                              advance=advance & ends)
            ends = ends & turn[name]
        with m.If(self.enable):
            with m.If(self.start):
                m.d.sync += [busy.eq(1), *(held[name].eq(getattr(self, name)) for name in held)]
            with m.Elif(ends):
                m.d.sync += busy.eq(0)
        index = Signal(range(len(spec.terms) * rows), name="index")
        m.d.comb += index.eq(place["term"] * rows + place["row"])
        scales = held["scales"]
        chosen = {"sum": Array(held["sums"])[index], "nan": held["nan"].bit_select(
            place["row"], 1), "a": scales.a, "w": Array(scales.w)[place["row"]]}
        registers: dict[str, Any] = {}
        for name, value in chosen.items():
            shape = scale_codes(self._forms[name]) if name in SIDES else Value.cast(value).shape()
            registers[name] = Signal(shape, name=f"chosen_{name}", reset_less=True)
            with m.If(self.enable):
                m.d.sync += registers[name].eq(value)
        flags = {"first": held["first"] & (place["term"] == 0), "last": scales.last & turn["term"],
                 "term": place["term"]}
        return registers, {"issue": busy & (place["beat"] == 0), **{
            name: self._late(m, value, f"chosen_{name}") for name, value in flags.items()}}

    def _side(self, m: Module, side: str, codes: View[StructLayout], term: Value) -> Scaling:
        """A side's scale or minimum, whichever the term has."""
        ways, found = [getattr(each, {"a": "activations", "w": "weights"}[side])
                       for each in self._spec.terms], {}
        form: RunFormat = self._forms[side]
        for own in sorted(set(ways)):
            which = "scale" if own else "minimum"
            scale = getattr(form, which)
            name = f"{side}_{which}"
            made = run_scale(m, scale, codes, which, enable=self.enable,
                             multiplier=self._multiplier, name=name)
            rest = self._scaled - run_scale_depth(scale, self._multiplier)
            found[own] = Scaling(*(self._late(m, getattr(made, part), f"{name}_{part}_late", rest)
                                   for part in ("negative", "significand", "exponent", "nan")))
        if len(found) == 1:
            return found[ways[0]]
        own = Array(Const(way, 1) for way in ways)[self._late(m, term, f"{side}_term",
                                                              self._scaled)]
        return Scaling(*(Mux(own, getattr(found[True], part), getattr(found[False], part))
                         for part in ("negative", "significand", "exponent", "nan")))

    def _exponent(self, m: Module, scales: dict[str, Scaling], term: Value) -> Value:
        """Of both scales, and of the term's grid over that of the products."""
        spec = self._spec.sum
        offsets = Array(Const(each.lsb - spec.lsb) for each in self._spec.terms)
        exponent = Signal(self._total.exponent.shape(), name="exponent_now")
        m.d.comb += exponent.eq(scales["a"].exponent + scales["w"].exponent + offsets[
            self._late(m, term, "exponent_term", self._scaled)])
        return exponent
