# amaranth: UnusedElaboratable=no
"""The folded dense layer: rows x lanes of processing elements serve any matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amaranth import Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from sw_model.formats import BipolarFormat, Format, IntFormat, as_index

from ..network.loops import Loops
from ..pe import PE_KINDS, DotSpec
from ..pe.rows import rows_of
from ..shapes import vector_of
from ..streams.pipeline import valid_chain

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
        for name in ("rows", "cols", "vectors"):
            if as_index(name, getattr(self, name)) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")


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
    """

    activations: Format
    weights: Format
    accumulator: IntFormat
    bias: IntFormat | None
    rows: int
    lanes: int
    jobs: tuple[DenseJob, ...]
    pe: str = "parallel"

    def __post_init__(self) -> None:
        for name in ("rows", "lanes"):
            if as_index(name, getattr(self, name)) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not self.jobs:
            raise ValueError("jobs must not be empty")
        if self.pe not in PE_KINDS:
            raise ValueError(f"pe must be one of {', '.join(PE_KINDS)}, not {self.pe!r}")

    def column_words(self, job: DenseJob) -> int:
        """Words of ``lanes`` codes in one vector."""
        return -(-job.cols // self.lanes)

    def row_folds(self, job: DenseJob) -> int:
        """Turns in which ``rows`` processing elements cover the matrix's rows."""
        return -(-job.rows // self.rows)

    @property
    def dot(self) -> DotSpec:
        """What each processing element computes."""
        return DotSpec(self.activations, self.weights, self.lanes)


class DenseLayer(wiring.Component):
    """Matrix-vector products: ``rows`` dot products of ``lanes`` pairs every ``step`` cycles.

    A vector of a job takes ``ceil(rows/PE) * ceil(cols/SIMD) * step`` cycles (PE, SIMD: the
    spec's rows and lanes; ``step``: the interval of its kind of processing element). During the
    first row fold the vector's words are taken from ``i`` and kept; the other folds read them
    again. Then the next vector begins without a gap. Weights come in the order in which they
    are used: for each row fold, for each word of the vector, ``rows`` x ``lanes`` codes; biases
    one word for each row fold. Results leave in words of ``rows`` accumulators; rows past the
    matrix's are padding. Columns past the matrix's must have weights of value zero, except that
    bipolar weights, which have none, may have any: the unit then gives those lanes the
    activation zero, or +1 if the activations are bipolar too (the bias must then take off the
    sum of the padding's weights).

    Parameters
    ----------
    spec : DenseSpec

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
        self._rows = rows_of(PE_KINDS[spec.pe], spec.dot, spec.rows)
        weights = ArrayLayout(vector_of(spec.weights, spec.lanes), spec.rows)
        members: dict[str, Any] = {
            "i": In(stream.Signature(vector_of(spec.activations, spec.lanes))),
            "weights": In(stream.Signature(weights)),
            "o": Out(stream.Signature(vector_of(spec.accumulator, spec.rows))),
        }
        if spec.bias is not None:
            members["bias"] = In(stream.Signature(vector_of(spec.bias, spec.rows)))
        super().__init__(members)

    @property
    def spec(self) -> DenseSpec:
        return self._spec

    @property
    def latency(self) -> int:
        """Cycles from taking a fold's last word to offering its results."""
        return 2 + self._rows.latency

    @property
    def step(self) -> int:
        """Cycles from taking a word to taking the next one."""
        return self._rows.interval

    def interval(self, job: int) -> int:
        """Cycles between two vectors of a job."""
        chosen = self._spec.jobs[job]
        return self._spec.row_folds(chosen) * self._spec.column_words(chosen) * self.step

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        spec = self._spec
        m.submodules.loops = loops = Loops(tuple(
            (spec.column_words(j), spec.row_folds(j), j.vectors) for j in spec.jobs))
        enable = Signal()
        fire = Signal()
        free = self._free(m, fire, enable)
        m.d.comb += [
            fire.eq((self.i.valid | ~loops.first_1) & free),
            loops.advance.eq(fire & enable),
            self.i.ready.eq(enable & loops.first_1 & free),
        ]

        # Stage 0 to 1: the word comes from the stream or from the vector kept.
        fetched = Signal()
        first = Signal()
        last = Signal()
        with m.If(enable):
            m.d.sync += [fetched.eq(fire), first.eq(loops.first_0), last.eq(loops.last_0)]
        operand = self._operand(m, loops, fire & enable, enable)

        # Stage 1 to 1 + latency: the processing elements.
        m.submodules.dots = dots = self._rows
        m.d.comb += [dots.enable.eq(enable), dots.start.eq(fetched), dots.a.eq(operand),
                     dots.w.eq(self.weights.payload)]
        depth = self._rows.latency
        valid = valid_chain(m, fetched, depth=depth, enable=enable)[-1]
        opens = self._delay(m, first, depth, enable, "opens")
        closes = self._delay(m, last, depth, enable, "closes")

        # Last stage: the accumulators are the output register.
        opening = valid & opens
        m.d.comb += [
            enable.eq((self.o.ready | ~self.o.valid) & (self.weights.valid | ~fetched)
                      & self._bias_there(opening)),
            self.weights.ready.eq(enable & fetched),
        ]
        if spec.bias is not None:
            m.d.comb += self.bias.ready.eq(enable & opening)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(enable):
            m.d.sync += self.o.valid.eq(valid & closes)
        for row in range(spec.rows):
            accumulator = Signal.like(self.o.payload[row], name=f"accumulator_{row}",
                                      reset_less=True)
            with m.If(enable & valid):
                m.d.sync += accumulator.eq(Mux(opens, self._start(row), accumulator) + dots.o[row])
            m.d.comb += self.o.payload[row].eq(accumulator)
        return m

    def _free(self, m: Module, fire: Signal, enable: Signal) -> Value:
        """Whether the processing elements take operands: ``step`` enabled cycles after the last."""
        if self.step == 1:
            return Const(1)
        wait = Signal(range(self.step))
        with m.If(enable & fire):
            m.d.sync += wait.eq(self.step - 1)
        with m.Elif(enable & wait.any()):
            m.d.sync += wait.eq(wait - 1)
        return ~wait.any()

    def _bias_there(self, opening: Value) -> Value:
        return Const(1) if self._spec.bias is None else self.bias.valid | ~opening

    def _start(self, row: int) -> Value:
        return Const(0) if self._spec.bias is None else self.bias.payload[row]

    def _delay(self, m: Module, flag: Signal, depth: int, enable: Signal, name: str) -> Signal:
        """``flag`` after ``depth`` enabled cycles."""
        for stage in range(depth):
            later = Signal(name=f"{name}_{stage}", reset_less=True)
            with m.If(enable):
                m.d.sync += later.eq(flag)
            flag = later
        return flag

    def _operand(self, m: Module, loops: Loops, taken: Value, enable: Signal) -> Value:
        """The vector's current word, in stage 1."""
        spec = self._spec
        arriving = self._masked(m, loops)
        direct = Signal.like(self.i.payload, reset_less=True)
        with m.If(enable):
            m.d.sync += direct.eq(arriving)
        if all(spec.row_folds(job) == 1 for job in spec.jobs):
            return direct
        depth = max(2, *(spec.column_words(j) for j in spec.jobs if spec.row_folds(j) > 1), 2)
        m.submodules.vector = memory = Memory(
            shape=self.i.payload.shape(), depth=depth, init=[])
        write, read = memory.write_port(), memory.read_port(transparent_for=())
        kept = Signal()
        m.d.comb += [
            write.addr.eq(loops.index_0), write.data.eq(arriving),
            write.en.eq(taken & loops.first_1),
            read.addr.eq(loops.index_0), read.en.eq(enable),
        ]
        with m.If(enable):
            m.d.sync += kept.eq(~loops.first_1)
        return Mux(kept, read.data, direct)

    def _masked(self, m: Module, loops: Loops) -> Value:
        """The arriving word, its padding made harmless where the weights have no zero."""
        spec = self._spec
        arriving = Signal.like(self.i.payload)
        m.d.comb += arriving.eq(self.i.payload)
        if not isinstance(spec.weights, BipolarFormat):
            return arriving
        harmless = 1 if isinstance(spec.activations, BipolarFormat) else 0
        for number, job in enumerate(spec.jobs):
            used = job.cols - (spec.column_words(job) - 1) * spec.lanes
            with m.If((loops.job == number) & loops.last_0):
                for lane in range(used, spec.lanes):
                    m.d.comb += arriving[lane].eq(harmless)
        return arriving
