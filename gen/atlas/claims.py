"""What papers claim of their processing elements, beside what the atlas finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from .entry import Name
from .figures import FIGURES, TECHNOLOGIES
from .judgement import AtLeast, Judgement, Wins, Within
from .row import Row

__all__ = ["CLAIMS", "Claim", "Finding", "findings"]


@dataclass(frozen=True)
class Claim:
    """Of each pair the first takes so many times what the second takes, all pairs together as
    often as ``says`` has it.

    Parameters
    ----------
    pairs : tuple of pairs of Name
        More than one are elements of their own, each as quick as the one element that serves
        in place of all.
    figure : str
        One of :data:`FIGURES`.
    says : Judgement
    technology : str
        One of :data:`TECHNOLOGIES`: the nearest to that of the paper.
    source : str
    unlike : str
        Why what is compared is not what the paper compares, where nothing here is.
    """

    pairs: tuple[tuple[Name, Name], ...]
    figure: str
    says: Judgement
    technology: str
    source: str
    unlike: str = ""


def _same(kind: str, form: str) -> Name:
    return Name(kind, form, form)


def _claim(first: Name, second: Name, figure: str, says: Judgement, technology: str, source: str,
           unlike: str = "") -> Claim:
    return Claim(((first, second),), figure, says, technology, source, unlike)


LUT_TENSOR_CORE = "LUT Tensor Core (arXiv 2408.06003)"
BIT_WEIGHT = "Bit-weight dimension of MACs (HPCA 2025)"
HNLPU = "Hardwired-Neuron LPU (arXiv 2508.16151)"
FP8 = "FP8 versus INT8 for efficient deep learning inference (arXiv 2303.17951)"

#: Formats that XR-NPE's one element takes in turn, and the integers beside them.
PRECISIONS = ("e2m1", "posit<4,1>", "int4", "posit<8,0>", "int8", "posit<16,1>")
SIDE_BY_SIDE = tuple((_same("exact", form), _same("multi_precision", form)) for form in PRECISIONS)

#: Ratios are those of the papers, on their processes; ours are of the nearest pair of entries.
CLAIMS = (
    _claim(_same("parallel", "int8"), Name("lut rows of 64", "int8", "bipolar"), "area",
           Within(4, 6), "um2", f"{LUT_TENSOR_CORE}: by look-up a core for weights of one bit is "
           "4 to 6 times smaller than one whose multipliers take weights as wide as activations"),
    _claim(Name("parallel", "int8", "bipolar"), Name("lut rows of 64", "int8", "bipolar"), "area",
           Wins(), "um2", f"{LUT_TENSOR_CORE}: the same, against multipliers for one bit"),
    *(_claim(_same("parallel", "int8"), Name(kind, "int8", weights), "area x cycles", Wins(),
             "um2", f"{LUT_TENSOR_CORE}: look-up wins up to six bits of weights, against "
             f"multipliers for int8; here {weights}, {how}")
      for kind, how, widths in (
          ("lut rows of 64", "all bits at once", ("int2", "int4")),
          ("serial_lut tile", "a bit a cycle, in a tile of the paper's 2 x 64, but of 16 pairs, "
           "not 4", ("int2", "int4", "int6")))
      for weights in widths),
    *(_claim(Name("parallel", "int8", weights), Name("lut rows of 64", "int8", weights), "area",
             Wins(), "um2", f"{LUT_TENSOR_CORE}: the same, against multipliers for {weights}")
      for weights in ("int2", "int4")),
    _claim(Name("serial_lut rows", "int8", "int4"), Name("serial_lut rows", "int8", "int2"),
           "cycles", Within(1.8, 2.2), "um2", "T-MAC (arXiv 2407.00088): time grows with "
           "the weights' bits; here twice as many, bit by bit"),
    *(_claim(_same("exact", form), _same("bit_weight", integer), "area", Wins(), "Xilinx",
             "Shedding the Bits (arXiv 2311.12359): on FPGAs integers of 3 to 8 bits beat "
             f"minifloats of as many; here {form} and {integer}")
      for form, integer in (("e2m1", "int4"), ("e3m2", "int6"))),
    *(_claim(_same("exact", form), _same("parallel", "int8"), "area", Within(1.5, 2.8), "um2",
             f"{FP8}: FP8 units take 50 to 180 % more than INT8 units; here {form}")
      for form in ("e4m3fn", "e5m2")),
    _claim(_same("block_dot", "mx<e4m3fn>"), _same("block_dot", "mxint8"), "area x cycles",
           AtLeast(1 / 0.79), "um2", "INT v.s. FP (arXiv 2510.25602): at equal throughput MXINT8 "
           "takes 21 % less area than MXFP8"),
    _claim(_same("block_dot", "nvint4"), _same("block_dot", "olive<int4>"), "area x cycles",
           AtLeast(1 / 1.022), "um2", "OliVe (ISCA 2023): decoders of outliers are 2.2 % of a "
           "systolic array of four bits",
           "the claim is of decoders at the edges, for a whole array"),
    _claim(_same("accumulate", "int8"), _same("carry_save", "int8"), "period",
           AtLeast(1.95 / 0.92), "um2",
           f"{BIT_WEIGHT}: OPT1 shortens the longest path from 1.95 to 0.92 ns"),
    _claim(_same("accumulate", "int8"), _same("carry_save", "int8"), "area x period",
           AtLeast(1.27), "um2", f"{BIT_WEIGHT}: a systolic array of OPT1 has 1.27 times the area "
           "efficiency; here elements"),
    _claim(_same("parallel", "int8"), _same("carry_save_tree", "int8"), "area x period",
           Within(1.28, 1.56), "um2", f"{BIT_WEIGHT}: cubes and trees of multipliers have 1.28 to "
           "1.56 times the area efficiency by OPT1 and OPT2"),
    _claim(_same("accumulate", "int8"), Name("sparse_encoded rows by 4", "int8", "int8"), "area",
           AtLeast(246 / 81.27), "um2",
           f"{BIT_WEIGHT}: an element of OPT4C takes 81.27 um2, a MAC 246; in more cycles"),
    _claim(_same("parallel", "int8"), _same("en_t", "int8"), "area x cycles", Wins(), "um2",
           f"{BIT_WEIGHT}: skipping zeros of encoded digits gains area times cycles",
           "the gain is in the mean over operands, cycles here are the most"),
    _claim(Name("exact", "int8", "e2m1"), Name("term", "int8", "e2m1"), "area",
           AtLeast(1968.7 / 1507.7), "um2", "BitMoD (HPCA 2025): an element of terms is 24 % "
           "smaller than one that multiplies FP16",
           "its activations are FP16, those of `term` int8"),
    _claim(Name("ternary", "int8", "ternary"), Name("sherry", "int8", "sherry"), "area x cycles",
           AtLeast(1.1), "um2", "Sherry (AngelSlim): three signs of four weights are 10 % faster",
           "the claim is of CPUs"),
    _claim(Name("table", "int8", "e2m1"), Name("adders", "int8", "constant e2m1"), "area",
           AtLeast(6), "um2", f"{HNLPU}: a multiplier by a constant FP4 is about six times "
           "smaller; here with the adders behind"),
    _claim(Name("adders", "int8", "constant e2m1"), Name("grouped", "int8", "constant e2m1"),
           "area", AtLeast(14.3 / 0.95), "um2", f"{HNLPU}: neurons by value take 0.95 of an SRAM's "
           "area, constants in cells 14.3; in more cycles"),
    _claim(_same("parallel", "int8"), _same("packed rows", "int8"), "DSP blocks", AtLeast(2),
           "Xilinx", "Deep Learning with INT8 Optimization (WP486): two INT8 products of a shared "
           "operand in a DSP block"),
    _claim(_same("parallel", "int8"), _same("chain", "int8"), "DSP blocks", AtLeast(2), "Xilinx",
           "FlightLLM (arXiv 2401.03868): two INT8 products in each block of a chain"),
    _claim(_same("parallel 2:8, dense", "int8"), _same("parallel 2:8", "int8"), "cycles",
           AtLeast(1.75), "Xilinx", "SAT: 2:8 sparsity is 1.75 times as fast as dense training on "
           "the same array; here products alone"),
    Claim(SIDE_BY_SIDE, "area x cycles", AtLeast(1 / 0.58), "um2",
          "XR-NPE: 42 % less area than other elements of several precisions; here elements of "
          "one precision each, side by side"),
    Claim(SIDE_BY_SIDE, "area x cycles", AtLeast(1.4), "Xilinx",
          "XR-NPE: 1.4 times fewer LUTs; here likewise"),
)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A claim with the ratio that the table gives on each technology.

    ``verdict`` is that of :class:`Judgement`, on the claim's technology; or it says why there is
    none. ``elements`` are the rows that the claim is about, the second ones.
    """

    source: str
    elements: tuple[Name, ...]
    numerator: str
    denominator: str
    figure: str
    claimed: str
    technology: str
    found: dict[str, float]
    verdict: str


