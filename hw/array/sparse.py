# amaranth: UnusedElaboratable=no
"""The folded layer for N:M sparse matrices, and for dense ones on the same lanes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from amaranth import Module, Signal
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import Format, IntFormat
from sw_model.formats.sparse import SparseFormat

from ..network.loops import Loops
from ..pe import PE_KINDS, DotProduct
from ..pe.sparse import SparseDotProduct, SparseDotSpec
from ..streams.sequence import choose
from ..unique import Unique
from .dense import DenseJob
from .folded import FoldedLayer
from .gemm import check_accumulator, check_array, whole

__all__ = ["SparseJob", "SparseLayer", "SparseLayerSpec", "SparseRows"]


@dataclass(frozen=True)
class SparseJob(DenseJob):
    """One matrix that the unit serves in its turn.

    Parameters
    ----------
    rows, cols, vectors
        As of :class:`DenseJob`.
    dense : bool
        Whether the matrix is dense; otherwise its rows are N:M sparse.
    """

    dense: bool = False


@dataclass(frozen=True)
class SparseLayerSpec:
    """Parameters of a folded layer for sparse and dense matrices.

    Parameters
    ----------
    activations : Format
    weights : SparseFormat
        N of how many neighbours M are kept, and the format of their codes.
    accumulator : IntFormat
        Holds every result; sums wrap within it on the way, which does no harm.
    bias : IntFormat or None
        Of the biases; None if there are none.
    rows, blocks : int
        Processing elements, and blocks of M activations that each takes at once, with N
        multipliers or what stands for them.
    jobs : tuple of SparseJob
        Served cyclically, in this order.
    pe : str
        Kind of processing element, a key of :data:`hw.pe.PE_KINDS`.
    reach : (int, int), optional
        Least and greatest result, where less is known of the operands than their formats allow.
    family : str, optional
        Of the devices whose DSP blocks the processing elements are made for; those of the widest
        multipliers if it is None.
    """

    activations: Format
    weights: SparseFormat
    accumulator: IntFormat
    bias: IntFormat | None
    rows: int
    blocks: int
    jobs: tuple[SparseJob, ...]
    pe: str = "parallel"
    reach: tuple[int, int] | None = field(default=None, compare=False, repr=False)
    family: str | None = None

    def __post_init__(self) -> None:
        check_array(self, "rows", "blocks")
        if not isinstance(self.weights, SparseFormat):
            raise TypeError(f"weights must be a SparseFormat, not {self.weights!r}")

    @property
    def dot(self) -> SparseDotSpec:
        """What each row computes."""
        return SparseDotSpec(self.activations, self.weights, self.blocks)

    def turns(self, job: SparseJob) -> int:
        """Steps for which a word of activations stays: ``ceil(M/N)`` if the matrix is dense."""
        return self.dot.turns if job.dense else 1

    def column_words(self, job: SparseJob) -> int:
        """Words of ``blocks * M`` activations in one vector."""
        return whole(job.cols, self.blocks * self.weights.of)

    def pairs(self, job: SparseJob) -> int:
        """Products of a result that are not zero, at most."""
        if job.dense:
            return job.cols
        return min(job.cols, whole(job.cols, self.weights.of) * self.weights.keep)

    def row_folds(self, job: SparseJob) -> int:
        """Turns in which ``rows`` processing elements cover the matrix's rows."""
        return whole(job.rows, self.rows)


