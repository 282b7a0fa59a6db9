"""What units that work on rows have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from sw_model.formats import Format, IntFormat
from sw_model.graph import Graph, build
from sw_model.node import Node, Tensor
from sw_model.ops import AbsMaxQuantise, TopK
from sw_model.specs import AbsMaxSpec

from ..spec.fields import NumberFormat
from ..spec.models import MAX_SIZE
from .base import Note, UnitParameters, attempt, vector_shape

__all__ = ["AbsMaxParameters", "RowParameters", "TopKParameters"]

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
        return attempt(note, "k", lambda: self.of_node(
            name, TopK(name=name, inputs=("x",), outputs=("y", "places"), k=self.k), self.source,
            []))


class AbsMaxParameters(RowParameters):
    """Parameters of ``absmax_quantise``."""

    summary: ClassVar[str] = (
        "round(x * most / peak) of each row, peak its largest magnitude, half to even and exact: "
        "quantisation by token. Peaks leave beside the codes.")
    paper: ClassVar[str] = "Wang et al., BitNet, 2023 (arXiv 2310.11453), section 2.1"

    source: NumberFormat = Field(IntFormat(16), description="Format of the elements, integers.")
    target: NumberFormat = Field(IntFormat(8), description="Format of the codes, signed.")

    def network(self, name: str, note: Note) -> Graph | None:
        def made() -> Graph:
            spec = AbsMaxSpec(self.source, self.target)  # type: ignore[arg-type]
            return self.of_node(name, AbsMaxQuantise(
                name=name, inputs=("x",), outputs=("y", "peaks"), spec=spec), self.source, [])

        return attempt(note, "source", made)
