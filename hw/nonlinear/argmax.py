"""The place of the largest element of each vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amaranth import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from sw_model.specs import ArgMaxSpec

from ..arith.adder_tree import tree_depth
from ..arith.registered import registered
from ..network.loops import Loops
from ..shapes import vector_of
from ..streams.pipeline import stalling_pipeline

__all__ = ["ArgMax"]


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A code, the lane it came from, and whether it belongs to the vector."""

    code: Value
    lane: Value
    real: Value


class ArgMax(wiring.Component):
    """Index of the largest element of each vector; the lowest index wins ties.

    Takes a word every cycle, with no gap between vectors, while the consumer is ready;
    offers one word of one lane for each vector, in order. A tree finds the largest of each
    word, a register at its end the largest of the vector.

    Parameters
    ----------
    spec : ArgMaxSpec
    lanes : int

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes)))``
        Lanes past the end of the vector in its last word are ignored.
    o : ``Out(stream.Signature(vector_of(spec.target, 1)))``
    """

    #: Cycles between two words.
    interval = 1

    def __init__(self, spec: ArgMaxSpec, lanes: int) -> None:
        if not isinstance(spec, ArgMaxSpec):
            raise TypeError(f"spec must be an ArgMaxSpec, not {spec!r}")
        self._spec, self._lanes = spec, lanes
        super().__init__({
            "i": In(stream.Signature(vector_of(spec.source, lanes))),
            "o": Out(stream.Signature(vector_of(spec.target, 1))),
        })

    @property
    def spec(self) -> ArgMaxSpec:
        return self._spec

    @property
    def lanes(self) -> int:
        return self._lanes

    @property
    def latency(self) -> int:
        """Cycles from taking a vector's last word to offering its index."""
        return 1 + tree_depth(self._lanes)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.loops = loops = Loops(tuple(
            (job.words(self._lanes), job.vectors) for job in self._spec.jobs))
        enable = stalling_pipeline(m, self.i, self.o, depth=self.latency, keep=loops.last_0)
        m.d.comb += loops.advance.eq(self.i.valid & self.i.ready)
        # The register at the end must not take in what is no word: bubbles travel along.
        depth = tree_depth(self._lanes)
        taken, first, word = (
            registered(m, value, enable=enable, name=name, stages=depth) for value, name in (
                (self.i.valid, "taken"), (loops.first_0, "first"), (loops.index_0, "word")))
        best = self._best_of_word(m, loops, enable)

        most, place = Signal.like(best.code, name="most"), self.o.payload[0]
        with m.If(enable & taken & (first | (best.code > most))):
            m.d.sync += [most.eq(best.code), place.eq(word * self._lanes + best.lane)]
        return m

    def _best_of_word(self, m: Module, loops: Loops, enable: Value) -> _Candidate:
        """The first largest of the lanes, one register behind each level of the tree."""
        level = [_Candidate(self.i.payload[lane], Const(0, 0), self._real(lane, loops))
                 for lane in range(self._lanes)]
        depth = 0
        while len(level) > 1:
            level = [self._node(m, level[k:k + 2], enable, f"{depth}_{k // 2}")
                     for k in range(0, len(level), 2)]
            depth += 1
        return level[0]

    def _node(self, m: Module, pair: list[_Candidate], enable: Value, name: str) -> _Candidate:
        """The better of two neighbours; the lower lane if they are equal."""
        low, high = pair[0], pair[-1]
        wins = high.real & (high.code > low.code) if len(pair) == 2 else Const(0, 1)
        code, lane = Mux(wins, high.code, low.code), Mux(wins, high.lane, low.lane)
        return _Candidate(*(
            registered(m, value, enable=enable, name=f"{kind}_{name}") for value, kind in (
                (code, "code"), (Cat(lane, wins), "lane"), (low.real, "real"))))

    def _real(self, lane: int, loops: Loops) -> Value:
        """Whether ``lane`` of the word that is taken belongs to its vector."""
        used = [job.length - (job.words(self._lanes) - 1) * self._lanes
                for job in self._spec.jobs]
        if lane < min(used):
            return Const(1, 1)
        return ~loops.last_0 | Array(Const(lane < count) for count in used)[loops.job]
