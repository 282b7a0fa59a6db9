"""What the table says on each technology: floats or integers, look-up, serial, constants, N:M."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from .constants import WEIGHTS as CONSTANT
from .figures import FIGURES, TECHNOLOGIES, area_of
from .row import Row
from .special import BEHIND, SPARSE

__all__ = ["Comparison", "Question", "comparisons", "conclusions"]

#: Formats of as many bits: floats and posits, and the integer beside them.
RIVALS = (("e2m1", "int4"), ("posit<4,1>", "int4"), ("e2m3", "int6"), ("e3m2", "int6"),
          ("e4m3fn", "int8"), ("e5m2", "int8"), ("posit<8,0>", "int8"),
          ("fp16", "int16"), ("bf16", "int16"), ("posit<16,1>", "int16"), ("mx<e4m3fn>", "mxint8"),
          ("mx<e5m2>", "mxint8"), ("nvfp4", "nvint4"))
WEIGHTS = ("bipolar", "ternary", "int2", "int4", "int8")

#: Kinds with an array of products, one multiplier for each pair.
MULTIPLIERS = ("parallel", "exact", "mixed", "packed")
LOOK_UP, SERIAL = ("lut", "serial_lut", "weight_table", "table"), (
    "weight_serial", "activation_serial", "booth", "csd", "en_t", "sparse_encoded", "term",
    "serial_lut", "weight_table", "accumulate", "carry_save", "ternary_accumulate")


class Question(NamedTuple):
    """What is asked on each technology, and the figure that answers it."""

    text: str
    figure: str


FLOATS = Question("A float instead of an integer of as many bits", "area x cycles")
LOOKED_UP = Question("Look-up instead of multipliers", "area x cycles")
LOOKED_UP_AT_ALL = Question("Look-up instead of anything else", "area x cycles")
IN_TURN = Question("Serial instead of a dot product a cycle", "area x cycles")
SMALL = Question("Serial where a dot product need not come every cycle, by area,", "area")
FIXED = Question("A constant weight instead of any", "area x cycles")
SKIPPED = Question("N:M sparsity", "area x cycles")


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """On each technology, how many times one's figure is the other's, and which kinds these are:
    of either side the best on that technology."""

    question: str
    figure: str
    what: str
    ratios: dict[str, float]
    kinds: dict[str, tuple[str, str]]


def comparisons(rows: Sequence[Row]) -> list[Comparison]:
    """Everything that the rows allow to compare."""
    found = []
    for question, what, ours, theirs in _sides(rows):
        ratios, kinds = {}, {}
        for technology in TECHNOLOGIES:
            one, other = (_least(side, question.figure, technology) for side in (ours, theirs))
            if one and other:
                ratios[technology] = one[0] / other[0]
                kinds[technology] = one[1], other[1]
        if ratios:
            found.append(Comparison(question=question.text, figure=question.figure, what=what,
                                    ratios=ratios, kinds=kinds))
    return found


def conclusions(rows: Sequence[Row]) -> list[str]:
    """For each question a line: where the answer is yes, and of which formats; where it is no, and
    what comes nearest."""
    every = comparisons(rows)
    return [f"**{question}** {_answer([each for each in every if each.question == question])}."
            for question in dict.fromkeys(each.question for each in every)]


def _answer(every: Sequence[Comparison]) -> str:
    """Technologies where something pays, with ratios; then those where nothing does."""
    yes, no = [], []
    for technology in TECHNOLOGIES:
        asked = {each.what: each.ratios[technology] for each in every
                 if technology in each.ratios}
        paying = [f"{what} ({ratio:.2f})" for what, ratio in asked.items() if round(ratio, 2) < 1]
        if paying:
            yes.append(f"on {technology} for {', '.join(paying)}")
        elif asked:
            what, ratio = min(asked.items(), key=lambda each: each[1])
            no.append(f"{technology} ({what} comes nearest, {ratio:.2f})")
    if not no:
        return f"pays {'; '.join(yes)}"
    return f"pays {'; '.join(yes)}; not on {', '.join(no)}" if yes else (
        f"pays nowhere: {', '.join(no)}")


def _sides(rows: Sequence[Row]) -> Iterator[tuple[Question, str, list[Row], list[Row]]]:
    """Rows on either side of each comparison."""
    for form, integer in RIVALS:
        yield FLOATS, f"{form} for {integer}", _of(rows, form, form), _of(rows, integer, integer)
    for question, ours, theirs in (
            (LOOKED_UP, _among(LOOK_UP), _among(MULTIPLIERS)),
            (LOOKED_UP_AT_ALL, _among(LOOK_UP), _not_among(LOOK_UP)),
            (IN_TURN, _is_serial, _is_at_once),
            (SMALL, _is_serial, _is_at_once)):
        for weights in WEIGHTS:
            every = _of(rows, "int8", weights)
            yield question, f"int8 x {weights}", list(filter(ours, every)), list(
                filter(theirs, every))
    for weights in CONSTANT:
        yield FIXED, weights, _of(rows, "int8", f"constant {weights}"), _of(rows, "int8", weights)
    for kind, *formats in BEHIND:
        for keep, of in SPARSE:
            sparse, dense = ([row for row in rows if row.name == (name, *formats)]
                             for name in (f"{kind} {keep}:{of}", kind))
            yield SKIPPED, f"{keep}:{of} of {' x '.join(formats)}", sparse, dense


def _plain(row: Row) -> str:
    """The kind, of its rows and its forms for one family too."""
    return row.kind.split()[0]


def _is_serial(row: Row) -> bool:
    """Not what is so for other formats: bits of one bit take a cycle."""
    return _plain(row) in SERIAL and row.cycles > 1


def _is_at_once(row: Row) -> bool:
    return row.cycles == 1


def _among(kinds: Sequence[str]) -> Callable[[Row], bool]:
    return lambda row: _plain(row) in kinds


def _not_among(kinds: Sequence[str]) -> Callable[[Row], bool]:
    return lambda row: _plain(row) not in kinds


def _of(rows: Iterable[Row], activations: str, weights: str) -> list[Row]:
    """Rows of these formats: none that is sparse, which does less, or that has DSP blocks in
    place of logic."""
    return [row for row in rows if (row.activations, row.weights) == (activations, weights)
            and ":" not in row.kind and not row.ice40_dsps]


def _least(rows: Sequence[Row], figure: str, technology: str) -> tuple[float, str] | None:
    """The least figure, and whose it is."""
    known = [(value, row.kind) for row in rows
             if (value := FIGURES[figure](row, technology)) and area_of(row, technology)]
    return min(known, default=None)