class SparseRows(wiring.Component):
    """Rows of :class:`SparseDotProduct` that take the same activations and the same turn.

    Each has multiplexers of its own: rows keep weights in different places. So kinds that gain
    from sharing activations do not here.

    Parameters
    ----------
    kind : type of DotProduct
    spec : SparseDotSpec
    rows : int
    family : str, optional
        As :class:`SparseDotProduct` has them.

    Members
    -------
    enable, start, dense : ``In(1)``
    turn : ``In(range(turns))``
    a : ``In(vector_of(activations, blocks * of))``
    w : ``In(ArrayLayout(ArrayLayout(sparse_layout(weights), blocks), rows))``
    o : ``Out(ArrayLayout(shape_between(*spec.dot.result_range), rows))``
        All as :class:`SparseDotProduct` has them.
    """

    def __init__(self, kind: type[DotProduct], spec: SparseDotSpec, rows: int, *,
                 family: str | None = None) -> None:
        self._elements = [Unique(SparseDotProduct, kind, spec, family=family)
                          for _ in range(rows)]
        one = self._elements[0].component
        self.rows, self.latency, self.interval = rows, one.latency, one.interval
        members = one.signature.members
        super().__init__({name: members[name] for name in ("enable", "start", "dense", "turn", "a")}
                         | {"w": In(ArrayLayout(members["w"].shape, rows)),
                            "o": Out(ArrayLayout(members["o"].shape, rows))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        for row, element in enumerate(self._elements):
            m.submodules[f"pe_{row}"] = element
            m.d.comb += [getattr(element, name).eq(getattr(self, name))
                         for name in ("enable", "start", "dense", "turn", "a")]
            m.d.comb += [element.w.eq(self.w[row]), self.o[row].eq(element.o)]
        return m


class SparseLayer(FoldedLayer):
    """Matrix-vector products: ``rows`` dot products of ``blocks`` blocks every ``step`` cycles.

    A vector of a sparse job takes ``ceil(rows/R) * ceil(cols/(B*M)) * step`` cycles on R rows of
    B blocks (``step``: the interval of the kind of processing element), one of a dense job
    ``ceil(M/N)`` times as many: N activations of each block a turn. So K sparse pairs take what
    a :class:`DenseLayer` with as many multipliers, B*N a row, takes for K*N/M.

    Vectors are kept as :class:`FoldedLayer` has it; weights come a word for each row fold, each
    word of the vector and, if dense, each turn t: of each block the N at the places t*N to
    t*N + N - 1, in the field ``values``, while ``places`` may be anything. Results leave in words
    of ``rows`` accumulators; rows past the matrix's are padding. Weights of columns past the
    matrix's, and those past a block in its last turn, must be of value zero.

    Source: Zhou et al., Learning N:M Fine-grained Structured Sparse Neural Networks From Scratch
    (arXiv 2102.04010); Fang et al., SAT, for the dense mode.

    Parameters
    ----------
    spec : SparseLayerSpec

    Raises
    ------
    ValueError
        If the kind of processing element does not take the formats, or the accumulator does not
        hold all results.

    Members
    -------
    i : ``In(stream.Signature(vector_of(activations, blocks * M)))``
    weights : ``In(stream.Signature(...))``
        ``ArrayLayout(ArrayLayout(sparse_layout(weights), blocks), rows)``
    bias : ``In(stream.Signature(vector_of(bias, rows)))``
        Only if the spec has a bias.
    o : ``Out(stream.Signature(vector_of(accumulator, rows)))``
    """

    def __init__(self, spec: SparseLayerSpec) -> None:
        if not isinstance(spec, SparseLayerSpec):
            raise TypeError(f"spec must be a SparseLayerSpec, not {spec!r}")
        self._spec = spec
        super().__init__(
            SparseRows(PE_KINDS[spec.pe], spec.dot, spec.rows, family=spec.family),
            spec.accumulator, spec.bias,
            tuple((spec.turns(job), spec.column_words(job), spec.row_folds(job), job.vectors)
                  for job in spec.jobs))
        check_accumulator(spec.accumulator, spec.dot.dot, map(spec.pairs, spec.jobs),
                          reach=spec.reach, bias=spec.bias)

    @property
    def spec(self) -> SparseLayerSpec:
        return self._spec

    def _steer(self, m: Module, loops: Loops, enable: Signal) -> None:
        dense = choose([int(job.dense) for job in self._spec.jobs], loops.job)
        with m.If(enable):
            m.d.sync += [self._dots.dense.eq(dense), self._dots.turn.eq(loops.index_0)]
