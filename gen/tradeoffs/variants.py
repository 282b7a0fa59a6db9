"""The ways: units of the catalogue with their parameters, and the function that they stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sw_model.functions import FUNCTIONS
from sw_model.specs import IntegerGeluSpec

__all__ = ["FAMILIES", "REFERENCES", "Variant", "variants"]

Reals = NDArray[np.float64]
Family = Literal["softmax", "gelu", "silu", "exp", "reciprocal"]

#: In the order of the table.
FAMILIES: tuple[Family, ...] = ("softmax", "gelu", "silu", "exp", "reciprocal")

#: Size of int8 codes of activations, and of softmax's operands.
ACTIVATION, LOGIT = 1 / 16, 1 / 16


def softmax(x: Reals) -> Reals:
    """Along the last axis, in float64."""
    each = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(each / each.sum(axis=-1, keepdims=True))


#: What each family stands for, of real numbers.
REFERENCES: dict[Family, Callable[[Reals], Reals]] = {
    "softmax": softmax, "gelu": FUNCTIONS["gelu"], "silu": FUNCTIONS["silu"], "exp": np.exp,
    "reciprocal": lambda x: 1 / np.maximum(x, 1)}


@dataclass(frozen=True)
class Variant:
    """A way to compute a family's function.

    Parameters
    ----------
    family : str
    name : str
        For people.
    unit : str
        Of the catalogue.
    given : tuple of str
        ``key=value`` texts, as ``gatemill unit`` takes them.
    scale : float
        Real size of the operand's unit.
    result : float or None
        Real size of the result's unit; None for mantissa and exponent side by side.
    zero : int
        Code of 0 of the result.
    low, high : int or None
        Least and greatest code of the operand that is tried; by default the format's.
    numerator : int or None
        Code that stands before each of the operand, to be divided by it; the result is the
        quotient over it.
    operand : str
        What it takes, where that is not what others of the family do.
    """

    family: Family
    name: str
    unit: str
    given: tuple[str, ...]
    scale: float
    result: float | None
    zero: int = 0
    low: int | None = None
    high: int | None = None
    numerator: int | None = None
    operand: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """All that the unit is given: one lane, a row of 64 for softmax."""
        if self.unit in ("softmax", "shift_gelu"):
            return (*self.given, "length=64", "lanes=1")
        if self.unit == "divide":
            return self.given
        return (*self.given, "channels=1", "lanes=1")


def variants() -> Iterator[Variant]:
    """All ways, family by family."""
    yield from _softmaxes()
    yield from _activations("gelu")
    yield from _activations("silu")
    yield from _exponentials()
    yield from _reciprocals()


def _softmaxes() -> Iterator[Variant]:
    for way in ("tflite", "shiftmax", "repaired_shiftmax", "single_pass", "two_pass", "online",
                "unified"):
        for bits in (8, 16):
            signed, zero = "shiftmax" in way, -(1 << bits - 1) if way == "tflite" else 0
            given: tuple[str, ...] = (f"way={way}", f"scale={LOGIT}", f"bits={bits}")
            if way == "unified":
                given += ("reach=8",)
            yield Variant("softmax", f"{way}, {bits} bits", "softmax", given, LOGIT,
                          2.0 ** (signed - bits), zero)


def _activations(function: Literal["gelu", "silu"]) -> Iterator[Variant]:
    fixed, unit = "source=fixed<8,4>", 2.0**-4
    for bits, fraction in ((8, 4), (16, 12)):
        yield Variant(function, f"complete table, {bits} bits", "table",
                      (f"function={function}", fixed, f"target=fixed<{bits},{fraction}>"), unit,
                      2.0**-fraction)
    for step in (2, 3, 4):
        yield Variant(function, f"delta table, 2^-{step} apart", "delta_table",
                      (f"activation={function}", fixed, f"step_bits={step}", "fraction=12"), unit,
                      2.0**-12)
    for bits in (3, 5):
        yield Variant(function, f"swish, {2**bits} intervals", "swish",
                      (f"function={function}", f"scale={ACTIVATION}", f"index_bits={bits}"),
                      ACTIVATION, ACTIVATION * 2.0**-15)
    for degree, bound in ((0, 0.05), (1, 0.05), (1, 0.005), (2, 0.005), (2, 0.001)):
        yield Variant(function, f"piecewise, degree {degree}, within {bound:g}", "piecewise",
                      (f"function={function}", fixed, "target=fixed<14,10>", f"bound={bound}",
                       f"degree={degree}"), unit, 2.0**-10)
    if function == "gelu":
        for numerator in (31, 40):
            yield Variant(function, f"ShiftGELU, {numerator} bits", "shift_gelu",
                          (f"scale={ACTIVATION}", f"numerator_bits={numerator}"), ACTIVATION,
                          ACTIVATION / 128)
        yield Variant(function, "I-BERT", "integer_gelu", (f"scale={ACTIVATION}",), ACTIVATION,
                      IntegerGeluSpec.result_scale(ACTIVATION))


def _exponentials() -> Iterator[Variant]:
    for bits in (8, 16):
        yield Variant("exp", f"complete table of 8-bit codes, {bits} bits", "table",
                      ("function=exp", "source=fixed<8,4>", f"target=ufixed<{bits},{bits - 1}>"),
                      2.0**-4, 2.0**(1 - bits), high=0, operand="8-bit codes")
    for index, between in ((3, 12), (4, 12), (5, 12), (6, 12), (8, 0)):
        how = "lines" if between else "nearest"
        yield Variant("exp", f"exp2, {2**index} entries, {how}", "exp2",
                      ("source=fixed<13,8>", f"index_bits={index}",
                       f"interpolation_bits={between}"), 2.0**-8, 2.0**-15, high=0)
    for degree, bound in ((0, 0.02), (1, 0.001), (2, 0.0005)):
        yield Variant("exp", f"piecewise, degree {degree}, within {bound:g}", "piecewise",
                      ("function=exp", "source=fixed<13,8>", "target=fixed<17,15>", "high=0",
                       f"bound={bound}", f"degree={degree}"), 2.0**-8, 2.0**-15, high=-1)


def _reciprocals() -> Iterator[Variant]:
    for index, entry, steps in ((3, 5, 0), (5, 7, 0), (8, 10, 0), (3, 5, 1), (5, 7, 1), (3, 5, 2),
                                (5, 7, 2)):
        yield Variant("reciprocal", f"{2**index} entries, {steps} steps", "reciprocal",
                      ("source=uint12", f"index_bits={index}", f"entry_bits={entry}",
                       f"newton_steps={steps}"), 1.0, None, low=1)
    yield Variant("reciprocal", "complete table of 8-bit codes, 16 bits", "table",
                  ("function=reciprocal", "source=uint8", "target=ufixed<16,15>"), 1.0, 2.0**-15,
                  low=1, operand="8-bit codes")
    for degree, bound in ((0, 0.01), (1, 0.001), (2, 0.0001)):
        yield Variant("reciprocal", f"piecewise of a mantissa, degree {degree}, within {bound:g}",
                      "piecewise", ("function=reciprocal", "source=ufixed<12,11>",
                                    "target=ufixed<17,16>", "low=1", f"bound={bound}",
                                    f"degree={degree}"), 2.0**-11, 2.0**-16, low=2048,
                      operand="a mantissa")
    for bits in (16, 24):
        numerator = (1 << bits) - 1
        yield Variant("reciprocal", f"divider of {bits} bits", "divide", (f"source=uint{bits}",),
                      1.0, 1 / numerator, low=1, high=4095, numerator=numerator)
