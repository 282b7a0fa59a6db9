"""What papers claim of their processing elements, beside what the atlas finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from .entry import Name
from .measure import Row

__all__ = ["CLAIMS", "FIGURES", "Claim", "Finding", "findings"]

#: A ratio within this factor of a claim bears it out.
NEAR = 1.25


def _area_period(row: Row) -> float | None:
    return row.ecp5 / row.mhz if row.ecp5 and row.mhz else None


#: What is compared: area is of logic alone; a period is a clock's.
FIGURES: Mapping[str, Callable[[Row], float | None]] = {
    "area": lambda row: row.ecp5,
    "area_cycles": lambda row: row.area_cycles,
    "dsps": lambda row: row.dsps,
    "period": lambda row: 1000 / row.mhz if row.mhz else None,
    "area_period": _area_period,
}


class Claim(NamedTuple):
    """Of each pair the first takes so many times what the second takes, all pairs together
    ``ratio`` times: so says ``source``.

    More pairs than one are elements of their own, each as quick as the one element that serves
    in place of all.
    """

    pairs: tuple[tuple[Name, Name], ...]
    figure: str
    ratio: float
    source: str


def _same(kind: str, form: str) -> Name:
    return Name(kind, form, form)


def _claim(first: Name, second: Name, figure: str, ratio: float, source: str) -> Claim:
    return Claim(((first, second),), figure, ratio, source)


LUT_TENSOR_CORE = "LUT Tensor Core (arXiv 2408.06003)"
BIT_WEIGHT = "Bit-weight dimension of MACs (HPCA 2025)"
HNLPU = "Hardwired-Neuron LPU (arXiv 2508.16151)"

#: Formats that XR-NPE's one element takes in turn, and the integers beside them.
PRECISIONS = ("e2m1", "posit<4,1>", "int4", "posit<8,0>", "int8", "posit<16,1>")

#: Ratios are those of the papers, on their processes and with their formats; ours are of the
#: nearest pair of entries.
CLAIMS = (
    _claim(Name("parallel", "int8", "bipolar"), Name("lut rows", "int8", "bipolar"), "area", 4.0,
           f"{LUT_TENSOR_CORE}: a one-bit tensor core takes 4 to 6 times less area by look-up"),
    _claim(Name("parallel", "int8", "int2"), Name("lut rows", "int8", "int2"), "area", 1.0,
           f"{LUT_TENSOR_CORE}: look-up wins up to six-bit weights"),
    _claim(Name("parallel", "int8", "int4"), Name("lut rows", "int8", "int4"), "area", 1.0,
           f"{LUT_TENSOR_CORE}: look-up wins up to six-bit weights"),
    _claim(Name("parallel", "int8", "int4"), Name("serial_lut rows", "int8", "int4"),
           "area_cycles", 1.0, f"{LUT_TENSOR_CORE}: so does look-up of one bit a cycle"),
    _claim(_same("exact", "e4m3fn"), _same("bit_weight", "int8"), "area", 1.5,
           "FP8 versus INT8 for efficient deep learning inference (arXiv 2303.17951): FP8 units "
           "take 50 to 180 % more than INT8"),
    _claim(_same("table", "e2m1"), _same("bit_weight", "int4"), "area", 1.0,
           "INT v.s. FP (2025): at four bits floats and integers cost about the same"),
    _claim(_same("accumulate", "int8"), _same("carry_save", "int8"), "period", 2.12,
           f"{BIT_WEIGHT}: OPT1 shortens the longest path from 1.95 to 0.92 ns"),
    _claim(_same("accumulate", "int8"), _same("carry_save", "int8"), "area_period", 1.27,
           f"{BIT_WEIGHT}: a systolic array of OPT1 has 1.27 times the area efficiency"),
    _claim(_same("parallel", "int8"), _same("bit_weight", "int8"), "area", 1.3,
           f"{BIT_WEIGHT}: OPT2 has 1.28 to 1.56 times the area efficiency"),
    _claim(_same("parallel", "int8"), _same("en_t", "int8"), "area_cycles", 1.3,
           f"{BIT_WEIGHT}: skipping zeros of encoded digits gains area times cycles"),
    _claim(Name("exact", "int8", "e2m1"), Name("term", "int8", "e2m1"), "area", 1.3,
           "BitMoD (HPCA 2025): an element of terms is 24 % smaller"),
    _claim(Name("ternary", "int8", "ternary"), Name("sherry", "int8", "sherry"), "area_cycles",
           1.1, "Sherry (AngelSlim): three signs of four weights are 10 % faster, on CPUs"),
    _claim(Name("table", "int8", "e2m1"), Name("adders", "int8", "constant e2m1"), "area", 6.0,
           f"{HNLPU}: a multiplier by a constant FP4 is about six times smaller"),
    _claim(Name("adders", "int8", "constant e2m1"), Name("grouped", "int8", "constant e2m1"),
           "area", 15.0, f"{HNLPU}: neurons by value take 0.95 of an SRAM's area, constants in "
           "cells 14.3"),
    _claim(_same("parallel", "int8"), Name("packed rows", "int8", "int4"), "dsps", 2.0,
           "Deep Learning with INT8 Optimization (WP486), FlightLLM (arXiv 2401.03868): two "
           "products of a shared operand in a DSP block"),
    _claim(_same("parallel", "int8"), _same("parallel 2:8", "int8"), "area_cycles", 1.75,
           "SAT: 2:8 sparsity is 1.75 times as fast as dense training"),
    Claim(tuple((_same("exact", form), _same("multi_precision", form)) for form in PRECISIONS),
          "area_cycles", 1.72,
          "XR-NPE: 42 % less area than other elements of several precisions; compared are "
          "elements of one precision each, side by side"),
)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A claim with the ratio that the table gives: ``verdict`` is yes, direction or no."""

    source: str
    numerator: str
    denominator: str
    figure: str
    claimed: float
    found: float
    verdict: str


def findings(rows: Sequence[Row], claims: Sequence[Claim] = CLAIMS) -> list[Finding]:
    """Claims of which every entry was measured."""
    measured = {row.name: row for row in rows}
    found = []
    for claim in claims:
        ratios = [_ratio(measured, pair, claim.figure) for pair in claim.pairs]
        known = [ratio for ratio in ratios if ratio is not None]
        if len(known) < len(ratios):
            continue
        firsts, seconds = zip(*claim.pairs, strict=True)
        found.append(Finding(
            source=claim.source, numerator=_joined(firsts), denominator=_joined(seconds),
            figure=claim.figure, claimed=claim.ratio, found=sum(known),
            verdict=_verdict(sum(known), claim.ratio)))
    return found


def _ratio(measured: Mapping[Name, Row], pair: tuple[Name, Name], figure: str) -> float | None:
    above, below = (None if name not in measured else FIGURES[figure](measured[name])
                    for name in pair)
    return above / below if above is not None and below else None


def _joined(names: Sequence[Name]) -> str:
    """One name, or the formats of a kind."""
    first = names[0]
    if len(names) == 1:
        return " ".join(first)
    return f"{first.kind} {', '.join(name.weights for name in names)}"


def _verdict(found: float, claimed: float) -> str:
    """``yes`` where it is at least the claim, or near it; ``direction`` where only its sign is."""
    if found * NEAR >= claimed:
        return "yes"
    return "direction" if found > 1 < claimed else "no"
