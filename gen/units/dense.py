"""The folded dense layer as a unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from hw.pe import CONSTANT_KINDS, PE_KINDS
from sw_model.formats import IntFormat
from sw_model.graph import Graph, build
from sw_model.node import Tensor

from ..spec.fields import Bias, NumberFormat, OneOf, Weights
from ..spec.models import MAX_SIZE, MEMORIES
from .base import Note, UnitParameters, vector_shape
from .product import product

__all__ = ["DenseParameters"]


class DenseParameters(UnitParameters):
    """Parameters of ``dense``."""

    summary: ClassVar[str] = (
        "Matrix-vector product: rows x lanes processing elements serve a matrix of any size in "
        "ceil(outputs/rows) * ceil(inputs/lanes) cycles. With rows = outputs and lanes = inputs "
        "it is a plain array of multiply-accumulators.")
    paper: ClassVar[str] = (
        "Umuroglu et al., FINN: A Framework for Fast, Scalable Binarized Neural Network "
        "Inference, FPGA 2017 (PE and SIMD folding)")
    variants: ClassVar[tuple[str, tuple[str, ...]]] = ("pe", (*PE_KINDS, *CONSTANT_KINDS))

    inputs: int = Field(ge=1, le=MAX_SIZE, description="Columns of the matrix.")
    outputs: int = Field(ge=1, le=MAX_SIZE, description="Rows of the matrix.")
    activations: NumberFormat = Field(IntFormat(8), description="Format of the inputs.")
    zero_point: int = Field(0, description="The input code that stands for zero.")
    weights: Weights = Field(IntFormat(8), description=(
        "Matrix of outputs x inputs. A format alone means random weights of seed 1."))
    weight_format: NumberFormat | None = Field(None, description=(
        "Format of the weights; by default the narrowest that holds them, int8 for "
        "`random(seed)`."))
    bias: Bias | None = Field(None, description="One integer for each output, added to the sum.")
    bias_format: NumberFormat | None = Field(None, description=(
        "Format of the bias; by default the narrowest that holds it, int8 for `random(seed)`."))
    pe: Annotated[str, OneOf("auto", *PE_KINDS, *CONSTANT_KINDS)] = Field(
        "auto", description="Kind of processing element, or of constant matrix: adders to grouped "
                            "make logic of the weights, and take whole vectors. auto is "
                            "parallel.")
    rows: int | None = Field(None, ge=1, description=(
        "Processing elements; by default what the target allows."))
    lanes: int | None = Field(None, ge=1, description=(
        "Columns that each processing element takes at once; by default what the target "
        "allows."))
    memory: Annotated[str, OneOf(*MEMORIES)] = Field("auto", description=(
        "Where the weights live: in block RAM, in LUT RAM, or where synthesis likes."))

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for name, limit, of in (("rows", self.outputs, "outputs"),
                                ("lanes", self.inputs, "inputs")):
            if (value := getattr(self, name)) is not None and value > limit:
                raise ValueError(f"{name} must be at most {of}, {limit}, not {value}")
        low, high = self.activations.fixed_min, self.activations.fixed_max
        if not low <= self.zero_point <= high:
            raise ValueError(f"zero_point must be a code of {self.activations}, {low} to {high}, "
                             f"not {self.zero_point}")
        return self

    def network(self, name: str, note: Note) -> Graph | None:
        x = Tensor("x", vector_shape(self.vectors, self.inputs), self.activations,
                   zero_point=self.zero_point)
        made = product(self, name, x, "y", note)
        if made is None:
            return None
        tensors, node = made
        return build(name, [x, *tensors], [node], ["x"], ["y"])

    def choices(self) -> Mapping[str, Any]:
        fields = {"rows": self.rows, "lanes": self.lanes, "memory": self.memory}
        if self.pe != "auto":
            fields["pe"] = self.pe
        return {name: value for name, value in fields.items() if value is not None}
