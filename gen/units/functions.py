"""Functions of numbers as units: exponentials, reciprocals, roots, activations."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from sw_model.approximate import find_piecewise
from sw_model.formats import FixedFormat, Format, IntFormat, covering
from sw_model.functions import FUNCTIONS
from sw_model.graph import Graph, build
from sw_model.node import Node, Tensor
from sw_model.ops import DeltaTable, Divide, Exp2, Isqrt, Piecewise, Reciprocal, Rsqrt
from sw_model.specs import Exp2Spec
from sw_model.tables import DELTAS, delta_entries

from ..spec.fields import NumberFormat, OneOf
from ..spec.models import MAX_SIZE
from .base import Note, UnitParameters, UnsignedFormat, Wrong, vector_shape

__all__ = [
    "DeltaTableParameters", "DivideParameters", "Exp2Parameters", "FunctionParameters",
    "IsqrtParameters", "PiecewiseParameters", "ReciprocalParameters", "RsqrtParameters",
]

LANES = "Elements served at once; by default what the target allows."
UINT16 = IntFormat(16, signed=False)


class FunctionParameters(UnitParameters):
    """What functions of single elements have in common."""

    #: The parameter that a fault of several is said of.
    blamed: ClassVar[str] = "source"

    channels: int = Field(16, ge=1, le=MAX_SIZE, description="Elements of a vector.")
    lanes: int | None = Field(None, ge=1, description=LANES)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.lanes is not None and self.lanes > self.channels:
            raise ValueError(f"lanes must be at most channels, {self.channels}, not {self.lanes}")
        return self

    @abstractmethod
    def node(self, name: str) -> tuple[Node, list[Tensor]]:
        """The node from ``x`` to ``y``, and its constants."""

    @property
    @abstractmethod
    def given(self) -> Format:
        """Format of ``x``."""

    def network(self, name: str, note: Note) -> Graph | None:
        def made() -> Graph:
            x = Tensor("x", vector_shape(self.vectors, self.channels), self.given)
            node, constants = self.node(name)
            ((shape, target),) = node.infer([x, *constants])
            return build(name, [x, *constants, Tensor("y", shape, target)], [node], ["x"], ["y"])

        return self.attempt(note, self.blamed, made)

    def choices(self) -> Mapping[str, Any]:
        return {} if self.lanes is None else {"lanes": self.lanes}


class Exp2Parameters(FunctionParameters):
    """Parameters of ``exp2``."""

    summary: ClassVar[str] = (
        "exp(scale * x) for x <= 0: a constant multiplication, a table of powers of two with "
        "linear interpolation, and a shift.")
    paper: ClassVar[str] = (
        "Cody and Waite, Software manual for the elementary functions, Prentice-Hall 1980, "
        "chapter 6")

    source: NumberFormat = Field(FixedFormat(14, 8), description="Format of x, signed.")
    scale: float = Field(1.0, gt=0, le=1e6, description=(
        "What x is multiplied by, in one constant with log2(e)."))
    index_bits: int = Field(5, ge=1, le=12, description=(
        "The table has 2**index_bits + 1 entries."))
    interpolation_bits: int = Field(12, ge=0, le=16, description=(
        "Most bits between entries; 0 takes the nearest entry, without a multiplier."))
    fraction: int = Field(15, ge=1, le=30, description="Fraction bits of the result.")
    constant_fraction: int = Field(16, ge=0, le=24, description="Fraction bits of the constant.")

    @property
    def given(self) -> Format:
        return self.source

    def node(self, name: str) -> tuple[Node, list[Tensor]]:
        return Exp2(
            name=name, inputs=("x",), outputs=("y",), index_bits=self.index_bits,
            multiplier=Exp2Spec.folded(self.scale, self.constant_fraction),
            fraction=self.fraction, constant_fraction=self.constant_fraction,
            interpolation_bits=self.interpolation_bits), []


class _Normalised(FunctionParameters):
    """What reciprocals and reciprocal roots have in common."""

    #: The operation.
    OPERATION: ClassVar[type[Any]]

    source: UnsignedFormat = Field(UINT16, description="Format of x, unsigned integers.")
    index_bits: int = Field(ge=1, le=12)
    entry_bits: int = Field(ge=2, le=24, description="Fraction bits of the entries.")
    newton_steps: int = Field(2, ge=0, le=2, description=(
        "Steps, each of which doubles the number of right bits."))
    fraction: int = Field(16, ge=4, le=24, description="Fraction bits of the mantissa.")

    @property
    def given(self) -> Format:
        return self.source

    def node(self, name: str) -> tuple[Node, list[Tensor]]:
        return self.OPERATION(
            name=name, inputs=("x",), outputs=("y",), index_bits=self.index_bits,
            entry_bits=self.entry_bits, newton_steps=self.newton_steps,
            fraction=self.fraction), []


class ReciprocalParameters(_Normalised):
    """Parameters of ``reciprocal``."""

    summary: ClassVar[str] = (
        "1/x of unsigned integers as mantissa and exponent, side by side: a normaliser, a table, "
        "and Newton's steps. 0 counts as 1.")
    paper: ClassVar[str] = (
        "Flynn, On division by functional iteration, IEEE Trans. Computers C-19, 1970")
    OPERATION = Reciprocal

    index_bits: int = Field(5, ge=1, le=12, description="The table has 2**index_bits entries.")
    entry_bits: int = Field(7, ge=2, le=24, description="Fraction bits of the entries.")


class RsqrtParameters(_Normalised):
    """Parameters of ``rsqrt``."""

    summary: ClassVar[str] = (
        "1/sqrt(x) of unsigned integers as mantissa and exponent, side by side: a normaliser, a "
        "table, and Newton's steps. 0 counts as 1.")
    paper: ClassVar[str] = (
        "Ramamoorthy et al., Some properties of iterative square-rooting methods using "
        "high-speed multiplication, IEEE Trans. Computers C-21, 1972")
    OPERATION = Rsqrt

    index_bits: int = Field(4, ge=1, le=12, description=(
        "The table has 3 * 2**index_bits entries."))
    entry_bits: int = Field(8, ge=2, le=24, description="Fraction bits of the entries.")


class IsqrtParameters(FunctionParameters):
    """Parameters of ``isqrt``."""

    summary: ClassVar[str] = (
        "floor(sqrt(x)) of unsigned integers, exact: a bit of the root a cycle, all lanes at once.")
    paper: ClassVar[str] = (
        "Crenshaw, Integer square roots, Embedded Systems Programming, February 1998")

    source: UnsignedFormat = Field(UINT16, description="Format of x, unsigned integers.")

    @property
    def given(self) -> Format:
        return self.source

    def node(self, name: str) -> tuple[Node, list[Tensor]]:
        return Isqrt(name=name, inputs=("x",), outputs=("y",)), []


class DivideParameters(UnitParameters):
    """Parameters of ``divide``."""

    summary: ClassVar[str] = (
        "Numerator and denominator, unsigned integers side by side, to quotient and remainder, "
        "exact: a bit of the quotient a cycle.")
    paper: ClassVar[str] = (
        "Koren, Computer arithmetic algorithms, 2nd edition 2002, section 3.2 (restoring division)")

    source: UnsignedFormat = Field(UINT16, description="Format of all four, unsigned integers.")

    def network(self, name: str, note: Note) -> Graph | None:
        def made() -> Graph:
            node = Divide(name=name, inputs=("x",), outputs=("y",))
            shape = vector_shape(self.vectors, 2)
            return build(name, [Tensor("x", shape, self.source), Tensor("y", shape, self.source)],
                         [node], ["x"], ["y"])

        return self.attempt(note, "source", made)

    def choices(self) -> Mapping[str, Any]:
        return {"lanes": 2}


class DeltaTableParameters(FunctionParameters):
    """Parameters of ``delta_table``."""

    summary: ClassVar[str] = (
        "GELU or SiLU as ReLU less an even function, which a table holds, interpolated.")
    paper: ClassVar[str] = "Sarkar et al., Edge-MoE, ICCAD 2023 (GELU)"
    variants: ClassVar[tuple[str, tuple[str, ...]]] = ("activation", tuple(DELTAS))

    activation: Annotated[str, OneOf(*DELTAS)] = Field("gelu", description=(
        "Which; the table alone differs."))
    source: NumberFormat = Field(FixedFormat(16, 12), description="Format of x, signed.")
    step_bits: int = Field(5, ge=0, le=12, description="Entries are 2**-step_bits apart.")
    fraction: int = Field(12, ge=1, le=30, description="Fraction bits of the entries.")
    target_fraction: int | None = Field(None, ge=0, le=40, description=(
        "Fraction bits of the result; by default those of the entries."))
    limit: float | None = Field(None, gt=0, le=64, description=(
        "Where the table ends; by default where entries round to 0."))

    @property
    def given(self) -> Format:
        return self.source

    def node(self, name: str) -> tuple[Node, list[Tensor]]:
        entries = np.array(delta_entries(self.activation, self.step_bits, self.fraction,
                                         self.limit))
        target = self.fraction if self.target_fraction is None else self.target_fraction
        return DeltaTable(
            name=name, inputs=("x", "entries"), outputs=("y",), step_bits=self.step_bits,
            fraction=self.fraction, target_fraction=target,
        ), [Tensor("entries", entries.shape, covering(0, int(entries.max())), value=entries)]


class PiecewiseParameters(FunctionParameters):
    """Parameters of ``piecewise``."""

    summary: ClassVar[str] = (
        "Any function by the smallest piecewise constant, line or parabola within a bound, which "
        "is proven for every code of the source.")
    paper: ClassVar[str] = "Muller, Elementary functions, 3rd edition 2016, chapters 3 and 6"
    blamed: ClassVar[str] = "bound"

    function: Annotated[str, OneOf(*FUNCTIONS)] = Field("sigmoid", description="Which.")
    source: NumberFormat = Field(FixedFormat(12, 8), description=(
        "Format of x, of at most 16 bits."))
    target: NumberFormat = Field(FixedFormat(12, 10), description=(
        "Format of the result; what lies beyond it becomes its ends."))
    bound: float | None = Field(None, gt=0, le=1e9, description=(
        "The most that a result may be off; by default a unit of its last place."))
    low: float | None = Field(None, description="Where the range begins; by default everywhere.")
    high: float | None = Field(None, description=(
        "Where it ends, itself left out; codes outside give what the nearest inside gives."))
    degree: int | None = Field(None, ge=0, le=2, description=(
        "Degree of the polynomials; by default whichever is smallest."))

    @property
    def given(self) -> Format:
        return self.source

    def node(self, name: str) -> tuple[Node, list[Tensor]]:
        self._check_range()
        spec = find_piecewise(
            self.function, source=self.source, target=self.target, low=self.low, high=self.high,
            bound=2.0**self.target.lsb if self.bound is None else self.bound,
            degrees=(0, 1, 2) if self.degree is None else (self.degree,)).spec
        rows = np.array(spec.coefficients)
        return Piecewise(
            name=name, inputs=("x", "coefficients"), outputs=("y",), format=spec.target,
            low=spec.low, high=spec.high, offset_bits=spec.offset_bits, guard=spec.guard,
            saturates=spec.saturates,
        ), [Tensor("coefficients", rows.shape, covering(int(rows.min()), int(rows.max())),
                  value=rows)]

    def _check_range(self) -> None:
        """Refuse a range without codes of the source."""
        low = self.source.min * 2.0**self.source.lsb
        high = (self.source.max + 1) * 2.0**self.source.lsb
        if self.low is not None and self.low >= high:
            raise Wrong("low", f"must be below {high:g}, where {self.source} ends, not "
                               f"{self.low:g}")
        if self.high is not None and self.high <= (begin := max(low, self.low or low)):
            raise Wrong("high", f"must be above {begin:g}, where the range begins, not "
                                f"{self.high:g}")
