# amaranth: UnusedElaboratable=no
"""From accumulators to blocks that share a scale, between streams."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from sw_model.formats import FixedFormat, IntFormat, as_index
from sw_model.formats.blocks import NVFormat
from sw_model.specs.block_quantise import APART
from sw_model.specs.nv_steps import MOST, NVSteps

from ..rescale.lane_unit import LaneUnit
from ..shapes import vector_of
from ..streams import Fork, Queue, Register
from ..streams.sequence import counter
from .block_scale import BlockScale
from .blocks import ScaledBlock
from .magnitude import MagnitudeLane
from .shared_exponent import ExponentLane, ExponentPeak, ExponentScale, SharedExponent
from .stepped import StepLane, StepPeak, StepScale

__all__ = ["BlockQuantiser"]


class BlockQuantiser(wiring.Component):
    """Integers to codes and scales of a block format, as :meth:`BlockFormat.encode` has them.

    Codes and scales are those of ``form.encode(source.decode(codes))``, for NVFP4 and NVINT4
    with ``tensor_scale``, bit for bit. Blocks lie along the last axis, ``form.size / lanes``
    words each; no word is padded.

    Takes and offers a word a cycle in steady state: words wait in a queue until the largest
    magnitude of their block, and so its scale, is known, while those of the next block come
    in. A scale is offered no later than the first codes of its block, and does not wait for
    them to be taken, nor they for it; the codes of the next block wait until it is taken.

    Sources: those of ``form``. Scales that are powers of two come from the leading one of a
    block's magnitudes. Others are found by binary search among the magnitudes where they step,
    codes by comparing with the seven magnitudes where those of a scale step
    (:class:`sw_model.specs.nv_steps.NVSteps`): there is neither a divider nor a multiplier.

    Parameters
    ----------
    source : IntFormat or FixedFormat
        Of at most 53 bits, its lowest from ``2**-200`` to ``2**200``. For NVFormats all its
        numbers must lie in the range of float32, to which they are rounded first.
    form : MXFormat, BFPFormat or NVFormat
    lanes : int
        Elements of a word; a divisor of ``form.size``.
    tensor_scale : float or None
        The scale of all tensors, a number of float32, where the format has one.

    Members
    -------
    i : ``In(stream.Signature(vector_of(source, lanes)))``
    o : ``Out(stream.Signature(vector_of(form.element, lanes)))``
    scales : ``Out(stream.Signature(vector_of(..., 1)))``
        Of ``form.scale`` for NVFormats, else of E8M0; one for each block.

    Raises
    ------
    TypeError, ValueError
        If there is no such unit.
    """

    #: Cycles between two words.
    interval = 1

    def __init__(self, source: IntFormat | FixedFormat, form: ScaledBlock, lanes: int,
                 tensor_scale: float | None = None) -> None:
        if not isinstance(source, IntFormat | FixedFormat):
            raise TypeError(f"source must be an IntFormat or FixedFormat, not {source!r}")
        if source.width > MOST or abs(source.lsb) > APART:
            raise ValueError(f"source must have at most {MOST} bits, the lowest from 2**-{APART} "
                             f"to 2**{APART}, not {source}")
        if not isinstance(form, ScaledBlock):
            raise TypeError(f"form must be an MXFormat, BFPFormat or NVFormat, not {form!r}")
        lanes = as_index("lanes", lanes)
        if lanes < 1 or form.size % lanes:
            raise ValueError(f"lanes must divide the {form.size} elements of a block, not {lanes}")
        self._source, self._form, self._tensor_scale = source, form, tensor_scale
        self._words = form.size // lanes
        if isinstance(form, NVFormat):
            steps, scale = NVSteps(source, form, tensor_scale), form.scale
            self._scale = BlockScale(self._words, lanes, StepPeak, StepScale, steps)
            self._codes = LaneUnit(lanes, StepLane, steps)
        elif tensor_scale is not None:
            raise ValueError(f"{form} has no tensor_scale")
        else:
            plan, scale = SharedExponent(source, form), form.SCALE
            self._scale = BlockScale(self._words, lanes, ExponentPeak, ExponentScale, plan)
            self._codes = LaneUnit(lanes, ExponentLane, plan)
        self._magnitudes = LaneUnit(lanes, MagnitudeLane, source)
        super().__init__({"i": In(stream.Signature(vector_of(source, lanes))),
                          "o": Out(stream.Signature(vector_of(form.element, lanes))),
                          "scales": Out(stream.Signature(vector_of(scale, 1)))})

    @property
    def source(self) -> IntFormat | FixedFormat:
        return self._source

    @property
    def form(self) -> ScaledBlock:
        return self._form

    @property
    def lanes(self) -> int:
        return self._codes.lanes

    @property
    def tensor_scale(self) -> float | None:
        return self._tensor_scale

    @property
    def words(self) -> int:
        """Words of a block."""
        return self._words

    @property
    def latency(self) -> int:
        """Cycles from taking a block's last word to offering its first codes.

        Its scale is offered :attr:`scale_latency` cycles after that word.
        """
        return self.scale_latency + self._codes.latency

    @property
    def scale_latency(self) -> int:
        return self._magnitudes.latency + self._scale.latency + 1

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.magnitudes = magnitudes = self._magnitudes
        m.submodules.split = split = Fork(magnitudes.o.payload.shape(), 2)
        # As many words as come until the first one's scale is there, and the next.
        m.submodules.queue = queue = Queue(magnitudes.o.payload.shape(),
                                           self._words + self._scale.latency + 1)
        m.submodules.scale = scale = self._scale
        m.submodules.held = held = Register(scale.o.payload.shape())
        m.submodules.share = share = Fork(scale.o.payload.shape(), 2)
        m.submodules.codes = codes = self._codes
        connect(m, flipped(self.i), magnitudes.i)
        for one, other in ((magnitudes.o, split.i), (split.o[0], queue.i), (split.o[1], scale.i),
                           (scale.o, held.i), (held.o, share.i), (queue.o, codes.i),
                           (codes.o, flipped(self.o))):
            connect(m, one, other)

        m.d.comb += [self.scales.valid.eq(share.o[0].valid),
                     self.scales.payload[0].eq(share.o[0].payload.scale),
                     share.o[0].ready.eq(self.scales.ready)]
        # All words of a block use its scale.
        block, parameters = share.o[1], codes.parameters
        last = self._words - 1
        _, ends = counter(m, "word", last=Const(last, max(1, last.bit_length())), most=last,
                          advance=parameters.valid & parameters.ready)
        m.d.comb += [parameters.valid.eq(block.valid), block.ready.eq(parameters.ready & ends)]
        m.d.comb += [lane.eq(block.payload.elements) for lane in parameters.payload]
        return m
