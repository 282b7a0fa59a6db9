"""Staircases, tables and the largest element as units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from sw_model.formats import Format, IntFormat, TernaryFormat, covering
from sw_model.functions import FUNCTIONS, RealFunction
from sw_model.graph import Graph, build
from sw_model.node import Tensor
from sw_model.ops import ArgMax, MultiThreshold, Table
from sw_model.specs import TableSpec

from ..spec.fields import NumberFormat, OneOf, Values
from ..spec.models import MAX_SIZE, MEMORIES
from ..spec.values import RandomNumbers
from .base import Note, UnitParameters, find_codes, vector_shape

__all__ = ["ArgMaxParameters", "TableParameters", "ThresholdParameters"]

LANES = "Elements served at once; by default what the target allows."
MEMORY = "Where its numbers live: in block RAM, in LUT RAM, or where synthesis likes."


class ThresholdParameters(UnitParameters):
    """Parameters of ``threshold``."""

    summary: ClassVar[str] = (
        "The number of thresholds that a sum reaches: any monotone quantiser of a few levels, "
        "whatever scale, bias, batch normalisation and activation it is made of.")
    paper: ClassVar[str] = (
        "Umuroglu et al., FINN: A Framework for Fast, Scalable Binarized Neural Network "
        "Inference, FPGA 2017, section 4.2.2")
    variants: ClassVar[tuple[str, tuple[str, ...]]] = ("search", ("parallel", "binary"))

    channels: int = Field(16, ge=1, le=MAX_SIZE, description="Elements of a vector.")
    source: NumberFormat = Field(IntFormat(16), description="Format of the sums.")
    target: NumberFormat = Field(IntFormat(2, signed=False), description=(
        "Format of the codes; its number of codes less one is the number of thresholds."))
    thresholds: Values = Field(RandomNumbers(1), description=(
        "Ascending rows, one for all channels or one for each."))
    falling: bool = Field(False, description="Whether codes fall from the greatest down.")
    search: Annotated[str, OneOf("parallel", "binary")] = Field("parallel", description=(
        "All comparisons at once, or a binary search with a stage for each bit."))
    lanes: int | None = Field(None, ge=1, description=LANES)
    memory: Annotated[str, OneOf(*MEMORIES)] = Field("auto", description=MEMORY)

    @property
    def count(self) -> int:
        """Thresholds of a channel."""
        return self.target.max - self.target.min

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.count > 1023:
            raise ValueError(f"target must have at most 1024 codes, not {self.count + 1}")
        return _lanes_fit(self, "channels")

    def network(self, name: str, note: Note) -> Graph | None:
        shape = vector_shape(self.vectors, self.channels)
        ends = covering(self.source.min, self.source.max + 1)
        found = find_codes(note, "thresholds", self.thresholds,
                           [(self.channels, self.count), (1, self.count)],
                           self.source if isinstance(self.thresholds, RandomNumbers) else ends,
                           default=self.source)
        if found is None:
            return None
        thresholds = found[0]
        if isinstance(self.thresholds, RandomNumbers):
            thresholds = np.sort(thresholds, axis=1)
        elif (np.diff(thresholds, axis=1) < 0).any():
            note("thresholds", "must ascend in every row")
            return None
        base = self.target.max if self.falling else self.target.min
        steps = np.full(thresholds.shape, -1 if self.falling else 1)
        tensors = [
            Tensor("x", shape, self.source), Tensor("y", shape, self.target),
            Tensor("thresholds", thresholds.shape, ends, value=thresholds),
            Tensor("steps", steps.shape, TernaryFormat(), value=steps),
            Tensor("base", (1,), self.target, value=np.array([base]))]
        node = MultiThreshold(name=name, inputs=("x", "thresholds", "steps", "base"),
                              outputs=("y",), format=self.target)
        return build(name, tensors, [node], ["x"], ["y"])

    def choices(self) -> Mapping[str, Any]:
        kind = {"binary": "binary_threshold", "parallel": "threshold"}[self.search]
        return {"kind": kind, "memory": self.memory} | _given_lanes(self.lanes)


class TableParameters(UnitParameters):
    """Parameters of ``table``."""

    summary: ClassVar[str] = "An entry for every code: any function of a narrow code."

    channels: int = Field(16, ge=1, le=MAX_SIZE, description="Elements of a vector.")
    source: NumberFormat = Field(IntFormat(8), description="Format of the codes that select.")
    target: NumberFormat = Field(IntFormat(8), description="Format of the entries.")
    entries: Values = Field(RandomNumbers(1), description=(
        "One row for all channels, or one for each; the first entry belongs to the smallest "
        "code. Random entries have one row."))
    function: Annotated[str, OneOf(*FUNCTIONS)] | None = Field(None, description=(
        "What the entries are of, rounded to the target, its ends beyond it; in place of "
        "`entries`."))
    lanes: int | None = Field(None, ge=1, description=LANES)
    memory: Annotated[str, OneOf(*MEMORIES)] = Field("auto", description=MEMORY)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.source.width > TableSpec.MAX_WIDTH:
            raise ValueError(f"source must have at most {TableSpec.MAX_WIDTH} bits, "
                             f"not {self.source.width}")
        if self.function is not None and "entries" in self.model_fields_set:
            raise ValueError("entries must be left out where function is given")
        return _lanes_fit(self, "channels")

    def network(self, name: str, note: Note) -> Graph | None:
        shape = vector_shape(self.vectors, self.channels)
        size = self.source.max - self.source.min + 1
        if self.function is None:
            found = find_codes(note, "entries", self.entries, [(1, size), (self.channels, size)],
                               self.target, default=self.target)
            if found is None:
                return None
            entries = found[0]
        else:
            entries = _rounded(FUNCTIONS[self.function], self.source, self.target)
        tensors = [Tensor("x", shape, self.source), Tensor("y", shape, self.target),
                   Tensor("entries", entries.shape, self.target, value=entries)]
        node = Table(name=name, inputs=("x", "entries"), outputs=("y",), format=self.target)
        return build(name, tensors, [node], ["x"], ["y"])

    def choices(self) -> Mapping[str, Any]:
        return {"memory": self.memory} | _given_lanes(self.lanes)


def _rounded(function: RealFunction, source: Format, target: Format) -> NDArray[np.int64]:
    """The nearest codes to a function of all codes, half to even, in one row."""
    codes = np.arange(source.min, source.max + 1, dtype=np.float64)
    with np.errstate(over="ignore"):
        real = function(np.asarray(codes * 2.0**source.lsb)) * 2.0**-target.lsb
    return np.rint(np.clip(real, target.min, target.max)).astype(np.int64).reshape(1, -1)


class ArgMaxParameters(UnitParameters):
    """Parameters of ``argmax``."""

    summary: ClassVar[str] = (
        "The place of the largest element of each vector; the lowest place wins ties.")

    length: int = Field(ge=1, le=MAX_SIZE, description="Elements of a vector.")
    source: NumberFormat = Field(IntFormat(16), description="Format of the elements.")
    lanes: int | None = Field(None, ge=1, description=LANES)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        return _lanes_fit(self, "length")

    def network(self, name: str, note: Note) -> Graph | None:
        shape = vector_shape(self.vectors, self.length)
        place: Format = covering(0, self.length - 1)
        node = ArgMax(name=name, inputs=("x",), outputs=("y",))
        return build(name, [Tensor("x", shape, self.source),
                            Tensor("y", (*shape[:-1], 1), place)], [node], ["x"], ["y"])

    def choices(self) -> Mapping[str, Any]:
        return _given_lanes(self.lanes)


def _given_lanes(lanes: int | None) -> dict[str, Any]:
    return {} if lanes is None else {"lanes": lanes}


def _lanes_fit(parameters: Any, limit: str) -> Any:
    """Refuse more lanes than a vector has elements."""
    lanes, most = parameters.lanes, getattr(parameters, limit)
    if lanes is not None and lanes > most:
        raise ValueError(f"lanes must be at most {limit}, {most}, not {lanes}")
    return parameters
