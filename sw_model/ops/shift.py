"""Powers of two as scales: shifts with any rounding, and the shifts that ShiftQuant chooses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..formats import Format, Overflow, Rounding
from ..node import Dimension, Node, Tensor, channels, per_channel
from ..specs import ShiftSpec
from ..specs.shift import Shifts

__all__ = ["ShiftRescale", "pooled_shift", "require_shifts", "round_shift", "shift_groups",
           "shift_rescale", "truncation_shift"]

Ints = NDArray[np.int64]


def round_shift(x: NDArray[Any], shift: NDArray[Any] | int, rounding: Rounding) -> Ints:
    """``round(x / 2**shift)`` in int64, for shifts from 0 to 62 and numbers of up to 62 bits.

    >>> x = np.array([-6, -5, -2, 2, 5, 6])
    >>> round_shift(x, 2, Rounding.HALF_EVEN), round_shift(x, 2, Rounding.HALF_AWAY)
    (array([-2, -1,  0,  0,  1,  2]), array([-2, -1, -1,  1,  1,  2]))
    """
    wide = x.astype(np.int64)
    floor = wide >> shift
    rest = wide - (floor << shift)
    # Twice the rest and once the unit: halves are integers too.
    unit = np.int64(1) << shift
    over, tie = 2 * rest > unit, (2 * rest == unit)
    match rounding:
        case Rounding.FLOOR:
            up = np.zeros_like(over)
        case Rounding.CEILING:
            up = rest > 0
        case Rounding.TOWARD_ZERO:
            up = (rest > 0) & (wide < 0)
        case Rounding.AWAY_FROM_ZERO:
            up = (rest > 0) & (wide > 0)
        case Rounding.HALF_UP:
            up = over | tie
        case Rounding.HALF_EVEN:
            up = over | tie & (floor & 1 == 1)
        case Rounding.HALF_AWAY:
            up = over | tie & (wide > 0)
        case Rounding.HALF_TOWARD_ZERO:
            up = over | tie & (wide < 0)
    return np.asarray(floor + up)


def shift_rescale(codes: NDArray[Any], shift: NDArray[Any], spec: ShiftSpec) -> Ints:
    """``overflow(round(codes / 2**shift))``; exact.

    QFX's cast between fixed points (:meth:`ShiftSpec.cast`), ShiftQuant's scale of each channel
    and its inverse, QONNX's Trunc (:func:`truncation_shift`) and the sum of its QuantAvgPool2d
    (:func:`pooled_shift`). Bit for bit what those define.

    Parameters
    ----------
    codes : integers, shape (..., channels)
        Codes of the spec's source.
    shift : integers, shape (1 or channels,)
        From ``spec.shift_low`` to ``spec.shift_high``; negative ones go to the left.
    spec : ShiftSpec

    Returns
    -------
    int64 array of the target's codes.

    Source: QFX, learned fixed-point quantisation for FPGAs; ShiftQuant (sub-8-bit integer
    training); QONNX, ``custom_op/general/trunc.py`` and ``quantavgpool2d.py``.

    >>> from sw_model.formats import IntFormat
    >>> spec = ShiftSpec(source=IntFormat(8), target=IntFormat(4), shift_low=-1, shift_high=4)
    >>> shift_rescale(np.array([[-8, 24], [7, 40], [-2, 127]]), np.array([-1, 4]), spec)
    array([[-8,  2],
           [ 7,  2],
           [-4,  7]])
    """
    distance = shift.astype(np.int64)
    wide = codes.astype(np.int64) << np.maximum(-distance, 0)
    result = round_shift(wide, np.maximum(distance, 0), spec.rounding)
    if spec.overflow is Overflow.SATURATE:
        return np.asarray(np.clip(result, *spec.clamp))
    spare = 64 - spec.target.width
    wrapped = (result << spare) >> spare
    return wrapped if spec.target.min < 0 else wrapped & spec.target.max


def truncation_shift(given_bits: int, kept_bits: int) -> int:
    """The shift of QONNX's Trunc (both versions, scales whose ratio is a power of two).

    Version 1 keeps the output's scale as that of the input; version 2 says it, and
    ``log2(output scale / input scale)`` is the shift.
    """
    return given_bits - kept_bits


def pooled_shift(input_bits: int, taps: int, output_bits: int) -> int:
    """The shift behind the sum of QONNX's QuantAvgPool2d, which divides by no count of taps.

    >>> pooled_shift(4, 9, 4)
    4
    """
    return max(0, (((1 << input_bits) - 1) * taps).bit_length() - output_bits)


def shift_groups(peaks: ArrayLike, groups: int = 4) -> Ints:
    """How much finer than the tensor's each channel's scale is: ShiftQuant's group, 0 to
    ``groups - 1``.

    ``clamp(floor(log2(max(peaks) / peak)), 0, groups - 1)``, exact for numbers of float64; a
    channel of zeros is in the last group. With the tensor's scale ``s0``, a channel's codes are
    ``round(x / (s0 * 2**-g))``, and its products count for ``2**-g`` as much.

    Parameters
    ----------
    peaks : array-like, shape (channels,)
        The largest magnitude of each channel.
    groups : int

    Source: ShiftQuant (sub-8-bit integer training).

    >>> shift_groups([8, 0.9, 0.2, 3.1, 0])
    array([0, 3, 3, 1, 3])
    """
    each = np.asarray(peaks, np.float64)
    if each.ndim != 1 or not np.isfinite(each).all() or (each < 0).any():
        raise ValueError("peaks must be a vector of finite numbers from zero up")
    fraction, exponent = np.frexp(each)
    # max / peak is at least 2**g where the exponents differ by more, or as much and the
    # fraction of the largest is no smaller.
    top = int(np.argmax(each)) if each.size else 0
    distance = exponent[top:top + 1] - exponent - (fraction > fraction[top:top + 1])
    return np.where(each == 0, groups - 1, np.clip(distance, 0, groups - 1)).astype(np.int64)


def require_shifts(node: Node, x: Tensor, shift: Tensor, spec: Shifts) -> None:
    """Raise NodeError unless ``x`` and the constant ``shift`` are as ``spec`` says."""
    node.require(x.format == spec.source, f"input must be {spec.source}, not {x.format}")
    count = channels(x.shape)
    value = shift.value
    node.require(value is not None and len(shift.shape) == 1 and per_channel(value, count),
                 f"{shift.name!r} must be a constant of 1 or {count} elements")
    assert value is not None
    node.require(bool((value >= spec.shift_low).all() and (value <= spec.shift_high).all()),
                 f"shifts must be {spec.shift_low} to {spec.shift_high}")


@dataclass(frozen=True, kw_only=True)
class ShiftRescale(Node):
    """A shift of each channel; see :func:`shift_rescale`.

    Inputs: codes ``x`` (..., channels) and the constant ``shift`` (1 or channels,). One output
    of the shape of ``x``.
    """

    synthesisable = True

    spec: ShiftSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 2)
        x, shift = inputs
        require_shifts(self, x, shift, self.spec)
        return ((x.shape, self.spec.target),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        x, shift = values
        return (shift_rescale(x, shift, self.spec).astype(self.spec.target.dtype),)
