"""Staircases by comparators, all thresholds of a channel at once."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Mux, Signal, Value, signed
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout, StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.specs import ThresholdSpec

from ..arith.adder_tree import adder_tree, tree_depth
from ..arith.clamp import exceeds
from ..arith.registered import registered
from ..shapes import shape_of, vector_of
from ..streams.pipeline import stalling_pipeline

__all__ = ["ParallelThreshold"]


class ParallelThreshold(wiring.Component):
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

    #: Cycles between two words.
    interval = 1

    def __init__(self, spec: ThresholdSpec, lanes: int,
                 constants: tuple[tuple[int, ...], tuple[int, ...], int] | None = None) -> None:
        if not isinstance(spec, ThresholdSpec):
            raise TypeError(f"spec must be a ThresholdSpec, not {spec!r}")
        self._spec, self._lanes, self._constants = spec, lanes, constants
        members: dict[str, Any] = {
            "i": In(stream.Signature(vector_of(spec.source, lanes))),
            "o": Out(stream.Signature(vector_of(spec.target, lanes))),
        }
        if constants is None:
            members["parameters"] = In(stream.Signature(self.parameter_layout(spec, lanes)))
        else:
            thresholds, steps, _ = constants
            if not len(thresholds) == len(steps) == spec.count:
                raise ValueError(f"constants must hold {spec.count} thresholds and steps, not "
                                 f"{len(thresholds)} and {len(steps)}")
            if not all(-1 <= step <= 1 for step in steps):
                raise ValueError(f"steps must be -1, 0 or 1, not {steps!r}")
        super().__init__(members)

    @staticmethod
    def parameter_layout(spec: ThresholdSpec, lanes: int) -> ArrayLayout:
        """Payload of ``parameters``, for each lane: ``thresholds`` if there are any, ``steps``
        if they are signed, and ``base``, the result below all thresholds."""
        fields: dict[str, Any] = {}
        if spec.count:
            fields["thresholds"] = ArrayLayout(shape_of(spec.threshold), spec.count)
            if spec.signed_steps:
                fields["steps"] = ArrayLayout(signed(2), spec.count)
        return ArrayLayout(StructLayout(fields | {"base": shape_of(spec.target)}), lanes)

    @property
    def spec(self) -> ThresholdSpec:
        return self._spec

    @property
    def lanes(self) -> int:
        return self._lanes

    @property
    def latency(self) -> int:
        """Cycles from taking a word to offering its result."""
        if self._constants is None:
            return 1 + tree_depth(self._spec.count + 1)
        terms, base = self._constant_terms(Signal(shape_of(self._spec.source)))
        return 1 + tree_depth(max(1, len(terms) + (base != 0)))

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        streams = [self.i] if self._constants is not None else [self.i, self.parameters]
        enable = stalling_pipeline(m, streams, self.o, depth=self.latency)
        for lane in range(self._lanes):
            m.submodules[f"lane_{lane}"] = self._lane(lane, enable)
        return m

    def _lane(self, lane: int, enable: Value) -> Module:
        m = Module()
        acc = self.i.payload[lane]
        if self._constants is None:
            parameters = self.parameters.payload[lane]
            terms = [parameters.base, *self._terms(acc, parameters)]
        else:
            terms, base = self._constant_terms(acc)
            terms = [Const(base), *terms] if base or not terms else terms
        held = [registered(m, term, enable=enable, name=f"term_{k}")
                for k, term in enumerate(terms)]
        m.d.comb += self.o.payload[lane].eq(adder_tree(m, held, enable=enable, name="sum"))
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
