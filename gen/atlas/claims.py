"""What papers claim of their processing elements, beside what the atlas finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from .entries import Entry
from .measure import Row

__all__ = ["CLAIMS", "Claim", "Finding", "findings"]

#: A ratio within this factor of a claim bears it out.
NEAR = 1.25


class Claim(NamedTuple):
    """``numerator`` takes ``ratio`` times what ``denominator`` takes, says ``source``.

    ``figure`` is what is compared: ``area`` (of logic alone) or ``area_cycles``.
    """

    numerator: Entry
    denominator: Entry
    figure: str
    ratio: float
    source: str


def _same(kind: str, form: str) -> Entry:
    return Entry(kind, form, form)


#: Ratios are those of the papers, on their processes and with their formats; ours are of the
#: nearest pair of entries.
CLAIMS = (
    Claim(Entry("parallel", "int8", "bipolar"), Entry("lut", "int8", "bipolar"), "area", 4.0,
          "LUT Tensor Core (arXiv 2408.06003): a one-bit tensor core takes 4 to 6 times less "
          "area by look-up"),
    Claim(Entry("parallel", "int8", "int2"), Entry("lut", "int8", "int2"), "area", 1.0,
          "LUT Tensor Core (arXiv 2408.06003): look-up wins up to six-bit weights"),
    Claim(Entry("parallel", "int8", "int4"), Entry("lut", "int8", "int4"), "area", 1.0,
          "LUT Tensor Core (arXiv 2408.06003): look-up wins up to six-bit weights"),
    Claim(_same("exact", "e4m3fn"), _same("bit_weight", "int8"), "area", 1.5,
          "FP8 versus INT8 for efficient deep learning inference (arXiv 2303.17951): FP8 units "
          "take 50 to 180 % more than INT8"),
    Claim(_same("table", "e2m1"), _same("bit_weight", "int4"), "area", 1.0,
          "INT v.s. FP (2025): at four bits floats and integers cost about the same"),
    Claim(_same("parallel", "int8"), _same("bit_weight", "int8"), "area", 1.3,
          "Bit-weight dimension of MACs (HPCA 2025): OPT2 has 1.28 to 1.56 times the area "
          "efficiency"),
    Claim(_same("parallel", "int8"), _same("en_t", "int8"), "area_cycles", 1.3,
          "Bit-weight dimension of MACs (HPCA 2025): skipping zeros of encoded digits gains "
          "area times cycles"),
    Claim(Entry("exact", "int8", "e2m1"), Entry("term", "int8", "e2m1"), "area", 1.3,
          "BitMoD (HPCA 2025): an element of terms is 24 % smaller"),
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
    """Claims of which both entries were measured."""
    measured: Mapping[Entry, Row] = {
        Entry(row.kind, row.activations, row.weights): row for row in rows}
    found = []
    for claim in claims:
        pair = [measured.get(entry) for entry in (claim.numerator, claim.denominator)]
        above, below = (None if row is None else _figure(row, claim.figure) for row in pair)
        if above is None or not below:
            continue
        ratio = above / below
        found.append(Finding(
            source=claim.source, numerator=" ".join(claim.numerator),
            denominator=" ".join(claim.denominator), figure=claim.figure, claimed=claim.ratio,
            found=ratio, verdict=_verdict(ratio, claim.ratio)))
    return found


def _figure(row: Row, name: str) -> float | None:
    return row.area_cycles if name == "area_cycles" else row.ecp5


def _verdict(found: float, claimed: float) -> str:
    """``yes`` where it is at least the claim, or near it; ``direction`` where only its sign is."""
    if found * NEAR >= claimed:
        return "yes"
    return "direction" if found > 1 < claimed else "no"
