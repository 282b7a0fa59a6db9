# amaranth: UnusedElaboratable=no
"""Matrix times vector on lanes whose weights come from several memories at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from amaranth import Cat, Module
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, connect, flipped

from sw_model.formats import Format, IntFormat

from ..shapes import vector_of
from ..streams import Join
from .dense import DenseJob, DenseLayer, DenseSpec
from .gemm import check_padding, check_sizes

__all__ = ["Form", "GemvBanks", "GemvSpec"]

#: Over what the lanes lie.
Form = Literal["dot", "broadcast"]


@dataclass(frozen=True)
class GemvSpec:
    """Parameters of banks of lanes for matrix-vector products.

    Parameters
    ----------
    activations, weights : Format
        Of the operands.
    accumulator : IntFormat
        Holds every result; sums wrap within it on the way, which does no harm.
    form : "dot" or "broadcast"
        Lanes take pairs of one dot product, or one activation for as many results.
    banks, lanes : int
        Streams of weights, and codes in a word of each: P = banks * lanes.
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
    form: Form
    banks: int
    lanes: int
    jobs: tuple[DenseJob, ...]
    pe: str = "parallel"
    reach: tuple[int, int] | None = field(default=None, compare=False, repr=False)
    family: str | None = None

    def __post_init__(self) -> None:
        if self.form not in get_args(Form):
            raise ValueError(f"form must be {' or '.join(get_args(Form))}, not {self.form!r}")
        check_sizes(self, "banks", "lanes")
        dense = self.dense
        # Signs have no zero, and here are no biases that could take their padding off.
        for job in dense.jobs:
            check_padding(self.activations, self.weights, job.cols, dense.lanes, name="cols")

    @property
    def width(self) -> int:
        """P, all lanes."""
        return self.banks * self.lanes

    @property
    def dense(self) -> DenseSpec:
        """The folded layer that does the same: one row of P lanes, or P rows of one."""
        rows, lanes = (1, self.width) if self.form == "dot" else (self.width, 1)
        return DenseSpec(self.activations, self.weights, self.accumulator, None, rows, lanes,
                         self.jobs, self.pe, self.reach, self.family)


class GemvBanks(wiring.Component):
    """A :class:`DenseLayer` of P lanes whose weights come in as many streams as memories.

    A vector of K elements times a matrix of N rows takes ``ceil(K/P) * N * interval`` cycles in
    the form "dot", in which all lanes work at one result and an adder tree sums them, and
    ``ceil(N/P) * K * interval`` as "broadcast", in which all get the same activation and keep a
    sum each. From a vector's first word to its last result it takes ``latency - interval + 1``
    more; in the form "dot" the latency has the tree's depth in it. The first form wastes lanes
    where P does not divide K, the second where it does not divide N.

    Weights are taken from all banks at once, in the order of use: for each P rows of the matrix
    ("broadcast") or each row ("dot"), for each word of the vector. Bank ``b`` holds codes
    ``b * lanes`` to ``(b + 1) * lanes - 1`` of the P. The vector is kept, so it comes once.
    Pairs past K must have a product of zero; rows past N may be anything.

    Parameters
    ----------
    spec : GemvSpec

    Raises
    ------
    ValueError
        If the kind of processing element does not take the formats, no padding of K has a
        product of zero, or the accumulator does not hold all results.

    Members
    -------
    i : ``In(stream.Signature(vector_of(activations, P or 1)))``
        P elements of the vector for "dot", one for "broadcast".
    weights : ``In(stream.Signature(vector_of(weights, lanes))).array(banks)``
    o : ``Out(stream.Signature(vector_of(accumulator, 1 or P)))``
        One result for "dot", P for "broadcast".
    """

    def __init__(self, spec: GemvSpec) -> None:
        if not isinstance(spec, GemvSpec):
            raise TypeError(f"spec must be a GemvSpec, not {spec!r}")
        self._spec, self._layer = spec, DenseLayer(spec.dense)
        members = self._layer.signature.members
        bank = stream.Signature(vector_of(spec.weights, spec.lanes))
        super().__init__({"i": members["i"], "weights": In(bank).array(spec.banks),
                          "o": members["o"]})

    @property
    def spec(self) -> GemvSpec:
        return self._spec

    @property
    def latency(self) -> int:
        """Cycles from taking a vector's last word to offering its last result."""
        return self._layer.latency

    @property
    def step(self) -> int:
        """Cycles from taking a word to taking the next one."""
        return self._layer.step

    def interval(self, job: DenseJob) -> int:
        """Cycles between two samples of a job."""
        dense = self._layer.spec
        return dense.row_folds(job) * dense.column_words(job) * job.vectors * self.step

    def cycles(self, job: DenseJob) -> int:
        """Cycles of one sample: from that in which its first word is taken to that in which its
        last result is offered, both counted."""
        return self.interval(job) - self.step + self.latency + 1

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.layer = layer = self._layer
        m.submodules.join = join = Join(*(bank.payload.shape() for bank in self.weights))
        for number, bank in enumerate(self.weights):
            connect(m, flipped(bank), getattr(join, f"i{number}"))
        connect(m, flipped(self.i), layer.i)
        connect(m, layer.o, flipped(self.o))
        m.d.comb += [
            layer.weights.payload.as_value().eq(Cat(
                join.o.payload[f"i{number}"] for number in range(self._spec.banks))),
            layer.weights.valid.eq(join.o.valid), join.o.ready.eq(layer.weights.ready)]
        return m
