# amaranth: UnusedElaboratable=no
"""N:M sparsity in front of any processing element: each lane picks its activation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amaranth import Array, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import Format, as_index
from sw_model.formats.sparse import SparseFormat

from ..codec.sparse import sparse_layout
from ..shapes import shape_between, vector_of
from .base import DotProduct, DotSpec

__all__ = ["SparseDotProduct", "SparseDotSpec"]


@dataclass(frozen=True)
class SparseDotSpec:
    """Dot products of activations with blocks of an N:M sparse row.

    Parameters
    ----------
    activations : Format
    weights : SparseFormat
        ``keep`` of ``of`` neighbours, and the format of their codes.
    blocks : int
        Taken at once: ``blocks * of`` activations and ``blocks * keep`` weights.
    """

    activations: Format
    weights: SparseFormat
    blocks: int

    def __post_init__(self) -> None:
        if not isinstance(self.activations, Format):
            raise TypeError(f"activations must be a Format, not {self.activations!r}")
        if not isinstance(self.weights, SparseFormat):
            raise TypeError(f"weights must be a SparseFormat, not {self.weights!r}")
        if as_index("blocks", self.blocks) < 1:
            raise ValueError(f"blocks must be at least 1, not {self.blocks}")

    @property
    def dot(self) -> DotSpec:
        """What the processing element behind computes."""
        return DotSpec(self.activations, self.weights.element, self.blocks * self.weights.keep)

    @property
    def turns(self) -> int:
        """Steps that the same blocks take when they are dense."""
        return -(-self.weights.of // self.weights.keep)


class SparseDotProduct(wiring.Component):
    """A processing element of any kind behind a multiplexer for each of its lanes.

    Lane k of a block multiplies the activation at the k-th of the block's places. With
    ``dense`` it multiplies the activation at ``turn * keep + k`` instead, so that the same
    lanes do all of a block's products in ``turns`` steps, for which the activations stay;
    lanes past the block then need weights of value zero. A register stands behind the
    multiplexers; all else, ``start`` and ``interval`` among it, is as the processing element
    has it.

    Sources: Zhou et al., Learning N:M Fine-grained Structured Sparse Neural Networks From
    Scratch (arXiv 2102.04010); Fang et al., SAT, N:M sparse training with a dense mode.

    Parameters
    ----------
    kind : type of DotProduct
    spec : SparseDotSpec
    family : str, optional
        Of the devices whose DSP blocks the processing element is made for.

    Raises
    ------
    ValueError
        If the kind does not take the formats.

    Members
    -------
    enable, start, dense : ``In(1)``
    turn : ``In(range(turns))``
    a : ``In(vector_of(activations, blocks * of))``
    w : ``In(ArrayLayout(sparse_layout(weights), blocks))``
        Places are ignored with ``dense``; otherwise they must be less than ``of``.
    o : ``Out(shape_between(*spec.dot.result_range))``
    """

    def __init__(self, kind: type[DotProduct], spec: SparseDotSpec, *,
                 family: str | None = None) -> None:
        self._spec = spec
        self._pe = kind(spec.dot, **kind.parameters(family))
        self.latency, self.interval = 1 + self._pe.latency, self._pe.interval
        super().__init__({
            "enable": In(1), "start": In(1), "dense": In(1), "turn": In(range(spec.turns)),
            "a": In(vector_of(spec.activations, spec.blocks * spec.weights.of)),
            "w": In(ArrayLayout(sparse_layout(spec.weights), spec.blocks)),
            "o": Out(shape_between(*spec.dot.result_range))})

    @property
    def spec(self) -> SparseDotSpec:
        return self._spec

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.pe = pe = self._pe
        m.d.comb += [pe.enable.eq(self.enable), self.o.eq(pe.o)]
        with m.If(self.enable):
            m.d.sync += pe.start.eq(self.start)
            for block in range(self._spec.blocks):
                for place in range(self._spec.weights.keep):
                    lane = block * self._spec.weights.keep + place
                    m.d.sync += [pe.a[lane].eq(self._picked(m, block, place)),
                                 pe.w[lane].eq(self.w[block]["values"][place])]
        return m

    def _picked(self, m: Module, block: int, place: int) -> Value:
        """A lane's activation."""
        keep, of = self._spec.weights.keep, self._spec.weights.of
        choices = [self.a[block * of + k] for k in range(of)]
        index = Signal(range(of), name=f"index_{block}_{place}")
        dense = Array([min(turn * keep + place, of - 1) for turn in range(self._spec.turns)])
        m.d.comb += index.eq(Mux(self.dense, dense[self.turn], self.w[block]["places"][place]))
        return Array(choices)[index]
