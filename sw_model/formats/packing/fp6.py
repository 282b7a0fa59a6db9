"""FP6 in its 4+2 storage: two planes, of which every load is aligned."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..minifloat import NAMED, MinifloatFormat
from .base import Packing
from .bits import pack_bits, unpack_bits
from .checks import Bytes, bytes_of, checked_count, expect_bytes, integers_of

__all__ = ["Fp6Packing", "Order", "fp6_as_fp16", "join_fp6", "split_fp6"]


class Order(enum.Enum):
    """Where in a byte the first of several codes lies."""

    LOW_FIRST = "low_first"
    HIGH_FIRST = "high_first"


def split_fp6(codes: ArrayLike, order: Order = Order.LOW_FIRST) -> tuple[Bytes, Bytes]:
    """FP6 (``e3m2``) in its 4+2 storage: two planes, each of aligned bytes.

    The first plane has the upper four bits of each code, sign and exponent, two codes a byte;
    the second has the mantissas, four a byte.

    >>> [plane.tolist() for plane in split_fp6([0b010101, 0b100101, 0b011111, 0b000001])]
    [[149, 7], [117]]

    Parameters
    ----------
    codes : integers, shape (..., n)
        0 to 63; n must be a multiple of 4.
    order : Order
        Which end of a byte has the first code.

    Returns
    -------
    uint8 of shape (..., n / 2) and of shape (..., n / 4)

    Raises
    ------
    TypeError, ValueError
        If the codes are not such integers.
    """
    array = integers_of("codes", codes, 63).astype(np.uint8)
    if array.shape[-1] % 4:
        raise ValueError(f"FP6 is stored four codes at a time, but there are {array.shape[-1]}")
    return _ordered(pack_bits(array >> 2, 4), 4, order), _ordered(pack_bits(array & 3, 2), 2, order)


def join_fp6(upper: ArrayLike, lower: ArrayLike, order: Order = Order.LOW_FIRST) -> Bytes:
    """The inverse of :func:`split_fp6`.

    Raises
    ------
    TypeError
        If the planes are not bytes (uint8).
    ValueError
        If the first has not twice as many bytes as the second.
    """
    fours, twos = bytes_of("upper", upper), bytes_of("lower", lower)
    if fours.shape != (*twos.shape[:-1], 2 * twos.shape[-1]):
        raise ValueError(f"the upper plane must have twice the bytes of the lower, but the shapes "
                         f"are {fours.shape} and {twos.shape}")
    count = 4 * twos.shape[-1]
    high = unpack_bits(_ordered(fours, 4, order), 4, count)
    return np.asarray(high << 2 | unpack_bits(_ordered(twos, 2, order), 2, count))


def fp6_as_fp16(codes: ArrayLike) -> NDArray[np.uint16]:
    """Patterns of FP16 that stand for ``2**-12`` times the values of FP6, subnormals too.

    Only wires: the sign becomes bit 15 and the five bits of magnitude bits 12 to 8, so the
    factor is the difference of the biases, 15 - 3.

    Raises
    ------
    TypeError, ValueError
        If the codes are not integers from 0 to 63.
    """
    array = integers_of("codes", codes, 63, axes=0).astype(np.uint16)
    return np.asarray((array & 32) << 10 | (array & 31) << 8)


@dataclass(frozen=True)
class Fp6Packing(Packing):
    """``fp6_planes<order>``: codes of ``e3m2``, the upper plane's bytes and then the lower's.

    Only another order than ``low_first`` is spelt. Four codes take three bytes; see
    :func:`split_fp6`.

    Source: ZeroQuant(4+2), FP6-centric quantisation.

    Parameters
    ----------
    order : Order
        Which end of a byte has the first code.

    Raises
    ------
    TypeError
        If it is no order.
    """

    order: Order = Order.LOW_FIRST

    def __post_init__(self) -> None:
        _check_order(self.order)

    @property
    def element(self) -> MinifloatFormat:
        return NAMED["e3m2"]

    @property
    def bits(self) -> float:
        return 6.0

    def bytes_for(self, count: int) -> int:
        number = checked_count(count)
        if number % 4:
            raise ValueError(f"FP6 is stored four codes at a time, but there are {number}")
        return number // 4 * 3

    def pack(self, codes: ArrayLike) -> Bytes:
        return np.concatenate(split_fp6(codes, self.order), axis=-1)

    def unpack(self, data: ArrayLike, count: int) -> NDArray[Any]:
        array = bytes_of("data", data)
        expect_bytes(array, self.bytes_for(count), f"{count} codes of FP6")
        upper, lower = np.split(array, [count // 2], axis=-1)
        return join_fp6(upper, lower, self.order)

    def __str__(self) -> str:
        return "fp6_planes" if self.order is Order.LOW_FIRST else f"fp6_planes<{self.order.value}>"


def _check_order(order: object) -> None:
    if not isinstance(order, Order):
        raise TypeError(f"order must be an Order, not {order!r}")


def _ordered(data: Bytes, width: int, order: Order) -> Bytes:
    """The codes of each byte turned round, if the first is to be the highest."""
    _check_order(order)
    if order is Order.LOW_FIRST:
        return data
    turned = (data & 0x0F) << 4 | data >> 4
    if width == 2:
        turned = (turned & 0x33) << 2 | (turned & 0xCC) >> 2
    return np.asarray(turned, np.uint8)
