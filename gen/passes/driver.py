"""The order of the passes, and a check after each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sw_model.graph import Graph
from sw_model.partition import partition

from .accumulators import (
    fit_accumulators,
    fold_zero_points,
    name_accumulators,
    narrow_accumulators,
)
from .lower import lower_chains
from .offsets import absorb_offsets
from .options import PassOptions
from .tidy import merge_reshapes, remove_dead_nodes

__all__ = ["Compiled", "run_passes"]

BEFORE: tuple[Callable[[Graph], Graph], ...] = (
    remove_dead_nodes, merge_reshapes, fold_zero_points, absorb_offsets,
    narrow_accumulators)
AFTER: tuple[Callable[[Graph], Graph], ...] = (
    merge_reshapes, fit_accumulators, name_accumulators)


@dataclass(frozen=True)
class Compiled:
    """A network whose core is integer nodes only, and what was proven about it.

    Parameters
    ----------
    graph : Graph
        With the names and order of inputs and outputs of the imported network, and its
        layers' names.
    report : tuple of dict
        For each function between two layers, as plain data: ``layer``, ``node``,
        ``channels``, ``replaces`` (operations of the file), ``form``, ``rows`` of constants (1
        if all channels share them), ``range`` of the accumulator, ``levels`` of the result,
        ``points`` at which form and reference were compared, and ``exhaustive``; for a
        multiply-add-shift ``multiplier_bits``, ``shift`` and ``offsets``, for thresholds ``steps``,
        for a rounding ``mode``, ``multiplier_bits`` and ``shift``.
    """

    graph: Graph
    report: tuple[dict[str, Any], ...]


def run_passes(graph: Graph, options: PassOptions) -> Compiled:
    """Apply every pass in order, checking the network before the first and after each.

    Raises
    ------
    Unsupported
        If nodes between layers cannot become hardware: all of them, with the reasons.
    InputFault
        If ``options`` ask for what is not there.
    """
    graph = _run(BEFORE, graph.check())
    lowered = lower_chains(graph, options)
    # Refused here rather than by the passes below, which need a core.
    partition(lowered.graph.check(), lowered.reasons)
    return Compiled(_run(AFTER, lowered.graph), lowered.report)


def _run(passes: tuple[Callable[[Graph], Graph], ...], graph: Graph) -> Graph:
    for run in passes:
        graph = run(graph).check()
    return graph
