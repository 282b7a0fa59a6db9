"""The sum across blocks: the one step of a dot product of blocks that may round."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..specs.block_sum import BlockSumSpec

__all__ = ["block_sum", "to_float32"]

#: Significant bits of a float64.
DOUBLE = 53


def block_sum(partials: ArrayLike, exponents: ArrayLike, spec: BlockSumSpec, *,
              significands: ArrayLike | None = None, nan: ArrayLike | None = None
              ) -> NDArray[Any]:
    """``sum_b partial_b * significand_b * 2**(exponent_b + lsb)`` over the last axis.

    Into a window the sum is exact. Into float32 it is, half to even and with subnormal
    numbers throughout::

        total = +0
        for block, ascending:  total = RNE(total + RNE(partial * significand * 2**(e + lsb)))

    so the exact term is rounded once, and the sum once an addition. What is beyond float32's
    range becomes infinite, and infinities of both signs give NaN, as IEEE 754 has it; every NaN
    is the one of bits 0x7FC00000, whatever the processor's is.

    >>> spec = BlockSumSpec.fitting(32, blocks=4, largest=100, exponent_low=-2, exponent_high=1)
    >>> str(spec.target), block_sum([3, -100, 7], [-2, 1, 0], spec)  # 0.75 - 200 + 7
    ('fixed<13,2>', array(-769))

    Parameters
    ----------
    partials : integers, shape (..., blocks)
        At most ``spec.largest`` in magnitude; Python's where 64 bits are too few.
    exponents : integers, shape (..., blocks)
        Of the scales, in the spec's range.
    spec : BlockSumSpec
    significands : integers, shape (..., blocks), or None
        Of the scales, 0 to ``spec.significand``; None for 1.
    nan : bool, shape (..., blocks), or None
        Blocks whose scale is NaN; the sum then is. Only into float32.

    Returns
    -------
    int64 codes of the window, or float32; shape (...,). Of no blocks the sum is 0.

    Raises
    ------
    TypeError
        If the arrays do not hold integers and bools, as said.
    ValueError
        If they have different shapes, no axis, more than ``spec.blocks`` blocks or a number
        that the spec excludes; or if a block is NaN and the target a window.
    """
    terms = _integers("partials", partials, -spec.largest, spec.largest)
    powers = _integers("exponents", exponents, spec.exponent_low, spec.exponent_high)
    if terms.ndim < 1 or terms.shape[-1] > spec.blocks:
        raise ValueError(f"partials must have a last axis of at most {spec.blocks} blocks, "
                         f"not the shape {terms.shape}")
    _same_shape("exponents", powers, terms)
    if significands is not None:
        factors = _integers("significands", significands, 0, spec.significand)
        _same_shape("significands", factors, terms)
        wide = spec.largest * spec.significand >= 2**63
        terms = (terms.astype(object) if wide else terms) * factors
    broken = _mask(nan, terms)
    if spec.is_exact:
        if broken.any():
            raise ValueError(f"a block is NaN, which {spec.target} does not hold")
        return np.asarray((terms << powers + (spec.lsb - spec.target.lsb)).sum(axis=-1))
    return _float32_sum(to_float32(terms, powers + spec.lsb), broken)


def to_float32(integers: NDArray[Any], exponents: NDArray[np.int64]) -> NDArray[np.float32]:
    """``integers * 2**exponents``, rounded once, half to even; infinite beyond the range.

    Parameters
    ----------
    integers : int64, or Python integers of at most 160 bits
    exponents : int64, of the same shape
        -900 to 800.
    """
    if integers.dtype == object:
        pairs = [_odd(int(value)) for value in integers.flat]
        shifts = np.array([shift for _, shift in pairs], np.int64).reshape(integers.shape)
        short = np.array([value for value, _ in pairs], np.int64).reshape(integers.shape)
    else:
        # Ten bits are enough for what 53 bits leave over.
        shifts = np.where(np.abs(integers) >> DOUBLE != 0, 63 - DOUBLE, 0)
        lost = integers & (1 << shifts) - 1 != 0
        short = integers >> shifts | lost
    with np.errstate(over="ignore"):
        return np.ldexp(short.astype(np.float64), exponents + shifts).astype(np.float32)


def _odd(value: int) -> tuple[int, int]:
    """``value`` in 53 bits and a shift; odd if it is not exact.

    Rounding it to fewer bits then gives what rounding ``value`` itself does.
    """
    shift = max(0, abs(value).bit_length() - DOUBLE)
    return value >> shift | (value & (1 << shift) - 1 != 0), shift


def _float32_sum(terms: NDArray[np.float32], broken: NDArray[np.bool_]) -> NDArray[np.float32]:
    total = np.zeros(terms.shape[:-1], np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for block in range(terms.shape[-1]):
            total = total + terms[..., block]
    return np.where(broken.any(axis=-1) | np.isnan(total), np.float32(np.nan), total)


def _integers(name: str, values: ArrayLike, low: int, high: int) -> NDArray[Any]:
    """``values`` as int64, or as Python's integers where they may need more bits."""
    array = np.asarray(values)
    whole = array.dtype.kind in "iu" or (
        array.dtype.kind == "O" and all(isinstance(value, int) for value in array.flat))
    if not whole and array.size:
        raise TypeError(f"{name} must hold integers, not {array.dtype}")
    if array.size and (int(array.min()) < low or int(array.max()) > high):
        wrong = array[(array < low) | (array > high)].ravel()[0]
        raise ValueError(f"{name} must be {low} to {high}, not {wrong}")
    return array.astype(object if high >= 2**63 else np.int64)


def _same_shape(name: str, array: NDArray[Any], terms: NDArray[Any]) -> None:
    if array.shape != terms.shape:
        raise ValueError(f"{name} must have the shape of partials, {terms.shape}, "
                         f"not {array.shape}")


def _mask(nan: ArrayLike | None, terms: NDArray[Any]) -> NDArray[np.bool_]:
    if nan is None:
        return np.zeros(terms.shape, np.bool_)
    mask = np.asarray(nan)
    if mask.dtype != np.bool_:
        raise TypeError(f"nan must hold bools, not {mask.dtype}")
    _same_shape("nan", mask, terms)
    return mask
