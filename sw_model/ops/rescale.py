"""From accumulators to narrow codes: each framework's own rounding, and the compiler's form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, NodeError, Tensor, channels, per_channel
from .rescale_fast import exact_blocks, fast
from .rescale_modes import PLAIN, RescaleMode

__all__ = ["MultiplyAddShift", "PLAIN", "Rescale", "RescaleMode", "multiply_add_shift", "rescale"]

Ints = NDArray[Any]


def rescale(acc: Ints, multiplier: Ints, exponent: Ints, mode: RescaleMode) -> Ints:
    """``round(acc * multiplier * 2**exponent)`` by the rules of ``mode``; no clamp, no offset.

    Source: gemmlowp and TensorFlow Lite (``tflite_*``), ONNX Runtime (float32), QONNX; see
    :class:`.RescaleMode`, whose members define the roundings.

    Parameters
    ----------
    acc : integers of at most 32 bits, shape (..., channels)
        Of at most 48 bits for ``TFLITE_SINGLE`` with multipliers of at most 15 bits.
    multiplier : integers, shape (1 or channels,)
        Not negative and below 2**31 for the TFLite modes; of any sign and up to 53 bits
        for the others.
    exponent : integers, shape (1 or channels,)
        -62 to -1 for the TFLite modes, -1000 to 900 for the others.
    mode : RescaleMode

    Returns
    -------
    float64 array of integers (exact: results beyond 2**31 in magnitude are clamped there).

    Raises
    ------
    OverflowError
        In a TFLite mode, where the framework's own arithmetic would leave 32 bits.
    """
    result = np.empty(acc.shape, np.float64)
    flat = result.reshape(-1, acc.shape[-1])
    for rows, rounded in _blocks(acc, multiplier, exponent, mode):
        np.clip(rounded, -(2.0**31), 2.0**31, out=flat[rows])
    return result


#: Elements of a block: its scratch arrays stay in the cache.
_BLOCK = 16384


def _blocks(acc: Ints, multiplier: Ints, exponent: Ints, mode: RescaleMode
            ) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Some rows of ``acc`` at a time, with what they are rounded to, in an array used again."""
    channels = acc.shape[-1]
    flat = acc.reshape(-1, channels)
    if not flat.size:
        return
    largest = max(int(acc.max()), -int(acc.min()))
    round_block = fast(largest, multiplier, exponent, mode) or exact_blocks(
        multiplier, exponent, mode)
    step = max(1, _BLOCK // channels)
    real, spare = (np.empty((min(step, len(flat)), channels)) for _ in range(2))
    for start in range(0, len(flat), step):
        block = flat[start:start + step]
        count = len(block)
        round_block(block, real[:count], spare[:count])
        yield slice(start, start + count), real[:count]


@dataclass(frozen=True, kw_only=True)
class Rescale(Node):
    """``clamp(round(acc * scale) + zero_point, low, high)`` by a framework's own rounding.

    Inputs: ``acc`` (..., channels), constants ``multiplier`` and ``exponent`` (1 or
    channels,). One output of the shape of ``acc``: values on the grid of ``format``.
    """

    synthesisable = True

    format: Format
    mode: RescaleMode
    zero_point: int
    low: int
    high: int

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 3)
        acc, multiplier, exponent = inputs
        self.require(len(acc.shape) >= 1, "the accumulator has no axis of channels")
        for tensor in (multiplier, exponent):
            self.require(tensor.value is not None and len(tensor.shape) == 1
                         and per_channel(tensor.value, acc.shape[-1]),
                         f"{tensor.name!r} must be a constant of 1 or {acc.shape[-1]} elements")
        assert multiplier.value is not None
        assert exponent.value is not None
        tflite = self.mode.is_tflite
        for what, value, least, most in (
                ("multiplier", multiplier.value, 0 if tflite else 1 - 2**53,
                 2**31 - 1 if tflite else 2**53 - 1),
                ("exponent", exponent.value, *((-62, -1) if tflite else (-1000, 900)))):
            self.require(bool((value >= least).all() and (value <= most).all()),
                         f"{what} must be {least} to {most} for {self.mode.value}")
        reduced = self.mode is RescaleMode.TFLITE_SINGLE and int(multiplier.value.max()) < 2**15
        most = 48 if reduced else 32
        self.require(acc.format.width <= most, f"{acc.format} is wider than {most} bits")
        self.require(self.format.min <= self.low <= self.high <= self.format.max,
                     f"clamp {self.low} to {self.high} does not fit {self.format}")
        return ((acc.shape, self.format),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        acc, multiplier, exponent = values
        result = np.empty(acc.shape, self.format.dtype)
        flat = result.reshape(-1, acc.shape[-1])
        try:
            for rows, rounded in _blocks(acc, multiplier, exponent, self.mode):
                rounded += self.zero_point
                np.clip(rounded, self.low, self.high, out=rounded)
                flat[rows] = rounded
        except OverflowError as error:
            raise NodeError(self, str(error)) from error
        return (result,)


def multiply_add_shift(acc: Ints, multiplier: Ints, offset: Ints, shift: int) -> Ints:
    """``(acc * multiplier + offset[acc < 0]) >> shift`` in int64; exact.

    Source: the project's own. The compiler finds the parameters for which it equals a framework's
    rounding, and proves that it does.

    Parameters
    ----------
    acc : integers, shape (..., channels)
    multiplier : integers, shape (1 or channels,)
    offset : integers, shape (1 or channels, 1 or 2)
        Column 0 for accumulators from zero up, the last column for negative ones.
    shift : int
        Bits to drop, rounding down.

    Returns
    -------
    int64 array of the shape of ``acc``.

    Raises
    ------
    OverflowError
        If the sum could leave int64.
    """
    # Python integers: neither the bound nor the absolute value of the least may overflow.
    most = [max(-int(a.min(initial=0)), int(a.max(initial=0))) for a in (acc, multiplier, offset)]
    if most[0] * most[1] + most[2] >= 2**63:
        raise OverflowError("acc * multiplier + offset can leave 64 bits")
    product = acc.astype(np.int64) * multiplier
    if offset.shape[1] == 2:
        product += np.where(acc < 0, offset[:, 1], offset[:, 0])
    else:
        product += offset[:, 0]
    return np.right_shift(product, shift, out=product)


@dataclass(frozen=True, kw_only=True)
class MultiplyAddShift(Node):
    """``clamp((acc * M + B) >> S, low, high)``, ``B`` chosen by the accumulator's sign.

    Inputs: ``acc`` (..., channels), constants ``M`` (1 or channels,) and ``B`` (1 or
    channels, 1 or 2); see :func:`multiply_add_shift`. One output of the shape of ``acc``.
    """

    synthesisable = True

    format: Format
    shift: int
    low: int
    high: int

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 3)
        acc, multiplier, offset = inputs
        count = channels(acc.shape)
        for tensor, axes in ((multiplier, 1), (offset, 2)):
            self.require(tensor.value is not None and len(tensor.shape) == axes
                         and per_channel(tensor.value, count),
                         f"{tensor.name!r} must be a constant with 1 or {count} rows")
        self.require(offset.shape[1] in (1, 2),
                     f"offset must have 1 or 2 columns, not {offset.shape}")
        self.require(0 <= self.shift < 63, f"shift must be 0 to 62, not {self.shift}")
        self.require(self.format.min <= self.low <= self.high <= self.format.max,
                     f"clamp {self.low} to {self.high} does not fit {self.format}")
        return ((acc.shape, self.format),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        try:
            acc, multiplier, offset = values
            result = multiply_add_shift(acc, multiplier, offset, shift=self.shift)
        except OverflowError as error:
            raise NodeError(self, str(error)) from error
        return (np.clip(result, self.low, self.high, out=result).astype(self.format.dtype),)
