"""Staircases by comparators, all thresholds of a channel at once."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Mux, Signal, Value, signed
from amaranth.hdl import Elaboratable
from amaranth.lib.data import ArrayLayout, StructLayout

from sw_model.specs import ThresholdSpec

from ..arith.adder_tree import adder_tree, tree_depth
from ..arith.clamp import exceeds
from ..arith.registered import registered
from ..shapes import shape_of
from .lane_unit import Lane, LaneUnit

__all__ = ["ParallelThreshold", "ParallelThresholdLane"]


class ParallelThreshold(LaneUnit):
    """``base + sum_k steps[k] * (acc >= thresholds[k])`` for each lane.

    FINN's MultiThreshold (Umuroglu et al., FPGA 2017, section 4.2.2), with a comparator for
    each threshold and an adder tree. Takes a word every cycle while the consumer is ready;
    never drops or reorders. The sum wraps in the target's bits.

    Parameters
    ----------
    spec : ThresholdSpec
    lanes : int
    constants : (tuple of int, tuple of int, int) or None
        ``(thresholds, steps, base)`` of every lane. Else a word of parameters is taken with
        each word of data.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes)))``
    parameters : ``In(stream.Signature(ParallelThreshold.parameter_layout(spec, lanes)))``
        Only without ``constants``.
    o : ``Out(stream.Signature(vector_of(spec.target, lanes)))``
    """

    def __init__(self, spec: ThresholdSpec, lanes: int,
                 constants: tuple[tuple[int, ...], tuple[int, ...], int] | None = None) -> None:
        super().__init__(lanes, ParallelThresholdLane, spec, constants)
        self._spec = spec

    @staticmethod
    def parameter_layout(spec: ThresholdSpec, lanes: int) -> ArrayLayout:
        """Payload of ``parameters``, for each lane: ``thresholds`` if there are any, ``steps``
        if they are signed, and ``base``, the result below all thresholds."""
        return ArrayLayout(_fields(spec), lanes)

    @property
    def spec(self) -> ThresholdSpec:
        return self._spec


def _fields(spec: ThresholdSpec) -> StructLayout:
    fields: dict[str, Any] = {}
    if spec.count:
        fields["thresholds"] = ArrayLayout(shape_of(spec.threshold), spec.count)
        if spec.signed_steps:
            fields["steps"] = ArrayLayout(signed(2), spec.count)
    return StructLayout(fields | {"base": shape_of(spec.target)})


class ParallelThresholdLane(Lane):
    """One lane of :class:`ParallelThreshold`, with its parameters.

    Registers stand behind the comparators and behind each level of the tree.
    """

    def __init__(self, spec: ThresholdSpec,
                 constants: tuple[tuple[int, ...], tuple[int, ...], int] | None) -> None:
        if not isinstance(spec, ThresholdSpec):
            raise TypeError(f"spec must be a ThresholdSpec, not {spec!r}")
        self._spec, self._constants = spec, constants
        terms = spec.count + 1
        if constants is not None:
            self._check(*constants)
            bits, base = self._constant_terms(Signal(shape_of(spec.source)))
            terms = max(1, len(bits) + (base != 0))
        super().__init__(shape_of(spec.source), shape_of(spec.target),
                         None if constants else _fields(spec))
        self.latency = 1 + tree_depth(terms)

    def _check(self, thresholds: tuple[int, ...], steps: tuple[int, ...], base: int) -> None:
        if not len(thresholds) == len(steps) == self._spec.count:
            raise ValueError(f"constants must hold {self._spec.count} thresholds and steps, not "
                             f"{len(thresholds)} and {len(steps)}")
        if not all(-1 <= step <= 1 for step in steps):
            raise ValueError(f"steps must be -1, 0 or 1, not {steps!r}")

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        if self._constants is None:
            terms = [self.parameters.base, *self._terms(self.i, self.parameters)]
        else:
            terms, base = self._constant_terms(self.i)
            terms = [Const(base), *terms] if base or not terms else terms
        held = [registered(m, term, enable=self.enable, name=f"term_{k}")
                for k, term in enumerate(terms)]
        m.d.comb += self.o.eq(adder_tree(m, held, enable=self.enable, name="sum"))
        return m

    def _terms(self, acc: Value, parameters: Any) -> list[Value]:
        terms = []
        for k in range(self._spec.count):
            reached = acc >= parameters.thresholds[k]
            terms.append(Mux(reached, parameters.steps[k], 0) if self._spec.signed_steps
                         else reached)
        return terms

    def _constant_terms(self, acc: Value) -> tuple[list[Value], int]:
        """A bit for each threshold within reach, and the constant to add to their sum."""
        source = self._spec.source
        thresholds, steps, base = self._constants
        terms: list[Value] = []
        for threshold, step in zip(thresholds, steps, strict=True):
            if threshold <= source.min:
                base += step
            elif threshold <= source.max and step:
                reached = exceeds(acc, threshold - 1)
                # A falling step is one that is there until the threshold.
                terms.append(reached if step > 0 else ~reached)
                base -= step < 0
        return terms, base
