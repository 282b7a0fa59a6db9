# amaranth: UnusedElaboratable=no
"""A dense layer of fixed weights: a constant matrix between streams, and biases."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from amaranth import Module, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from sw_model.formats import IntFormat, as_index

from ..pe import CONSTANT_KINDS, ConstantSpec
from ..shapes import vector_of
from ..streams.pipeline import valid_chain
from .edges import pace
from .gemm import check_results

__all__ = ["ConstantLayer", "ConstantLayerSpec"]


@dataclass(frozen=True)
class ConstantLayerSpec:
    """Parameters of a dense layer of fixed weights.

    Parameters
    ----------
    matrix : ConstantSpec
        Activations and weights, both on their grids.
    accumulator : IntFormat
        Holds every result; sums wrap within it, which does no harm.
    bias : tuple of int
        Of each row.
    pe : str
        Kind of constant matrix, a key of :data:`hw.pe.CONSTANT_KINDS`.
    reach : (int, int), optional
        Least and greatest result, where less is known of the activations than their format allows.

    Raises
    ------
    TypeError, ValueError
        If there are not as many biases as rows, no such kind, or the accumulator does not hold all
        results.
    """

    matrix: ConstantSpec
    accumulator: IntFormat
    bias: tuple[int, ...]
    pe: str = "adders"
    reach: tuple[int, int] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.bias) != self.matrix.rows:
            raise ValueError(f"biases must be as many as rows, {self.matrix.rows}, not "
                             f"{len(self.bias)}")
        if self.pe not in CONSTANT_KINDS:
            raise ValueError(f"pe must be one of {', '.join(CONSTANT_KINDS)}, not {self.pe!r}")
        for bias in self.bias:
            as_index("bias", bias)
        lows, highs = zip(*((low + bias, high + bias) for (low, high), bias in zip(
            self.matrix.ranges, self.bias, strict=True)), strict=True)
        check_results(self.accumulator, min(lows), max(highs), "sums of the weights' products and "
                      f"biases, of activations {self.matrix.activations},", reach=self.reach)


class ConstantLayer(wiring.Component):
    """Matrix-vector products of fixed weights: a whole vector every ``step`` cycles.

    Neither weights nor biases are stored or streamed: they are wires and adders. Words leave in
    the order in which vectors come, and wait while nobody takes them.

    Parameters
    ----------
    spec : ConstantLayerSpec

    Members
    -------
    i : ``In(stream.Signature(vector_of(activations, columns)))``
    o : ``Out(stream.Signature(vector_of(accumulator, rows)))``
    """

    def __init__(self, spec: ConstantLayerSpec) -> None:
        if not isinstance(spec, ConstantLayerSpec):
            raise TypeError(f"spec must be a ConstantLayerSpec, not {spec!r}")
        self._spec, matrix = spec, spec.matrix
        self._matrix = CONSTANT_KINDS[spec.pe](matrix)
        super().__init__({
            "i": In(stream.Signature(vector_of(matrix.activations, matrix.columns))),
            "o": Out(stream.Signature(vector_of(spec.accumulator, matrix.rows)))})

    @property
    def spec(self) -> ConstantLayerSpec:
        return self._spec

    @property
    def latency(self) -> int:
        """Cycles from taking a vector to offering its results."""
        return self._matrix.latency + 1

    @property
    def step(self) -> int:
        """Cycles from one vector to the next."""
        return self._matrix.interval

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.matrix = matrix = self._matrix
        enable, taken = Signal(), Signal()
        within = self.step - 1
        free = pace(m, taken, last=0, within=within, after=0, most=within, enable=enable)
        m.d.comb += [taken.eq(self.i.valid & free), self.i.ready.eq(enable & free),
                     enable.eq(self.o.ready | ~self.o.valid),
                     matrix.enable.eq(enable), matrix.start.eq(taken),
                     matrix.a.eq(self.i.payload),
                     self.o.valid.eq(valid_chain(m, taken, depth=self.latency,
                                                 enable=enable)[-1])]
        with m.If(enable):
            m.d.sync += [result.eq(product + bias) for result, product, bias in zip(
                self.o.payload, matrix.o, self._spec.bias, strict=True)]
        return m
