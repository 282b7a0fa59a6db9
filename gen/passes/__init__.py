"""Passes: from the imported network to the one that becomes hardware."""

from __future__ import annotations

from sw_model.graph import Graph

from .driver import Compiled, run_passes
from .options import PassOptions
from .proof import ProofError

__all__ = ["Compiled", "PassOptions", "ProofError", "compile_graph", "run_passes"]


def compile_graph(graph: Graph, options: PassOptions | None = None) -> Compiled:
    """The network with an integer core that equals ``graph`` bit for bit, proven.

    See :func:`.driver.run_passes`.
    """
    return run_passes(graph, options or PassOptions())
