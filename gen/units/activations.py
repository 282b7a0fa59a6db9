"""Activations as units: GELU, SiLU, and TensorFlow Lite's."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from sw_model.formats import Format, IntFormat
from sw_model.graph import Graph
from sw_model.node import Node, Tensor
from sw_model.ops import (
    HardSigmoid,
    HardSwish,
    IntegerGelu,
    ShiftGelu,
    Sigmoid,
    Swish,
    Table,
    logistic_table,
    tanh_table,
)
from sw_model.specs import (
    HardSigmoidSpec,
    HardSwishSpec,
    IntegerGeluSpec,
    ShiftGeluSpec,
    SigmoidSpec,
    SwishSpec,
)

from ..spec.fields import NumberFormat, OneOf
from .base import IntegerFormat, Note, Wrong
from .functions import FunctionParameters
from .rows import RowParameters

__all__ = ["HardSigmoidParameters", "HardSwishParameters", "IntegerGeluParameters",
           "ShiftGeluParameters", "SigmoidParameters", "SwishParameters"]

INT8 = IntFormat(8)
PORTS: dict[str, Any] = {"inputs": ("x",), "outputs": ("y",)}


class ShiftGeluParameters(RowParameters):
    """Parameters of ``shift_gelu``."""

    summary: ClassVar[str] = (
        "GELU of rows as I-ViT publishes it: a sigmoid of shifts, relative to each row's largest "
        "element; `swish` is its repair.")
    paper: ClassVar[str] = "Li and Gu, I-ViT, ICCV 2023 (arXiv 2207.01405), section 3.3"

    source: IntegerFormat = Field(INT8, description="Format of the elements, signed integers.")
    scale: float = Field(4 / 127, gt=0, description="Real size of the source's unit.")
    numerator_bits: int = Field(31, ge=1, le=62, description=(
        "Of what is divided by the sum: 31 as published, 40 leaves a tenth of the error."))

    def network(self, name: str, note: Note) -> Graph | None:
        def made() -> Graph:
            spec = self.fitting(lambda scale: ShiftGeluSpec.of_scale(
                self.source, scale,  # type: ignore[arg-type]
                numerator_bits=self.numerator_bits), "scale")
            return self.of_node(name, ShiftGelu(name=name, **PORTS, spec=spec), self.source, [])

        return self.attempt(note, "source", made)


class SwishParameters(FunctionParameters):
    """Parameters of ``swish``."""

    summary: ClassVar[str] = (
        "x * sigmoid(slope * x): SiLU, or GELU with a slope of 1.702, by an exponential and a "
        "reciprocal of each element.")
    paper: ClassVar[str] = "Hendrycks and Gimpel, Gaussian error linear units, 2016 (1606.08415)"
    variants: ClassVar[tuple[str, tuple[str, ...]]] = ("function", ("silu", "gelu"))

    function: Annotated[str, OneOf("silu", "gelu")] = Field("silu", description="Which.")
    source: NumberFormat = Field(INT8, description="Format of x, signed.")
    scale: float = Field(4 / 127, gt=0, description="Real size of the source's unit.")
    fraction: int = Field(15, ge=4, le=24, description=(
        "Fraction bits of exponential and sigmoid, and so of the result."))
    index_bits: int = Field(5, ge=1, le=12, description=(
        "The exponential's table has 2**index_bits + 1 entries."))

    @property
    def given(self) -> Format:
        return self.source

    def node(self, name: str) -> tuple[Node, list[Tensor]]:
        make = SwishSpec.gelu if self.function == "gelu" else SwishSpec.silu
        return Swish(name=name, **PORTS, spec=self.fitting(lambda scale: make(
            self.source, scale, fraction=self.fraction, index_bits=self.index_bits), "scale")), []


class IntegerGeluParameters(FunctionParameters):
    """Parameters of ``integer_gelu``."""

    summary: ClassVar[str] = "GELU by a parabola in place of the error function: I-BERT's i-GELU."
    paper: ClassVar[str] = "Kim et al., I-BERT, ICML 2021 (arXiv 2101.01321), section 3.4"

    source: IntegerFormat = Field(INT8, description="Format of x, signed integers.")
    scale: float = Field(4 / 127, gt=0, description="Real size of the source's unit.")
    shift: int = Field(0, ge=0, le=32, description=(
        "Bits that the error function drops; 14 as published, for accumulators."))

    @property
    def given(self) -> Format:
        return self.source

    def node(self, name: str) -> tuple[Node, list[Tensor]]:
        spec = self.fitting(lambda scale: IntegerGeluSpec.of_scale(
            self.source, scale, self.shift), "scale")  # type: ignore[arg-type]
        return IntegerGelu(name=name, **PORTS, spec=spec), []


class _Scaled(FunctionParameters):
    """What TensorFlow Lite's activations of int8 codes have in common."""

    scale_in: float = Field(0.05, gt=0, description="Of the codes.")
    scale_out: float = Field(0.05, gt=0, description="Of the results.")
    zero_in: int = Field(0, ge=-128, le=127, description="Code of 0.")
    zero_out: int = Field(0, ge=-128, le=127, description="Code of 0 of the results.")

    @property
    def given(self) -> Format:
        return INT8

    def settings(self) -> dict[str, Any]:
        """What their specs are made from besides scales."""
        return {"zero_in": self.zero_in, "zero_out": self.zero_out}