def findings(rows: Sequence[Row], claims: Sequence[Claim] = CLAIMS) -> list[Finding]:
    """Claims of which every entry was measured on the claim's technology."""
    measured = {row.name: row for row in rows}
    found = []
    for claim in claims:
        ratios = {technology: ratio for technology in TECHNOLOGIES
                  if (ratio := _ratio(measured, claim, technology)) is not None}
        if claim.technology not in ratios:
            continue
        firsts, seconds = zip(*claim.pairs, strict=True)
        found.append(Finding(
            source=claim.source, elements=seconds, numerator=_joined(firsts),
            denominator=_joined(seconds),
            figure=claim.figure, claimed=str(claim.says), technology=claim.technology,
            found=ratios, verdict=_verdict(claim, ratios[claim.technology])))
    return found


def _verdict(claim: Claim, found: float) -> str:
    return f"not comparable: {claim.unlike}" if claim.unlike else claim.says.verdict(found)


def _ratio(measured: Mapping[Name, Row], claim: Claim, technology: str) -> float | None:
    """Of all pairs together; None where a figure is missing, or nothing to divide by."""
    total = 0.0
    for pair in claim.pairs:
        above, below = (FIGURES[claim.figure](measured[name], technology)
                        if name in measured else None for name in pair)
        if above is None or not below:
            return None
        total += above / below
    return total


def _joined(names: Sequence[Name]) -> str:
    """One name, or the formats of a kind."""
    first = names[0]
    if len(names) == 1:
        return " ".join(first)
    return f"{first.kind} {', '.join(name.weights for name in names)}"
