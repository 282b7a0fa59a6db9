"""What the table says: where floats beat integers, when look-up, serial and others pay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .constants import WEIGHTS as CONSTANT
from .measure import Row
from .special import BEHIND, SPARSE

__all__ = ["conclusions"]

#: Formats of as many bits: floats and posits, and the integer beside them.
RIVALS = (("e2m1", "int4"), ("posit<4,1>", "int4"), ("e2m3", "int6"), ("e3m2", "int6"),
          ("e4m3fn", "int8"), ("e5m2", "int8"), ("posit<8,0>", "int8"))
WEIGHTS = ("bipolar", "ternary", "int2", "int4", "int8")
LOOK_UP, SERIAL = ("lut", "serial_lut", "weight_table"), (
    "weight_serial", "activation_serial", "booth", "csd", "en_t", "sparse_encoded", "term",
    "serial_lut", "weight_table", "accumulate", "carry_save")


def conclusions(rows: Sequence[Row]) -> list[str]:
    """Sentences, each drawn from the rows that there are; areas are of logic on ECP5."""
    found = []
    for form, integer in RIVALS:
        ours, theirs = _best(rows, form, form), _best(rows, integer, integer)
        if ours and theirs:
            found.append(f"{form} against {integer}: {_against(ours, theirs)}")
    for weights in WEIGHTS:
        found += _rival(rows, weights, LOOK_UP, "look-up")
        found += _rival(rows, weights, SERIAL, "serial")
    for weights in CONSTANT:
        ours, theirs = (_best(rows, "int8", name) for name in (f"constant {weights}", weights))
        if ours and theirs:
            found.append(f"constant weights {weights}: {_against(ours, theirs)}")
    for kind, *formats in BEHIND:
        for keep, of in SPARSE:
            ours, theirs = (_one(rows, name, *formats)
                            for name in (f"{kind} {keep}:{of}", kind))
            if ours and theirs:
                found.append(f"{keep}:{of} of {' x '.join(formats)}: {_against(ours, theirs)}")
    return found


def _rival(rows: Sequence[Row], weights: str, kinds: Sequence[str], name: str) -> list[str]:
    """The best of some kinds against the best of all others, with int8 activations."""
    ours = _least([row for row in _of(rows, "int8", weights) if _plain(row) in kinds])
    theirs = _least([row for row in _of(rows, "int8", weights)
                     if _plain(row) not in (*LOOK_UP, *SERIAL)])
    if not ours or not theirs:
        return []
    return [f"{name} with weights {weights}: {_against(ours, theirs)}"]


def _against(ours: Row, theirs: Row) -> str:
    ratio = ours.area_cycles / theirs.area_cycles
    word = "pays" if ratio < 1 else "does not pay"
    return (f"{word}, {ratio:.2f} times the area x cycles ({ours.kind} {ours.area_cycles:,.0f}, "
            f"{theirs.kind} {theirs.area_cycles:,.0f})")


def _plain(row: Row) -> str:
    """The kind, of its rows too."""
    return row.kind.removesuffix(" rows")


def _of(rows: Iterable[Row], activations: str, weights: str) -> list[Row]:
    """Rows of these formats, but for sparse ones, which do less."""
    return [row for row in rows if (row.activations, row.weights) == (activations, weights)
            and ":" not in row.kind]


def _one(rows: Iterable[Row], kind: str, activations: str, weights: str) -> Row | None:
    return next((row for row in rows if row.name == (kind, activations, weights)), None)


def _best(rows: Iterable[Row], activations: str, weights: str) -> Row | None:
    return _least(_of(rows, activations, weights))


def _least(rows: Sequence[Row]) -> Row | None:
    return min(rows, key=lambda row: row.area_cycles, default=None)
