"""The frameworks' own roundings, for channels that no smaller form fits."""

from __future__ import annotations

from amaranth.lib.data import ArrayLayout

from sw_model.specs import FrameworkRescaleSpec

from .float_lane import FloatRescaleLane
from .framework_lane import FrameworkRescaleLane, framework_fields
from .lane_unit import LaneUnit

__all__ = ["FrameworkRescale", "FrameworkRescaleLane", "framework_lane"]


def framework_lane(spec: FrameworkRescaleSpec) -> type[FrameworkRescaleLane]:
    """The class of lanes for ``spec``; called with it, constants and the kind of multiplier."""
    if not isinstance(spec, FrameworkRescaleSpec):
        raise TypeError(f"spec must be a FrameworkRescaleSpec, not {spec!r}")
    return FloatRescaleLane if spec.precision else FrameworkRescaleLane


class FrameworkRescale(LaneUnit):
    """``clamp(round(acc * multiplier * 2**exponent) + zero_point, low, high)`` for each lane.

    Takes a word every cycle while the consumer is ready; never drops or reorders. With
    ``constants`` every lane uses the same multiplier and exponent. Else a word of
    parameters is taken with each word of data. In modes ``tflite_double`` and ``tflite_ruy``
    with exponents above -31 the accumulator must fit 32 bits after TFLite's left shift.

    Parameters
    ----------
    spec : FrameworkRescaleSpec
    lanes : int
    constants : (int, int) or None
        Multiplier and exponent.
    multiplier : str
        How run-time products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes)))``
    parameters : ``In(stream.Signature(FrameworkRescale.parameter_layout(spec, lanes)))``
        Only without ``constants``.
    o : ``Out(stream.Signature(vector_of(spec.target, lanes)))``
    """

    def __init__(self, spec: FrameworkRescaleSpec, lanes: int,
                 constants: tuple[int, int] | None = None,
                 multiplier: str = "inferred") -> None:
        super().__init__(lanes, framework_lane(spec), spec, constants, multiplier)
        self._spec = spec

    @staticmethod
    def parameter_layout(spec: FrameworkRescaleSpec, lanes: int) -> ArrayLayout:
        """Payload of ``parameters``, for each lane: ``multiplier``; ``shift``, which is
        ``spec.shift_of(exponent)``, where there is more than one exponent; ``zero_point``
        where the spec has none; ``clamp``, the number of a pair of the spec's clamps, where it
        has any."""
        return ArrayLayout(framework_fields(spec), lanes)

    @property
    def spec(self) -> FrameworkRescaleSpec:
        return self._spec
