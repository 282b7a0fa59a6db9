# amaranth: UnusedElaboratable=no
"""Error, cells and latency of every way; cells are cached by content."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from boards.component import resources
from boards.devices import device as find_device
from sw_model.graph import Graph

from ..alone import component_of
from ..mapping.frames import frame_of
from ..spec.designs import unit_request
from ..spec.document import parameters_document
from .variants import REFERENCES, Variant

__all__ = ["ROWS", "Row", "error_of", "measure"]

#: Rows of softmax that are tried, seeded; besides, edge rows.
ROWS = 2000

#: For whom units are made: with DSP blocks products are to be inferred, without they are logic.
DEVICE = "ecp5-85k"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What a way errs and takes.

    Parameters
    ----------
    family, name, unit : str
    given : tuple of str
        What the unit is given, as ``gatemill unit`` takes it.
    error : float
        The most over all codes of the operand, or over rows for softmax; relative for
        reciprocals.
    mean_error : float
    ecp5, ice40 : float
        LUT4 + 2 for each CCU2C, and LUT4, all without DSP blocks.
    ffs, dsps, ecp5_with_dsps : float
        On ECP5; the latter where synthesis may take DSP blocks.
    block_rams : float
        Of ECP5, which the area leaves out.
    interval : int
        Cycles from a word of the operand to the next.
    latency : int
        Cycles from the last word of the operand to the first of the result.
    operand : str
        What it takes, where that is not what others of the family do.
    best : bool
        Whether no other way of the family that takes the same is as good in error, area, block
        RAMs on ECP5 and cycles, and better in one of them: the Pareto front.
    """

    family: str
    name: str
    unit: str
    given: tuple[str, ...]
    error: float
    mean_error: float
    ecp5: float
    ice40: float
    ffs: float
    dsps: float
    ecp5_with_dsps: float
    block_rams: float
    latency: int
    interval: int = 1
    operand: str = ""
    best: bool = False


def measure(chosen: Iterable[Variant], progress: Callable[[str], None]) -> list[Row]:
    """A row for each variant, in order, the best of each family marked.

    Raises
    ------
    Fault
        If a tool is missing or fails.
    """
    chosen = list(chosen)
    rows = []
    for number, variant in enumerate(chosen):
        progress(f"{number + 1} of {len(chosen)}: {variant.family}, {variant.name}")
        rows.append(_row(variant))
    return [_marked(row, rows) for row in rows]


def _marked(row: Row, rows: Sequence[Row]) -> Row:
    """The row, marked if it is on its family's front."""
    def figures(each: Row) -> tuple[float, ...]:
        return each.error, each.ecp5, each.block_rams, each.interval

    beaten = any(figures(other) != figures(row) and all(
        one <= own for one, own in zip(figures(other), figures(row), strict=True))
        for other in rows if (other.family, other.operand) == (row.family, row.operand))
    return msgspec.structs.replace(row, best=not beaten)


def _row(variant: Variant) -> Row:
    request = unit_request(variant.unit, parameters_document(variant.unit, variant.texts))
    error, mean = error_of(variant, request.graph)
    chip = find_device(DEVICE)
    plain = replace(chip, dsps=0)
    logic, rich = (resources(component_of(request, device), ["ecp5"], dsp=device.dsps > 0)["ecp5"]
                   for device in (plain, chip))
    unit: Any = component_of(request, plain)
    words = frame_of(request.graph.tensors[request.graph.inputs[0]]).vector
    wait = (getattr(unit, "passes", 1) - 1) * (words - 1)
    ice40 = resources(component_of(request, plain), ["ice40"], dsp=False)["ice40"]
    return Row(family=variant.family, name=variant.name, unit=variant.unit, given=variant.given,
               error=error, mean_error=mean, ecp5=logic.area, ice40=ice40.area, ffs=logic.ffs,
               block_rams=logic.block_rams, dsps=rich.dsps, ecp5_with_dsps=rich.area,
               interval=getattr(unit, "step", 1), latency=unit.latency + wait,
               operand=variant.operand)


def error_of(variant: Variant, graph: Graph) -> tuple[float, float]:
    """Greatest and mean magnitude of what a variant is off by, from its golden model."""
    source = graph.tensors[graph.inputs[0]]
    low = source.format.min if variant.low is None else variant.low
    high = source.format.max if variant.high is None else variant.high
    if variant.numerator is not None:
        codes = np.stack([np.full(high - low + 1, variant.numerator), np.arange(low, high + 1)], 1)
    elif source.shape[-1] == 1:
        codes = np.arange(low, high + 1).reshape(-1, *([1] * len(source.shape)))
    else:
        codes = _rows(low, high, int(str(source.shape[-1])))
    found = graph.run({source.name: codes.astype(source.format.dtype)})[0][graph.outputs[0]]
    if variant.numerator is not None:
        codes, found = codes[:, 1:], found[:, :1]
    x = np.asarray(codes * variant.scale, np.float64)
    if variant.result is None:
        real = _joined(found)
    else:
        real = (found.astype(np.float64) - variant.zero) * variant.result
    off = real * x - 1 if variant.family == "reciprocal" else real - REFERENCES[variant.family](x)
    size = np.abs(off)
    return float(size.max()), float(size.mean())


def _joined(found: NDArray[Any]) -> NDArray[np.float64]:
    """Reals of mantissas with 16 fraction bits and their exponents."""
    return np.asarray(found[..., 0::2].astype(np.float64) * 2.0 ** (-16.0 - found[..., 1::2]))


def _rows(low: int, high: int, length: int) -> NDArray[np.int64]:
    """Normal rows of several widths, and edges: all equal, one hot, extremes."""
    rng = np.random.default_rng(1)
    wide = rng.uniform(2, (high - low) / 6, (ROWS, 1))
    rows = np.clip(np.rint(rng.normal(0, 1, (ROWS, length)) * wide), low, high)
    hot = np.full((2, length), low)
    hot[0, 0] = hot[1, -1] = high
    edges = np.array([np.full(length, code) for code in (low, 0, high)])
    return np.concatenate([rows, hot, edges]).astype(np.int64)
