"""Sums, products and scales of codes, and gated products, as units."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Self, TypeVar

import numpy as np
from pydantic import Field, model_validator

from sw_model.formats import FixedFormat, Format, IntFormat, covering
from sw_model.graph import Graph, build
from sw_model.node import Node, Tensor
from sw_model.ops import Add, GatedProduct, Multiply, Requantise
from sw_model.specs import (
    AddSpec,
    DeltaTableSpec,
    GatedProductSpec,
    MultiplySpec,
    RequantiseSpec,
)
from sw_model.tables import DELTAS, delta_entries

from ..spec.fields import NumberFormat, OneOf
from ..spec.models import MAX_SIZE
from .base import IntegerFormat, Note, UnitParameters, vector_shape
from .functions import FunctionParameters

__all__ = ["AddParameters", "GatedProductParameters", "MultiplyParameters",
           "RequantiseParameters", "TwoOperandParameters"]

LANES = "Elements served at once; by default what the target allows."
ACTIVATION = "What is done to the result: TensorFlow Lite's fused activations."
TFLITE = "TensorFlow Lite, reference/integer_ops"
INT8 = IntFormat(8)

T = TypeVar("T")

Activation = Annotated[str, OneOf("none", "relu", "relu6", "relu_n1_to_1")]


class TwoOperandParameters(UnitParameters):
    """What units of two tensors have in common."""

    #: The parameter that a fault of several is said of.
    blamed: ClassVar[str] = "target"

    channels: int = Field(16, ge=1, le=MAX_SIZE, description="Elements of a vector.")
    lanes: int | None = Field(None, ge=1, description=LANES)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.lanes is not None and self.lanes > self.channels:
            raise ValueError(f"lanes must be at most channels, {self.channels}, not {self.lanes}")
        return self

    def choices(self) -> Mapping[str, Any]:
        return {} if self.lanes is None else {"lanes": self.lanes}

    @abstractmethod
    def node(self, name: str) -> tuple[Node, tuple[Format, Format], list[Tensor]]:
        """The node from ``a`` and ``b`` to ``y``, their formats, and its constants."""

    def network(self, name: str, note: Note) -> Graph | None:
        def made() -> Graph:
            node, formats, constants = self.node(name)
            shape = vector_shape(self.vectors, self.channels)
            tensors = [*(Tensor(key, shape, form) for key, form in zip("ab", formats,
                                                                      strict=True)), *constants]
            ((_, target),) = node.infer(tensors)
            return build(name, [*tensors, Tensor("y", shape, target)], [node], ["a", "b"], ["y"])

        return self.attempt(note, self.blamed, made)


class _TfliteOperands(TwoOperandParameters):
    """What TensorFlow Lite's sums and products have in common."""

    blamed: ClassVar[str] = "format"
    renamed: ClassVar[Mapping[str, str]] = {"zero_0": "zero_a", "zero_1": "zero_b"}

    format: IntegerFormat = Field(INT8, description="Of operands and result: int8 or int16.")
    scale_a: float = Field(1 / 16, gt=0, description="Of the first operand.")
    scale_b: float = Field(1 / 32, gt=0, description="Of the second operand.")
    scale_out: float = Field(1 / 12, gt=0, description="Of the result.")
    zero_a: int = Field(0, description="Code of 0 of the first operand.")
    zero_b: int = Field(0, description="Code of 0 of the second operand.")
    zero_out: int = Field(0, description="Code of 0 of the result.")
    activation: Activation = Field("none", description=ACTIVATION)

    def spec_of(self, make: Callable[..., T], **more: Any) -> T:
        """The spec that ``make`` makes of the parameters."""
        return self.fitting(lambda scale_a, scale_b, scale_out: make(
            format=self.format, scale_0=scale_a, scale_1=scale_b, scale_out=scale_out,
            zero_0=self.zero_a, zero_1=self.zero_b, zero_out=self.zero_out,
            activation=self.activation, **more), "scale_a", "scale_b", "scale_out")

    def ports(self, name: str) -> dict[str, Any]:
        """Name and tensors of the node."""
        return {"name": name, "inputs": ("a", "b"), "outputs": ("y",)}


class AddParameters(_TfliteOperands):
    """Parameters of ``add``."""

    summary: ClassVar[str] = (
        "The sum or difference of two tensors of codes, bit for bit as TensorFlow Lite's.")
    paper: ClassVar[str] = f"{TFLITE}/add.h, sub.h"
    variants: ClassVar[tuple[str, tuple[str, ...]]] = ("operation", ("add", "subtract"))

    operation: Annotated[str, OneOf("add", "subtract")] = Field("add", description="Which.")

    def node(self, name: str) -> tuple[Node, tuple[Format, Format], list[Tensor]]:
        spec = self.spec_of(AddSpec.of, subtract=self.operation == "subtract")
        return Add(**self.ports(name), spec=spec), (self.format, self.format), []


