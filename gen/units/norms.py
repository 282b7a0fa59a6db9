"""Normalisations of rows as units."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sw_model.formats import FixedFormat, Format, IntFormat
from sw_model.graph import Graph
from sw_model.node import Tensor
from sw_model.ops import IntegerLayerNorm, L1Norm, L2Norm, LayerNorm, RmsNorm
from sw_model.specs import (
    IntegerLayerNormSpec,
    L1NormSpec,
    L2NormSpec,
    LayerNormSpec,
    NormSpec,
    RmsNormSpec,
)

from ..spec.fields import NumberFormat, Values
from ..spec.values import RandomNumbers
from .base import Note, find_codes
from .rows import RowParameters

__all__ = ["IntegerLayerNormParameters", "L1NormParameters", "L2NormParameters",
           "LayerNormParameters", "RmsNormParameters"]

class _Norm(RowParameters):
    """What norms with gain and bias have in common."""

    #: The operation, its spec, and the power of the scale that epsilon is of.
    OPERATION: ClassVar[type[Any]]
    SPEC: ClassVar[type[NormSpec]]
    POWER: ClassVar[int] = 2

    source: NumberFormat = Field(IntFormat(8), description="Format of the elements.")
    target: NumberFormat = Field(FixedFormat(16, 12), description="Format of the results.")
    scale: float = Field(1.0, gt=0, description="Real size of the source's unit, for epsilon.")
    epsilon: float = Field(0.0, ge=0, description="Added to what is divided by, in reals.")
    gain: Values = Field(RandomNumbers(1), description=(
        "Factor of each channel, in units of 2**-gain_fraction."))
    gain_fraction: int = Field(14, ge=0, le=24, description="Fraction bits of the gain.")
    bias: Values | None = Field(None, description=(
        "Added to the result of each channel, in its own unit."))

    def network(self, name: str, note: Note) -> Graph | None:
        shapes = [(self.length,), (1,)]
        gain = find_codes(note, "gain", self.gain, shapes, None, default=IntFormat(16))
        bias = None if self.bias is None else find_codes(
            note, "bias", self.bias, shapes, None, default=IntFormat(8))
        if gain is None or (bias is None) != (self.bias is None):
            return None
        constants = [("gain", gain), *(() if bias is None else (("bias", bias),))]
        return self.attempt(note, "source", lambda: self._network(name, constants))

    def _network(self, name: str, constants: list[tuple[str, tuple[NDArray[Any], Format]]]
                 ) -> Graph:
        formats: dict[str, Any] = {key: form for key, (_, form) in constants}
        spec = self.fitting(lambda epsilon, scale: self.SPEC(
            source=self.source, target=self.target, longest=self.length,
            epsilon=NormSpec.folded(epsilon, scale, power=self.POWER),
            gain_fraction=self.gain_fraction, **formats), "epsilon", "scale")
        tensors = [Tensor(key, codes.shape, form, value=codes)
                   for key, (codes, form) in constants]
        node = self.OPERATION(name=name, inputs=("x", *formats), outputs=("y",), spec=spec)
        return self.of_node(name, node, self.source, tensors)


class RmsNormParameters(_Norm):
    """Parameters of ``rms_norm``."""

    summary: ClassVar[str] = (
        "gain * x / sqrt(mean(x**2) + epsilon) + bias of each row: a division and a reciprocal "
        "square root for each row.")
    paper: ClassVar[str] = "Zhang and Sennrich, Root mean square layer normalization, NeurIPS 2019"
    OPERATION, SPEC = RmsNorm, RmsNormSpec


class LayerNormParameters(_Norm):
    """Parameters of ``layer_norm``."""

    summary: ClassVar[str] = (
        "gain * (x - mean) / sqrt(variance + epsilon) + bias of each row, mean and variance "
        "exact.")
    paper: ClassVar[str] = "Ba, Kiros and Hinton, Layer normalization, 2016 (arXiv 1607.06450)"
    OPERATION, SPEC = LayerNorm, LayerNormSpec


class L1NormParameters(_Norm):
    """Parameters of ``l1_norm``."""

    summary: ClassVar[str] = (
        "gain * (x - mean) / (mean(abs(x - mean)) + epsilon) + bias of each row: no square, no "
        "root.")
    paper: ClassVar[str] = "ShiftQuant, L1 normalisation (arXiv 2411.05282)"
    OPERATION, SPEC, POWER = L1Norm, L1NormSpec, 1


class L2NormParameters(RowParameters):
    """Parameters of ``l2_norm``."""

    summary: ClassVar[str] = (
        "x / sqrt(sum(x**2)) of int8 rows in units of 1/128, bit for bit as TensorFlow Lite's "
        "L2_NORMALIZATION.")
    paper: ClassVar[str] = "TensorFlow Lite, reference/integer_ops/l2normalization.h"

    zero_point: int = Field(0, ge=-128, le=127, description="The code that stands for zero.")

    def network(self, name: str, note: Note) -> Graph | None:
        def made() -> Graph:
            spec = L2NormSpec(zero_point=self.zero_point, longest=self.length)
            node = L2Norm(name=name, inputs=("x",), outputs=("y",), spec=spec)
            return self.of_node(name, node, spec.source, [])

        return self.attempt(note, "length", made)


class IntegerLayerNormParameters(RowParameters):
    """Parameters of ``integer_layer_norm``."""

    summary: ClassVar[str] = (
        "(x - mean) * (2**31 - 1) / sqrt(sum((x - mean)**2)) / 2 + bias of each row, with the "
        "exact root in place of the published one.")
    paper: ClassVar[str] = "Li and Gu, I-ViT, ICCV 2023 (arXiv 2207.01405), section 3.4"

    source: NumberFormat = Field(IntFormat(8), description="Format of the elements.")
    bias: Values = Field(RandomNumbers(1), description=(
        "Added to the result of each channel, in its own unit."))

    def network(self, name: str, note: Note) -> Graph | None:
        bias = find_codes(note, "bias", self.bias, [(self.length,), (1,)], None,
                          default=IntFormat(31))
        if bias is None:
            return None
        codes, form = bias

        def made() -> Graph:
            spec = IntegerLayerNormSpec(source=self.source, longest=self.length,
                                        bias=form)  # type: ignore[arg-type]
            node = IntegerLayerNorm(name=name, inputs=("x", "bias"), outputs=("y",), spec=spec)
            return self.of_node(name, node, self.source, [
                Tensor("bias", codes.shape, form, value=np.asarray(codes))])

        return self.attempt(note, "source", made)
