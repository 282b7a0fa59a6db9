"""Norms' units with the parameters of their channels, and rows that are hard for them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from amaranth import Value
from numpy.typing import ArrayLike, NDArray

from sw_model.tables import pack_fields, vectors_to_words
from verif.manifest import Stream

from .emulated import emulator_of
from .rows import row_unit
from .units import Unit

__all__ = ["by_length", "edge_rows", "emulate", "norm_unit"]


def norm_unit(component: Any, rows: Sequence[NDArray[Any]], expected: Sequence[ArrayLike],
              parameters: Sequence[NDArray[Any]] = (), **settings: Any) -> Unit:
    """A check of a norm; ``parameters`` are those of the channels of the longest row, by the
    order of their fields."""
    unit = row_unit(component, rows, expected, **settings)
    if not parameters:
        return unit
    fields = component.parameters.payload.shape().elem_shape.members.values()
    widths = [field.width for field in fields]
    words = {size: pack_fields([vectors_to_words(each[None, :size], component.lanes)
                                for each in parameters], widths) for size in set(map(len, rows))}
    return replace(unit, since="i", stimulus={
        **unit.stimulus, "parameters": [word for row in rows for word in words[len(row)]]})


def by_length(golden: Callable[[NDArray[Any]], NDArray[Any]], rows: Sequence[NDArray[Any]]
              ) -> list[NDArray[Any]]:
    """What a function of rows along the last axis makes of each: of those of one length at
    once."""
    results: dict[int, NDArray[Any]] = {}
    sizes = np.array(list(map(len, rows)))
    for size in set(sizes.tolist()):
        places = np.flatnonzero(sizes == size)
        results |= zip(places.tolist(), golden(np.stack([rows[k] for k in places])), strict=True)
    return [results[k] for k in range(len(rows))]


def edge_rows(rng: np.random.Generator, longest: int, low: int, high: int, count: int = 12
              ) -> list[NDArray[Any]]:
    """Random rows of large and small numbers, the longest first; rows of one; all equal, one
    hot, the greatest and the least first and last, both ends of the range in turn, means halfway
    between integers."""
    rows = [rng.integers(low, high, size, endpoint=True) // rng.integers(1, high)
            for size in (longest, *rng.integers(1, longest, count, endpoint=True))]
    rows += [np.full(size, value) for value in (low, high, 0, 1) for size in (1, longest)]
    for value in (low, high):
        for place in (0, -1):
            for others in (0, low + high - value):
                rows.append(np.full(longest, others))
                rows[-1][place] = value
    rows += [np.array([mean, mean + 1]) for mean in (low, 0, 1, high - 1)]
    return [*rows, np.resize([low, high], longest), np.resize([high, low], longest - 1),
            np.arange(longest) % (high - low + 1) + low]


def emulate(units: Sequence[Unit], folder: Path, stalls: Sequence[float] = (0.0, 0.3)) -> None:
    """All units side by side in an emulator, for more words than a simulator's time allows.
    Streams are at most 63 bits wide. A run for each chance of pauses."""
    streams, inputs = [], {}
    # What comes and goes in so many equal parts: rows, or more of them.
    parts = math.gcd(*(len(words) for unit in units
                       for given in (unit.stimulus, unit.expected) for words in given.values()))
    for k, unit in enumerate(units):
        for way, given in (("in", unit.stimulus), ("out", unit.expected)):
            streams += [Stream(
                name=f"u{k}__{name}", direction=way, tensor=f"{name}{k}", lanes=1,
                vector=len(words) // parts, format=f"uint{_width(unit, name)}")
                for name, words in given.items()]
        inputs |= {f"{name}{k}": _whole(words, _width(unit, name))[0].reshape(parts, -1)
                   for name, words in unit.stimulus.items()}
    emulator = emulator_of([unit.component for unit in units], streams, folder, quick=False)
    for chance in stalls:
        outputs = emulator.run(inputs, idle=chance, stall=chance, seed=1).outputs
        for k, unit in enumerate(units):
            for name, words in unit.expected.items():
                wanted, masks = _whole(words, _width(unit, name))
                np.testing.assert_array_equal(
                    outputs[f"{name}{k}"].reshape(-1) & masks, wanted & masks,
                    f"unit {k}, {type(unit.component).__name__}, {name}")


def _width(unit: Unit, name: str) -> int:
    return len(Value.cast(getattr(unit.component, name).payload))


def _whole(words: Any, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Words as whole payloads, and masks of the bits that count."""
    if isinstance(words, np.ndarray):
        lane = width // words.shape[1]
        places, ones = lane * np.arange(words.shape[1]), (1 << lane) - 1
        counts = np.where(np.ma.getmaskarray(words), 0, ones)
        codes = np.ma.getdata(words).astype(np.int64) & ones
        return (codes << places).sum(axis=1), (counts << places).sum(axis=1)
    pairs = [(word, -1) if isinstance(word, int) else word for word in words]
    whole, masks = np.array(pairs, np.int64).T
    return whole, masks
