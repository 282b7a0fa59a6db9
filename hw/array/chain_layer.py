# amaranth: UnusedElaboratable=no
"""The folded layer on a chain: sparse matrices of any N:M, one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from amaranth import Array, Module, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import IntFormat, as_index
from sw_model.formats.sparse import SparseFormat

from ..arith.registered import registered
from ..network.loops import Loops
from ..pe.base import DotSpec
from ..streams.sequence import choose
from .chain import ChainSpec, DspChain
from .dense import DenseJob
from .folded import FoldedLayer
from .gemm import check_accumulator, whole

__all__ = ["ChainJob", "ChainLayer", "ChainLayerSpec", "ChainRows"]


@dataclass(frozen=True)
class ChainJob(DenseJob):
    """One matrix that the unit serves in its turn.

    Parameters
    ----------
    rows, cols, vectors
        As of :class:`DenseJob`.
    keep : int
        N, how many of M neighbouring weights are kept; M if the matrix is dense.
    """

    keep: int = field(kw_only=True)


@dataclass(frozen=True)
class ChainLayerSpec:
    """Parameters of a folded layer on a chain.

    Parameters
    ----------
    chain : ChainSpec
    accumulator : IntFormat
        Holds every result; sums wrap within it on the way, which does no harm.
    jobs : tuple of ChainJob
        Served cyclically, in this order.
    reach : (int, int), optional
        Least and greatest result, where less is known of the operands than their formats allow.

    Raises
    ------
    ValueError
        If there are no jobs, one keeps none or more than M weights, or the weights have no zero.
    """

    chain: ChainSpec
    accumulator: IntFormat
    jobs: tuple[ChainJob, ...]
    reach: tuple[int, int] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.jobs:
            raise ValueError("jobs must not be empty")
        for job in self.jobs:
            as_index("keep", job.keep)
            self.sparse(job)

    def sparse(self, job: ChainJob) -> SparseFormat:
        """In which a job's weights come."""
        return SparseFormat(job.keep, self.chain.of, self.chain.weights)

    def groups(self, job: ChainJob) -> int:
        """Groups of the chain that a row takes at once."""
        return min(whole(job.keep, self.chain.group), self.chain.nodes)

    def turns(self, job: ChainJob) -> int:
        """Steps for which a word stays: more than one where the chain is shorter than a row."""
        return whole(job.keep, self.chain.length)

    def column_words(self, job: ChainJob) -> int:
        """Words of M activations in one vector."""
        return whole(job.cols, self.chain.of)

    def rows(self, job: ChainJob) -> int:
        """Rows of the matrix at once."""
        return self.chain.nodes // self.groups(job)

    def row_folds(self, job: ChainJob) -> int:
        """Turns in which the chain covers the matrix's rows."""
        return whole(job.rows, self.rows(job))

    def pairs(self, job: ChainJob) -> int:
        """Products of a result that are not zero, at most."""
        return min(job.cols, self.column_words(job) * job.keep)

    def vector_words(self, job: ChainJob) -> int:
        """Turns in which all vectors of one sample are taken."""
        return whole(job.vectors, self.chain.vectors)


class ChainRows(wiring.Component):
    """A chain as rows of dot products: a reduction point behind every so many groups.

    Parameters
    ----------
    spec : ChainSpec
    groups : tuple of int
        Those of a row, of which ``choice`` takes one with the operands.

    Members
    -------
    enable, start : ``In(1)``
        Nothing waits for ``start``.
    choice : ``In(range(len(groups)))``
    a, w : ``In``
        As :class:`DspChain` has them.
    o : ``Out(ArrayLayout(shape, vectors * most rows at once))``
        All rows' results of a vector, then those of the next.
    """

    interval = 1

    def __init__(self, spec: ChainSpec, groups: tuple[int, ...]) -> None:
        self._spec, self._groups, self._chain = spec, groups, DspChain(spec)
        self.latency = self._chain.latency
        #: Results at once.
        self.rows = spec.vectors * (spec.nodes // min(groups))
        members = self._chain.signature.members
        super().__init__({
            "enable": In(1), "start": In(1), "choice": In(range(len(groups))),
            "a": members["a"], "w": members["w"],
            "o": Out(ArrayLayout(members["o"].shape.elem_shape.elem_shape, self.rows))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        spec = self._spec
        m.submodules.chain = chain = self._chain
        ends = [sum(1 << node for node in range(spec.nodes) if (node + 1) % groups == 0)
                for groups in self._groups]
        m.d.comb += [chain.enable.eq(self.enable), chain.a.eq(self.a), chain.w.eq(self.w),
                     chain.ends.eq(choose(ends, self.choice))]
        choice = registered(m, self.choice, enable=self.enable, name="choice_late",
                            stages=self.latency)
        rows = self.rows // spec.vectors
        for row in range(rows):
            # Rows that are not there may be any.
            nodes = [min((row + 1) * groups, spec.nodes) - 1 for groups in self._groups]
            for vector in range(spec.vectors):
                sums = Array(chain.o[node][vector] for node in nodes)
                m.d.comb += self.o[vector * rows + row].eq(sums[choice])
        return m


class ChainLayer(FoldedLayer):
    """Products of a matrix and several vectors at once, on one chain for every N:M.

    A row takes ``ceil(N/group)`` groups of a chain of P, so that P/ceil(N/group) rows, rounded
    down, are served at once, each with M activations; ``ceil(N/length)`` turns, a row at a time,
    where the chain is shorter than a row. As many vectors as lie side by side in a multiplier
    take ``ceil(rows/(rows at once)) * ceil(cols/M) * turns`` cycles; M/N times as many if the
    matrix is dense.

    Vectors are kept as :class:`FoldedLayer` has it. Weights come a word for each row fold, each
    word of the vectors and each turn: row after row, N values and places and zeros up to a whole
    group, in a last turn up to the chain's end. Weights of columns past the matrix's must be
    zero too. Results leave in words of each vector's rows; rows past the matrix's or past those
    that the job has at once are padding, and so are vectors past the sample's last.

    Source: Zeng et al., FlightLLM, section 4 (arXiv 2401.03868).

    Parameters
    ----------
    spec : ChainLayerSpec

    Raises
    ------
    ValueError
        If the accumulator does not hold all results.

    Members
    -------
    i : ``In(stream.Signature(vector_of(activations, vectors * M)))``
    weights : ``In(stream.Signature(ArrayLayout(weight_layout(chain), length)))``
    o : ``Out(stream.Signature(vector_of(accumulator, vectors * rows)))``
        The most rows at once of all jobs.
    """

    def __init__(self, spec: ChainLayerSpec) -> None:
        if not isinstance(spec, ChainLayerSpec):
            raise TypeError(f"spec must be a ChainLayerSpec, not {spec!r}")
        self._spec = spec
        self._groups = tuple(sorted({spec.groups(job) for job in spec.jobs}))
        super().__init__(
            ChainRows(spec.chain, self._groups), spec.accumulator, None,
            tuple((spec.turns(job), spec.column_words(job), spec.row_folds(job),
                   spec.vector_words(job)) for job in spec.jobs))
        check_accumulator(
            spec.accumulator, DotSpec(spec.chain.activations, spec.chain.weights, 1),
            map(spec.pairs, spec.jobs), reach=spec.reach)

    @property
    def spec(self) -> ChainLayerSpec:
        return self._spec

    def _steer(self, m: Module, loops: Loops, enable: Signal) -> None:
        choices = [self._groups.index(self._spec.groups(job)) for job in self._spec.jobs]
        with m.If(enable):
            m.d.sync += self._dots.choice.eq(choose(choices, loops.job))
