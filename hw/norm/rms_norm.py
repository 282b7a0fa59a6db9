# amaranth: UnusedElaboratable=no
"""RMSNorm in one pass: a division and a reciprocal square root for each row."""

from __future__ import annotations

from sw_model.specs import RmsNormSpec

from ..shapes import shape_of
from .mean import mean_stages
from .moments import RowMoments
from .passes import Pass, RowPasses
from .scale import ScaleLane

__all__ = ["RmsNorm"]


class RmsNorm(RowPasses):
    """``gain * x / sqrt(mean(x**2) + epsilon) + bias`` of each row.

    Takes and gives a word every cycle, without a bubble between rows of at least ``row_gap``
    words, which is what the divider takes. Nothing overflows. Parameters travel in a stream
    beside, as those of rescale units do.

    Parameters
    ----------
    spec : RmsNormSpec
    lanes : int
    longest : int, optional
        Elements of the longest row; by default as many as the spec's widths serve.
    multiplier : str
        How products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(row_layout(spec.source, lanes)))``
    parameters : ``In(stream.Signature(ArrayLayout({"gain": ..., "bias": ...}, lanes)))``
        A word for each word that comes out: gain of each channel, and bias if the spec has one.
    o : ``Out(stream.Signature(row_layout(spec.target, lanes)))``
    """

    SPEC = RmsNormSpec

    def __init__(self, spec: RmsNormSpec, lanes: int, longest: int | None = None,
                 multiplier: str = "inferred") -> None:
        self.require(spec)
        moments = RowMoments(shape_of(spec.source), lanes,
                             {"count": spec.count, "squares": spec.moment},
                             multiplier=multiplier)
        super().__init__(spec, lanes, longest, Pass(
            (moments, *mean_stages(spec, multiplier)), (ScaleLane, spec, multiplier)))
