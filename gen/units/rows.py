"""What units that work on rows have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, model_validator

from sw_model.formats import Format
from sw_model.graph import Graph, build
from sw_model.node import Node, Tensor

from ..spec.models import MAX_SIZE
from .base import UnitParameters, vector_shape

__all__ = ["RowParameters"]

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
        """The network of a node from ``x`` to ``y``."""
        x = Tensor("x", vector_shape(self.vectors, self.length), source)
        ((shape, target),) = node.infer([x, *constants])
        return build(name, [x, *constants, Tensor("y", shape, target)], [node], ["x"], ["y"])