class MultiplyParameters(_TfliteOperands):
    """Parameters of ``multiply``."""

    summary: ClassVar[str] = (
        "The product of two tensors of codes, element by element, bit for bit as TensorFlow "
        "Lite's.")
    paper: ClassVar[str] = f"{TFLITE}/mul.h"

    def node(self, name: str) -> tuple[Node, tuple[Format, Format], list[Tensor]]:
        spec = self.spec_of(MultiplySpec.of)
        return Multiply(**self.ports(name), spec=spec), (self.format, self.format), []


class GatedProductParameters(TwoOperandParameters):
    """Parameters of ``gated_product``."""

    summary: ClassVar[str] = (
        "gate(a) * b, rescaled: SwiGLU and GEGLU with a table of SiLU or GELU, or a plain "
        "product.")
    paper: ClassVar[str] = "Shazeer, GLU variants improve transformer, 2020 (arXiv 2002.05202)"
    variants: ClassVar[tuple[str, tuple[str, ...]]] = ("gate", ("silu", "gelu", "none"))

    gate: Annotated[str, OneOf("silu", "gelu", "none")] = Field("silu", description=(
        "Function of the first operand."))
    a: NumberFormat = Field(FixedFormat(12, 8), description="Format of the first operand.")
    b: NumberFormat = Field(INT8, description="Format of the second.")
    target: NumberFormat = Field(INT8, description="Format of the result.")
    b_scale: float = Field(1 / 16, gt=0, description="Real size of the second's unit.")
    target_scale: float = Field(1 / 16, gt=0, description="Real size of the result's unit.")
    step_bits: int = Field(4, ge=0, le=12, description=(
        "Entries of the gate's table are 2**-step_bits apart."))
    fraction: int = Field(12, ge=1, le=30, description="Fraction bits of the entries.")

    def node(self, name: str) -> tuple[Node, tuple[Format, Format], list[Tensor]]:
        spec: DeltaTableSpec | None = None
        constants: list[Tensor] = []
        if self.gate in DELTAS:
            entries = np.array(delta_entries(self.gate, self.step_bits, self.fraction))
            form = covering(0, int(entries.max()))
            spec = DeltaTableSpec(source=self.a, step_bits=self.step_bits,
                                  fraction=self.fraction, entries=len(entries))
            constants.append(Tensor("entries", entries.shape, form, value=entries))
        node = GatedProduct(
            name=name, inputs=("a", "b", *(t.name for t in constants)), outputs=("y",),
            spec=self.fitting(lambda **scales: GatedProductSpec.of_scales(
                spec, self.a, self.b, self.target, **scales), "b_scale", "target_scale"))
        return node, (self.a, self.b), constants


class RequantiseParameters(FunctionParameters):
    """Parameters of ``requantise``."""

    summary: ClassVar[str] = (
        "Codes of one scale as codes of another, with ReLU, ReLU6 or leaky ReLU on the way, bit "
        "for bit as TensorFlow Lite's.")
    paper: ClassVar[str] = f"{TFLITE}; reference/requantize.h, leaky_relu.h"
    variants: ClassVar[tuple[str, tuple[str, ...]]] = (
        "activation", ("none", "relu", "relu6", "relu_n1_to_1", "leaky_relu"))

    source: IntegerFormat = Field(INT8, description="Format of the codes: int8 or int16.")
    target: IntegerFormat = Field(INT8, description="Format of the results.")
    scale_in: float = Field(1 / 16, gt=0, description="Of the codes.")
    scale_out: float = Field(1 / 12, gt=0, description="Of the results.")
    zero_in: int = Field(0, description="Code of 0.")
    zero_out: int = Field(0, description="Code of 0 of the results.")
    activation: Annotated[str, OneOf("none", "relu", "relu6", "relu_n1_to_1", "leaky_relu")] = \
        Field("none", description="What is done on the way.")
    alpha: float = Field(0.1, description="Slope of leaky ReLU below 0.")

    @property
    def given(self) -> Format:
        return self.source

    def node(self, name: str) -> tuple[Node, list[Tensor]]:
        settings: dict[str, Any] = {"zero_in": self.zero_in, "zero_out": self.zero_out,
                                    "source": self.source, "target": self.target}
        if self.activation == "leaky_relu":
            spec = self.fitting(lambda **reals: RequantiseSpec.leaky_relu(
                **reals, **settings), "alpha", "scale_in", "scale_out")
        else:
            spec = self.fitting(lambda **scales: RequantiseSpec.between(
                activation=self.activation, **scales, **settings),
                "scale_in", "scale_out")
        return Requantise(name=name, inputs=("x",), outputs=("y",), spec=spec), []
