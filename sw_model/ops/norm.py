"""Normalisation by the root mean square, by mean and variance, by mean magnitude; in integers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Format
from ..node import Dimension, Node, Tensor, extent
from ..specs import L1NormSpec, LayerNormSpec, NormSpec, RmsNormSpec
from .reciprocal import reciprocal, rsqrt

__all__ = ["L1Norm", "LayerNorm", "RmsNorm", "l1_norm", "layer_norm", "rms_norm"]

Ints = NDArray[np.int64]


def rms_norm(x: NDArray[Any], spec: RmsNormSpec, gain: NDArray[Any],
             bias: NDArray[Any] | int = 0) -> Ints:
    """``gain * x / sqrt(mean(x**2) + epsilon) + bias`` along the last axis.

    With ``ms = (sum(x**2) << guard) // n + epsilon`` and ``(r, e)`` = :func:`.rsqrt` of it,
    the result is ``((x * r * gain + half) >> shift + e) + bias``, saturated, where ``shift`` is
    ``16 - guard/2 + gain_fraction - f`` for a target of ``f`` fraction bits and ``half`` is half
    of the unit that is left. The source's scale cancels, but for epsilon.

    Parameters
    ----------
    x : integers, shape (..., n)
        Codes of ``spec.source``; ``n`` is at most ``spec.longest``.
    spec : RmsNormSpec
    gain : integers, shape (1 or n,)
        Codes of ``spec.gain``.
    bias : integers, shape (1 or n,), optional
        Codes of ``spec.bias``.

    Returns
    -------
    int64 array of codes of ``spec.target``; 0 and bias alone for a row of zeros.

    With 12 fraction bits and a gain of 1, off by at most 2.8e-4 for rows of 2,048 or 4,096
    normal numbers of int8 with a root mean square of 30, or of int16 with one of 3,000. In
    general the relative error is at most 4e-5, and ``2**-guard`` over the mean square besides,
    since that is rounded down: rows whose mean square is below 1 need a wider guard. On top comes
    half a unit of the target.

    Source: B. Zhang and R. Sennrich, "Root mean square layer normalization", NeurIPS 2019.

    >>> from sw_model.formats import FixedFormat, IntFormat
    >>> spec = RmsNormSpec(source=IntFormat(8), target=FixedFormat(16, 12), longest=4)
    >>> rms_norm(np.array([3, -4, 12, 0]), spec, np.array([1 << 14]))
    array([ 1890, -2521,  7562,     0])
    """
    codes = np.asarray(x).astype(np.int64)
    squares = (codes * codes).sum(axis=-1, keepdims=True)
    mean = (squares << spec.guard) // codes.shape[-1] + spec.epsilon
    return _scaled(codes, rsqrt(mean, spec.factor), gain, bias, spec)


def layer_norm(x: NDArray[Any], spec: LayerNormSpec, gain: NDArray[Any],
               bias: NDArray[Any] | int = 0) -> Ints:
    """``gain * (x - mean(x)) / sqrt(variance(x) + epsilon) + bias`` along the last axis.

    ``n*x - sum(x)`` and ``n*sum(x**2) - sum(x)**2`` are ``n`` times the distance to the mean
    and ``n**2`` times the variance, exactly, so that nothing cancels however far the mean is.
    With ``(r, e)`` = :func:`.rsqrt` of ``(n*sum(x**2) - sum(x)**2 << guard) + n**2 * epsilon``
    the rest is as in :func:`rms_norm`, which also has the parameters.

    Returns
    -------
    int64 array of codes of ``spec.target``; 0 and bias alone for a row of equal numbers.

    With 12 fraction bits and a gain of 1, off by at most 2.8e-4 for int8 and int16 rows of 192
    to 1,024 normal numbers of any mean and a deviation from 1 code up.
    In general the relative error is at most 4e-5, plus half a unit of the target.

    Source: J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", arXiv:1607.06450; the
    exact sums are this project's.

    >>> from sw_model.formats import FixedFormat, IntFormat
    >>> spec = LayerNormSpec(source=IntFormat(8), target=FixedFormat(16, 12), longest=4,
    ...                      bias=IntFormat(16))
    >>> layer_norm(np.array([103, 96, 112, 100]), spec, np.array([1 << 14]), np.array([4096]))
    array([ 4270,  -598, 10529,  2183])
    """
    codes = np.asarray(x).astype(np.int64)
    count, centred = codes.shape[-1], _centred(codes)
    squares, total = (part.sum(axis=-1, keepdims=True) for part in (codes * codes, codes))
    deviation = (count * squares - total * total << spec.guard) + count**2 * spec.epsilon
    return _scaled(centred, rsqrt(deviation, spec.factor), gain, bias, spec)


def l1_norm(x: NDArray[Any], spec: L1NormSpec, gain: NDArray[Any],
            bias: NDArray[Any] | int = 0) -> Ints:
    """``gain * (x - mean(x)) / (mean(abs(x - mean(x))) + epsilon) + bias`` along the last axis.

    With ``(r, e)`` = :func:`.reciprocal` of ``(sum(abs(n*x - sum(x))) << guard) // n +
    n*epsilon``, which is ``n`` times the mean magnitude, the result is
    ``(((n*x - sum(x)) * r * gain + half) >> shift + e) + bias``, saturated, where ``shift`` is
    ``16 - guard + gain_fraction - f``. Parameters are those of :func:`rms_norm`. For the scale
    of :func:`layer_norm` on normal numbers the gain takes in ``sqrt(2/pi)``.

    Returns
    -------
    int64 array of codes of ``spec.target``; 0 and bias alone for a row of equal numbers.

    With 12 fraction bits and a gain of 1, off by at most 2.9e-4 for int8 and int16 rows of 192
    to 1,024 normal numbers of any mean and a deviation from 1 code up.
    In general the relative error is at most 4e-5, and besides ``1 / (t - 1)``, ``t`` being
    ``2**guard * n`` times the mean magnitude, which is rounded down; plus half a unit of the
    target.

    Source: after ShiftQuant (sub-8-bit integer training), whose
    normalisation it is.

    >>> from sw_model.formats import FixedFormat, IntFormat
    >>> spec = L1NormSpec(source=IntFormat(8), target=FixedFormat(16, 12), longest=4)
    >>> l1_norm(np.array([3, -4, 12, 0]), spec, np.array([1 << 14]))
    array([  216, -5821,  7976, -2371])
    """
    codes = np.asarray(x).astype(np.int64)
    count, centred = codes.shape[-1], _centred(codes)
    magnitudes = np.abs(centred).sum(axis=-1, keepdims=True)
    mean = (magnitudes << spec.guard) // count + count * spec.epsilon
    return _scaled(centred, reciprocal(mean, spec.factor), gain, bias, spec)


def _centred(codes: Ints) -> Ints:
    """``n`` times the distance to the mean."""
    return codes * codes.shape[-1] - codes.sum(axis=-1, keepdims=True)


def _scaled(x: Ints, factor: tuple[Ints, Ints], gain: NDArray[Any], bias: NDArray[Any] | int,
            spec: NormSpec) -> Ints:
    """``((x * r * gain + half) >> shift + e) + bias``, saturated."""
    mantissa, exponent = factor
    shift = spec.shift + exponent
    half = np.int64(1) << (shift - 1)
    scaled = (x * mantissa * np.asarray(gain).astype(np.int64) + half) >> shift
    return np.clip(scaled + bias, spec.target.min, spec.target.max)


@dataclass(frozen=True, kw_only=True)
class _Norm(Node):
    """Inputs: codes (..., n), the constant gain (1 or n,), and bias likewise if the spec has
    one; one output of the codes' shape in the spec's target. Rows of a length known at run time
    have the parameters of the first channels."""

    @abstractmethod
    def parameters(self) -> NormSpec:
        """The spec."""

    @abstractmethod
    def of(self, x: NDArray[Any], *constants: NDArray[Any]) -> Ints:
        """The golden function."""

    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        spec = self.parameters()
        self.arity(inputs, 2 if spec.bias is None else 3)
        x, *constants = inputs
        self.require(len(x.shape) >= 1 and 1 <= extent(x.shape[-1:]) <= spec.longest,
                     f"rows must have 1 to {spec.longest} elements, not shape {list(x.shape)}")
        self.require(x.format == spec.source, f"codes must be {spec.source}, not {x.format}")
        for tensor, form in zip(constants, (spec.gain, spec.bias), strict=False):
            self.require(tensor.value is not None and len(tensor.shape) == 1
                         and tensor.shape[0] in (1, extent(x.shape[-1:])) and tensor.format == form,
                         f"{tensor.name!r} must be a constant {form} for each channel or for all")
        return ((x.shape, spec.target),)

    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        x, *constants = values
        given = [constant[:x.shape[-1]] for constant in constants]
        return (self.of(x, *given).astype(self.parameters().target.dtype),)


@dataclass(frozen=True, kw_only=True)
class RmsNorm(_Norm):
    """:func:`rms_norm` of every row; inputs are codes, gain, and bias if the spec has one."""

    synthesisable = True

    spec: RmsNormSpec

    def parameters(self) -> NormSpec:
        """The spec."""
        return self.spec

    def of(self, x: NDArray[Any], *constants: NDArray[Any]) -> Ints:
        """The golden function."""
        return rms_norm(x, self.spec, *constants)


@dataclass(frozen=True, kw_only=True)
class LayerNorm(_Norm):
    """:func:`layer_norm` of every row; inputs are codes, gain, and bias if the spec has one."""

    synthesisable = True

    spec: LayerNormSpec

    def parameters(self) -> NormSpec:
        """The spec."""
        return self.spec

    def of(self, x: NDArray[Any], *constants: NDArray[Any]) -> Ints:
        """The golden function."""
        return layer_norm(x, self.spec, *constants)


@dataclass(frozen=True, kw_only=True)
class L1Norm(_Norm):
    """:func:`l1_norm` of every row; inputs are codes, gain, and bias if the spec has one."""

    synthesisable = True

    spec: L1NormSpec

    def parameters(self) -> NormSpec:
        """The spec."""
        return self.spec

    def of(self, x: NDArray[Any], *constants: NDArray[Any]) -> Ints:
        """The golden function."""
        return l1_norm(x, self.spec, *constants)
