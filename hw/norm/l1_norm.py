# amaranth: UnusedElaboratable=no
"""L1 norm in two passes: the mean, then the mean magnitude of the distances to it."""

from __future__ import annotations

from sw_model.specs import L1NormSpec

from ..shapes import shape_of
from .mean import mean_stages
from .moments import RowMoments
from .passes import Pass, RowPasses
from .scale import CentreLane, ScaleLane

__all__ = ["L1Norm"]


class L1Norm(RowPasses):
    """``gain * (x - mean(x)) / (mean(abs(x - mean(x))) + epsilon) + bias`` of each row.

    Takes and gives a word every cycle, without a bubble between rows of at least ``row_gap``
    words, which is what the divider takes. Nothing overflows. Parameters travel in a stream
    beside, as those of rescale units do.

    Parameters
    ----------
    spec : L1NormSpec
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

    SPEC = L1NormSpec

    def __init__(self, spec: L1NormSpec, lanes: int, longest: int | None = None,
                 multiplier: str = "inferred") -> None:
        self.require(spec)
        sums = RowMoments(shape_of(spec.source), lanes,
                          {"count": spec.count, "total": spec.total})
        distances = RowMoments(shape_of(spec.centred), lanes,
                               {"count": spec.count, "magnitudes": spec.moment})
        super().__init__(
            spec, lanes, longest, Pass((sums,), (CentreLane, spec, multiplier)),
            Pass((distances, *mean_stages(spec, multiplier)), (ScaleLane, spec, multiplier)))
