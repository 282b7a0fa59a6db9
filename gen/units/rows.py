"""What units that work on rows have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from sw_model.formats import Format, IntFormat
from sw_model.graph import Graph, build
from sw_model.node import Node, Tensor
from sw_model.ops import AbsMaxQuantise, SeededSample, TopK
from sw_model.specs import AbsMaxSpec, SamplerSpec, TopKSpec

from ..spec.fields import NumberFormat
from ..spec.models import MAX_SIZE
from .base import IntegerFormat, Note, UnitParameters, Wrong, vector_shape

__all__ = ["AbsMaxParameters", "RowParameters", "SamplerParameters", "TopKParameters"]

LANES = "Elements served at once; by default what the target allows."


class RowParameters(UnitParameters):
    """What units of rows have in common."""

    length: int = Field(64, ge=1, le=MAX_SIZE, description="Elements of a row.")
    lanes: int | None = Field(None, ge=1, description=LANES)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.lanes is not None and self.lanes > self.length:
            raise ValueError(f"lanes must be at most length, {self.length}, not {self.lanes}")
        return self

    def choices(self) -> Mapping[str, Any]:
        return {} if self.lanes is None else {"lanes": self.lanes}

    def of_node(self, name: str, node: Node, source: Format, constants: list[Tensor]) -> Graph:
        """The network of a node from ``x``."""
        x = Tensor("x", vector_shape(self.vectors, self.length), source)
        made = [Tensor(key, *each) for key, each in zip(
            node.outputs, node.infer([x, *constants]), strict=True)]
        return build(name, [x, *constants, *made], [node], ["x"], list(node.outputs))


class TopKParameters(RowParameters):
    """Parameters of ``top_k``."""

    summary: ClassVar[str] = (
        "The largest elements of each row, largest first, and their places; of equal ones the "
        "lower place first.")
    paper: ClassVar[str] = "Knuth, The art of computer programming 3, section 5.2.1 (insertion)"

    k: int = Field(4, ge=1, le=MAX_SIZE, description="How many.")
    source: NumberFormat = Field(IntFormat(16), description="Format of the elements.")

    def network(self, name: str, note: Note) -> Graph | None:
        return self.attempt(note, "k", lambda: self.of_node(
            name, TopK(name=name, inputs=("x",), outputs=("y", "places"), k=self.k), self.source,
            []))


class SamplerParameters(RowParameters):
    """Parameters of ``sampler``."""

    summary: ClassVar[str] = (
        "The place of one element of each row, drawn by its softmax weight from the `k` largest "
        "and from those that make the part `top_p` of all weights: a xorshift generator, which "
        "begins with its seed and advances once for each row.")
    paper: ClassVar[str] = "Marsaglia, Xorshift RNGs, Journal of Statistical Software 8(14), 2003"

    source: IntegerFormat = Field(IntFormat(8), description="Format of the elements, integers.")
    k: int = Field(4, ge=1, le=MAX_SIZE, description="Elements that may be drawn; 1 is greedy.")
    scale: float = Field(0.0625, gt=0, description="Real size of the source's unit.")
    temperature: float = Field(1.0, gt=0, description="What elements are divided by.")
    top_p: float = Field(1.0, ge=0, le=1, description=(
        "The part of all weights that what may be drawn makes, in units of 2**-16."))
    seed: int = Field(1, ge=1, le=2**32 - 1, description="The generator's state after reset.")

    def network(self, name: str, note: Note) -> Graph | None:
        def made() -> Graph:
            spec = SamplerSpec(top=TopKSpec(source=self.source, k=self.k, longest=self.length))
            return self.of_node(name, SeededSample(
                name=name, inputs=("x",), outputs=("y",), spec=spec,
                multiplier=self.fitting(spec.multiplier, "scale", "temperature"),
                part=round(self.top_p * 2**SamplerSpec.PART_BITS), seed=self.seed), self.source,
                [])

        return self.attempt(note, "scale", made)


class AbsMaxParameters(RowParameters):
    """Parameters of ``absmax_quantise``."""

    summary: ClassVar[str] = (
        "round(x * most / peak) of each row, peak its largest magnitude, half to even and exact: "
        "quantisation by token. Peaks leave beside the codes.")
    paper: ClassVar[str] = "Wang et al., BitNet, 2023 (arXiv 2310.11453), section 2.1"

    source: NumberFormat = Field(IntFormat(16), description=(
        "Format of the elements, integers or fixed point."))
    target: IntegerFormat = Field(IntFormat(8), description="Format of the codes, signed.")

    def network(self, name: str, note: Note) -> Graph | None:
        def made() -> Graph:
            if self.target.width < 2:
                raise Wrong("target", f"must have at least 2 bits, not {self.target.width}")
            spec = AbsMaxSpec(self.source, self.target)  # type: ignore[arg-type]
            return self.of_node(name, AbsMaxQuantise(
                name=name, inputs=("x",), outputs=("y", "peaks"), spec=spec), self.source, [])

        return self.attempt(note, "source", made)
