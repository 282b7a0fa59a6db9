# amaranth: UnusedElaboratable=no
"""The folded dense layer: rows x lanes of processing elements serve any matrix."""

from __future__ import annotations

from dataclasses import dataclass, field

from amaranth import Module, Signal, Value

from sw_model.formats import BipolarFormat, Format, IntFormat

from ..network.loops import Loops
from ..pe import PE_KINDS, DotSpec
from ..pe.rows import rows_of
from .folded import FoldedLayer
from .gemm import check_accumulator, check_array, check_padding, check_sizes, whole, zero_code

__all__ = ["DenseJob", "DenseLayer", "DenseSpec"]


@dataclass(frozen=True)
class DenseJob:
    """One matrix that the unit serves in its turn.

    Parameters
    ----------
    rows, cols : int
        Of the matrix.
    vectors : int
        Vectors of one sample.
    """

    rows: int
    cols: int
    vectors: int = 1

    def __post_init__(self) -> None:
        check_sizes(self, "rows", "cols", "vectors")


@dataclass(frozen=True)
class DenseSpec:
    """Parameters of a folded dense layer.

    Parameters
    ----------
    activations, weights : Format
        Of the operands.
    accumulator : IntFormat
        Holds every result; sums wrap within it on the way, which does no harm.
    bias : IntFormat or None
        Of the biases; None if there are none.
    rows, lanes : int
        Processing elements, and pairs that each takes at once.
    jobs : tuple of DenseJob
        Served cyclically, in this order.
    pe : str
        Kind of processing element, a key of :data:`hw.pe.PE_KINDS`.
    reach : (int, int), optional
        Least and greatest result, where less is known of the operands than their formats allow.
    family : str, optional
        Of the device, for kinds that depend on it.
    """

    activations: Format
    weights: Format
    accumulator: IntFormat
    bias: IntFormat | None
    rows: int
    lanes: int
    jobs: tuple[DenseJob, ...]
    pe: str = "parallel"
    reach: tuple[int, int] | None = field(default=None, compare=False, repr=False)
    family: str | None = None

    def __post_init__(self) -> None:
        check_array(self, "rows", "lanes")
        if not self.bipolar:
            for job in self.jobs:
                check_padding(self.activations, self.weights, job.cols, self.lanes, name="cols")

    @property
    def bipolar(self) -> bool:
        """Whether a product is a sign, and padding adds 1 or -1."""
        return isinstance(self.activations, BipolarFormat) and isinstance(
            self.weights, BipolarFormat)

    def column_words(self, job: DenseJob) -> int:
        """Words of ``lanes`` codes in one vector."""
        return whole(job.cols, self.lanes)

    def row_folds(self, job: DenseJob) -> int:
        """Turns in which ``rows`` processing elements cover the matrix's rows."""
        return whole(job.rows, self.rows)

    @property
    def dot(self) -> DotSpec:
        """What each processing element computes."""
        return DotSpec(self.activations, self.weights, self.lanes)


class DenseLayer(FoldedLayer):
    """Matrix-vector products: ``rows`` dot products of ``lanes`` pairs every ``step`` cycles.

    A vector of a job takes ``ceil(rows/PE) * ceil(cols/SIMD) * step`` cycles (PE, SIMD: the
    spec's rows and lanes; ``step``: the interval of its kind of processing element). The vector's
    words are taken from ``i`` during the first row fold and kept for the others
    (:class:`FoldedLayer`). Weights come in the order in which they are used: for each row fold,
    for each word of the vector, ``rows`` x ``lanes`` codes; biases one word for each row fold.
    Results leave in words of ``rows`` accumulators; rows past the matrix's are padding. Columns
    past the matrix's must have weights of value zero. Weights of a format without zero may be
    any there: the unit then gives those lanes an activation of value zero, or +1 if activations and
    weights are bipolar (the bias must then take off the sum of the padding's weights).

    Parameters
    ----------
    spec : DenseSpec

    Raises
    ------
    ValueError
        If the kind of processing element does not take the formats, no padding of columns has a
        product of zero, or the accumulator does not hold all results.

    Members
    -------
    i : ``In(stream.Signature(vector_of(activations, lanes)))``
    weights : ``In(stream.Signature(ArrayLayout(vector_of(weights, lanes), rows)))``
    bias : ``In(stream.Signature(vector_of(bias, rows)))``
        Only if the spec has a bias.
    o : ``Out(stream.Signature(vector_of(accumulator, rows)))``
    """

    def __init__(self, spec: DenseSpec) -> None:
        if not isinstance(spec, DenseSpec):
            raise TypeError(f"spec must be a DenseSpec, not {spec!r}")
        self._spec = spec
        super().__init__(
            rows_of(PE_KINDS[spec.pe], spec.dot, spec.rows, family=spec.family),
            spec.accumulator, spec.bias,
            tuple((1, spec.column_words(job), spec.row_folds(job), job.vectors)
                  for job in spec.jobs))
        check_accumulator(spec.accumulator, spec.dot, [job.cols for job in spec.jobs],
                          reach=spec.reach, bias=spec.bias)

    @property
    def spec(self) -> DenseSpec:
        return self._spec

    def _arriving(self, m: Module, loops: Loops) -> Value:
        """The arriving word, its padding made harmless where the weights have no zero."""
        spec = self._spec
        arriving = Signal.like(self.i.payload)
        m.d.comb += arriving.eq(self.i.payload)
        if zero_code(spec.weights) is not None:
            return arriving
        harmless = 1 if spec.bipolar else zero_code(spec.activations)
        for number, job in enumerate(spec.jobs):
            used = job.cols - (spec.column_words(job) - 1) * spec.lanes
            with m.If((loops.job == number) & loops.last_1):
                m.d.comb += [arriving[lane].eq(harmless) for lane in range(used, spec.lanes)]
        return arriving
