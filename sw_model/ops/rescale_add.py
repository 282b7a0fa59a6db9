"""Sums of two tensors of different scales, each brought to the result's on its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..formats import Format
from ..node import Dimension, Node, Tensor, channels, per_channel
from ..specs import FrameworkRescaleSpec, RescaleAddSpec
from .rescale import RescaleMode, rescale

__all__ = ["RescaleAdd", "dyadic_scale", "rescale_add"]

Ints = NDArray[np.int64]
#: Multiplier and exponent of an operand's channels.
Scale = tuple[NDArray[Any], NDArray[Any]]


def dyadic_scale(scale: ArrayLike) -> tuple[Ints, Ints]:
    """I-ViT's dyadic numbers: ``(b, c)`` with ``b / 2**c`` next to each positive ``scale``.

    ``b`` is the 31-bit fraction rounded half up, and may be ``2**31`` itself. Scales of float32
    are rounded to that type by the caller, as I-ViT does.

    Source: I-ViT (Li and Gu, ICCV 2023), code of its ``batch_frexp``.

    >>> dyadic_scale([0.0123, 0.5, 1.7])
    (array([1690499128, 1073741824, 1825361101]), array([37, 31, 30]))

    Raises
    ------
    ValueError
        If a scale is not positive and finite.
    """
    each = np.asarray(scale, np.float64)
    if not (np.isfinite(each).all() and (each > 0).all()):
        raise ValueError(f"scales must be positive and finite, not {each.tolist()}")
    fraction, exponent = np.frexp(each)
    return np.floor(fraction * 2.0**31 + 0.5).astype(np.int64), 31 - exponent.astype(np.int64)


def rescale_add(a: NDArray[Any], b: NDArray[Any], scales: tuple[Scale, Scale],
                spec: RescaleAddSpec) -> Ints:
    """``clamp(rescale(a) + rescale(b))``: each rounded and offset on its own, one clamp at the
    end, besides those that the operands' own specs have.

    With :meth:`RescaleAddSpec.dyadic` it is I-ViT's residual sum, half to even and exact.

    Source: Li and Gu, I-ViT, ICCV 2023 (arXiv 2207.01405), section 3.2.

    Parameters
    ----------
    a, b : integers, shape (..., channels)
        Codes of the operands' sources.
    scales : multipliers and exponents, shape (1 or channels,), of either operand
        As :func:`sw_model.ops.rescale` takes them.
    spec : RescaleAddSpec

    Returns
    -------
    int64 array of the target's codes.

    >>> from sw_model.formats import IntFormat
    >>> (m, s), (n, t) = dyadic_scale([0.5]), dyadic_scale([0.25])
    >>> spec = RescaleAddSpec.dyadic((IntFormat(8), IntFormat(8)), IntFormat(8),
    ...                              multipliers=(m, n), shifts=(s, t))
    >>> rescale_add(np.array([[1, 3, 127]]), np.array([[2, 2, 127]]), ((m, -s), (n, -t)), spec)
    array([[ 0,  2, 96]])
    """
    total = sum(_branch(codes, scale, one) for codes, scale, one
                in zip((a, b), scales, (spec.a, spec.b), strict=True))
    return np.asarray(np.clip(total, spec.low, spec.high))


def _branch(codes: NDArray[Any], scale: Scale, spec: FrameworkRescaleSpec) -> Ints:
    assert spec.zero_point is not None
    rounded = rescale(codes, *scale, RescaleMode(spec.mode)).astype(np.int64)
    return np.asarray(np.clip(rounded + spec.zero_point, spec.low, spec.high))


@dataclass(frozen=True, kw_only=True)
class RescaleAdd(Node):
    """The sum of two tensors; see :func:`rescale_add`.

    Inputs: codes ``a`` and ``b`` (..., channels) and the constants ``multiplier`` and
    ``exponent`` (1 or channels,) of ``a``, then of ``b``. One output of the shape of ``a``.
    """

    synthesisable = True

    spec: RescaleAddSpec

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        self.arity(inputs, 6)
        for tensor, one in zip(inputs[:2], (self.spec.a, self.spec.b), strict=True):
            self.require(tensor.format == one.source,
                         f"{tensor.name!r} must be {one.source}, not {tensor.format}")
        self.require(inputs[0].shape == inputs[1].shape and len(inputs[0].shape) >= 1,
                     f"inputs must be of one shape of at least an axis, not "
                     f"{list(inputs[0].shape)} and {list(inputs[1].shape)}")
        count = channels(inputs[0].shape)
        for multiplier, exponent, one in ((inputs[2], inputs[3], self.spec.a),
                                          (inputs[4], inputs[5], self.spec.b)):
            for what, tensor, least, most in (
                    ("multiplier", multiplier, one.multiplier.min, one.multiplier.max),
                    ("exponent", exponent, one.exponent_low, one.exponent_high)):
                value = tensor.value
                self.require(value is not None and len(tensor.shape) == 1
                             and per_channel(value, count),
                             f"{tensor.name!r} must be a constant of 1 or {count} elements")
                assert value is not None
                self.require(bool((value >= least).all() and (value <= most).all()),
                             f"{what} {tensor.name!r} must be {least} to {most}")
        return ((inputs[0].shape, self.spec.target),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        a, b, *scales = values
        result = rescale_add(a, b, ((scales[0], scales[1]), (scales[2], scales[3])), self.spec)
        return (result.astype(self.spec.target.dtype),)