class HardSwishParameters(_Scaled):
    """Parameters of ``hard_swish``."""

    summary: ClassVar[str] = (
        "x * relu6(x + 3) / 6 of int8 codes, bit for bit as TensorFlow Lite's: a table.")
    paper: ClassVar[str] = "TensorFlow Lite, reference/hard_swish.h"

    def node(self, name: str) -> tuple[Node, list[Tensor]]:
        spec = self.fitting(lambda **scales: HardSwishSpec.of(**scales, **self.settings()),
                            "scale_in", "scale_out")
        return HardSwish(name=name, **PORTS, spec=spec), []


class HardSigmoidParameters(_Scaled):
    """Parameters of ``hard_sigmoid``."""

    summary: ClassVar[str] = "max(0, min(1, alpha * x + beta)) of int8 codes: a table."
    paper: ClassVar[str] = "ONNX, HardSigmoid"

    scale_out: float = Field(1 / 256, gt=0, description="Of the results.")
    zero_out: int = Field(-128, ge=-128, le=127, description="Code of 0 of the results.")
    alpha: float = Field(0.2, description="The slope.")
    beta: float = Field(0.5, description="The value at 0.")

    def node(self, name: str) -> tuple[Node, list[Tensor]]:
        spec = self.fitting(lambda **reals: HardSigmoidSpec.of(
            INT8, INT8, **reals, **self.settings()), "alpha", "beta", "scale_in", "scale_out")
        return HardSigmoid(name=name, **PORTS, spec=spec), []


class SigmoidParameters(FunctionParameters):
    """Parameters of ``sigmoid``."""

    summary: ClassVar[str] = (
        "Logistic function or hyperbolic tangent, bit for bit as TensorFlow Lite's: a complete "
        "table of int8 codes, an interpolated one of int16 codes.")
    paper: ClassVar[str] = "TensorFlow Lite, reference/integer_ops/logistic.h, tanh.h"
    variants: ClassVar[tuple[str, tuple[str, ...]]] = ("function", ("logistic", "tanh"))

    function: Annotated[str, OneOf("logistic", "tanh")] = Field("logistic", description="Which.")
    source: NumberFormat = Field(INT8, description="Format of codes and results: int8 or int16.")
    scale: float = Field(0.05, gt=0, description="Of the codes.")
    zero_point: int = Field(0, description="Code of 0; 0 for int16.")

    @property
    def given(self) -> Format:
        return self.source

    def node(self, name: str) -> tuple[Node, list[Tensor]]:
        tanh = self.function == "tanh"
        if self.source == INT8:
            made = (tanh_table if tanh else logistic_table)(self.scale, self.zero_point)
            entries = np.asarray(made).reshape(1, -1)
            return Table(name=name, inputs=("x", "entries"), outputs=("y",), format=INT8), [
                Tensor("entries", entries.shape, INT8, value=entries)]
        if self.source != IntFormat(16):
            raise Wrong("source", f"must be int8 or int16, not {self.source}")
        if self.zero_point:
            raise Wrong("zero_point", f"must be 0 for int16, not {self.zero_point}")
        spec = SigmoidSpec.of(self.scale, tanh=tanh)
        return Sigmoid(name=name, **PORTS, spec=spec), []
