"""Blocks as exact products see them: integers, and scales whose codes are beside them.

A run is as many neighbours as share a scale: a block, or a part of one. Its elements are codes of
a plain format; what scales them is a number that hardware reads from codes too. A scale of the
whole tensor or of a channel is in no run: it is folded into what follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..base import Format
from ..binary import TernaryFormat
from ..coded import CodedFormat
from ..integer import FixedFormat, IntFormat, covering
from ..minifloat import MinifloatFormat
from ..scale import E8M0Format
from .base import BlockFormat, Fields
from .bitmod import BitModFormat, code_values
from .gguf import (
    GgufMxfp4Format,
    GgufNvfp4Format,
    Q4_1Format,
    Q4_KFormat,
    Q6_KFormat,
)
from .gguf_base import FP16, GgufFormat, HalfScaledFormat
from .nv import NVFormat
from .olive import OliveFormat
from .shared_exponent import SharedExponentFormat

__all__ = ["RunFormat", "RunScale", "Runs", "ScaleCodes", "run_format", "runs_of"]

Ints = NDArray[Any]


@dataclass(frozen=True)
class RunScale:
    """What the elements of a run are multiplied by: ``form`` times ``factor``.

    Parameters
    ----------
    form : Format
        Of the scale's code: E8M0, a minifloat, or integers.
    factor : IntFormat or None
        Of a second code that it is multiplied by, as the six bits of Q4_K's scales are; None
        for 1.
    negative : bool
        Whether it is subtracted.
    total : bool
        Of E8M0: whether code 255 is ``2**128``, not NaN.
    """

    form: Format
    factor: IntFormat | None = None
    negative: bool = False
    total: bool = False

    @property
    def significand(self) -> int:
        """Greatest magnitude of the significand; its exponent is in :attr:`exponents`."""
        own = (1 if isinstance(self.form, E8M0Format) else
               (2 << self.form.mantissa) - 1 if isinstance(self.form, MinifloatFormat) else
               max(-self.form.fixed_min, self.form.fixed_max))
        return own * (1 if self.factor is None else max(-self.factor.min, self.factor.max))

    @property
    def exponents(self) -> tuple[int, int]:
        """Least and greatest exponent of the significand."""
        if isinstance(self.form, E8M0Format):
            return -127, 128 if self.total else 127
        if isinstance(self.form, MinifloatFormat):
            low = 1 - self.form.offset - self.form.mantissa
            return low, low + (1 << self.form.exponent) - 2
        return self.form.lsb, self.form.lsb

    @property
    def has_nan(self) -> bool:
        """Whether a code may be no finite number."""
        return isinstance(self.form, CodedFormat) and not self.total and not bool(
            np.isfinite(self.form.decode(np.arange(self.form.max + 1))).all())

    def split(self, codes: Ints, factors: Ints | None) -> tuple[Ints, Ints, NDArray[np.bool_]]:
        """Significands with their signs, exponents, and whether there is no finite number, of
        codes of any shape."""
        if self.total:
            whole = codes.astype(np.int64)
            return np.ones_like(whole), whole - 127, np.zeros(codes.shape, bool)
        broken = np.zeros(codes.shape, bool)
        if isinstance(self.form, CodedFormat):
            broken = ~np.isfinite(self.form.decode(codes))
            zero = int(np.flatnonzero(self.form.decode(np.arange(self.form.max + 1)) == 0)[0]) \
                if self.significand > 1 else 127
            significands, exponents = self.form.split(np.where(broken, zero, codes))
        else:
            significands, exponents = self.form.to_fixed(codes), np.full(codes.shape, self.form.lsb)
        # Odd significands may have exponents that no code has.
        low, high = self.exponents
        over = np.maximum(exponents - high, 0)
        significands, exponents = significands << over, np.maximum(exponents - over, low)
        if self.factor is not None:
            assert factors is not None
            significands = significands * self.factor.to_fixed(factors)
        return -significands if self.negative else significands, exponents, broken


@dataclass(frozen=True)
class RunFormat:
    """Runs of a block format, or of a plain one, which has no scale.

    Parameters
    ----------
    element : Format
        Of the codes; integers where the block's own codes are none.
    size : int or None
        Elements of a run; None where nothing is shared.
    scale : RunScale or None
        None for 1.
    minimum : RunScale or None
        What is added to every scaled element; None for nothing.
    """

    element: Format
    size: int | None = None
    scale: RunScale | None = None
    minimum: RunScale | None = None


class ScaleCodes(NamedTuple):
    """Codes of a :class:`RunScale`, and of its factor if it has one; of shape (..., runs)."""

    codes: Ints
    factors: Ints | None = None


class Runs(NamedTuple):
    """A tensor in runs.

    Members
    -------
    elements : int array, shape (..., runs, size)
        Codes of :attr:`RunFormat.element`.
    scale, minimum : ScaleCodes or None
        As :class:`RunFormat` has them.
    """

    elements: Ints
    scale: ScaleCodes | None = None
    minimum: ScaleCodes | None = None

    def of_size(self, size: int) -> Runs:
        """The same in shorter runs; a scale goes with each of its parts. Where nothing is
        shared, in runs of any size.

        Raises
        ------
        ValueError
            If runs of ``size`` elements are no parts of runs, or of the tensor.
        """
        shared = self.scale is not None or self.minimum is not None
        whole = self.elements.shape[-1] * (1 if shared else self.elements.shape[-2])
        if size < 1 or whole % size:
            raise ValueError(f"size must be a divisor of {whole}, not {size}")
        parts = whole // size

        def each(found: ScaleCodes | None) -> ScaleCodes | None:
            if found is None:
                return None
            factors = found.factors
            return ScaleCodes(np.repeat(found.codes, parts, axis=-1),
                              None if factors is None else np.repeat(factors, parts, axis=-1))

        count = self.elements.shape[-2] * self.elements.shape[-1] // size
        shape = *self.elements.shape[:-2], count, size
        return Runs(self.elements.reshape(shape), each(self.scale), each(self.minimum))


#: FP16, which the scales of most of GGUF's types have.
HALF = RunScale(FP16)


@singledispatch
def run_format(form: BlockFormat | Format) -> RunFormat:
    """How runs of ``form`` look.

    Raises
    ------
    TypeError
        If it is no format.
    """
    if not isinstance(form, Format):
        raise TypeError(f"form must be a Format or BlockFormat, not {form!r}")
    return RunFormat(form)


@run_format.register
def _(form: SharedExponentFormat) -> RunFormat:
    return RunFormat(form.element, form.size, RunScale(form.SCALE))


@run_format.register
def _(form: NVFormat) -> RunFormat:
    return RunFormat(form.element, form.size, RunScale(form.scale))


@run_format.register
def _(form: HalfScaledFormat) -> RunFormat:
    return RunFormat(_integers(form), form.size, HALF)


@run_format.register
def _(form: Q4_1Format) -> RunFormat:
    return RunFormat(_integers(form), form.size, HALF, HALF)


@run_format.register
def _(form: Q4_KFormat) -> RunFormat:
    six = IntFormat(6, signed=False)
    return RunFormat(_integers(form), 32, RunScale(FP16, six), RunScale(FP16, six, negative=True))


@run_format.register
def _(form: Q6_KFormat) -> RunFormat:
    return RunFormat(_integers(form), 16, RunScale(FP16, IntFormat(8)))


@run_format.register
def _(form: GgufMxfp4Format) -> RunFormat:
    return RunFormat(_integers(form), form.size, RunScale(E8M0Format(), total=True))


@run_format.register
def _(form: GgufNvfp4Format) -> RunFormat:
    return RunFormat(_integers(form), 16, RunScale(MinifloatFormat(4, 3, signed=False)))


@run_format.register
def _(form: BitModFormat) -> RunFormat:
    element = IntFormat(4) if form.width == 3 else FixedFormat(6, 1)
    return RunFormat(element, form.size, RunScale(IntFormat(7, signed=False)))


@run_format.register
def _(form: OliveFormat) -> RunFormat:
    tables = form.tables
    most = max(int(np.abs(integers << exponents).max()) for integers, exponents in (
        (tables.outlier_integers, tables.outlier_exponents),
        (tables.normal_integers, tables.normal_exponents)))
    return RunFormat(IntFormat(most.bit_length() + 1))


def _integers(form: GgufFormat) -> Format:
    """Integers on the grid of a type's elements."""
    element = form.element
    low, high = element.fixed_min, element.fixed_max
    if isinstance(element, TernaryFormat) or (low, high, element.lsb) == (-1, 1, 0):
        return TernaryFormat()
    whole = covering(low, high)
    return FixedFormat(whole.width, -element.lsb, signed=low < 0) if element.lsb else whole


@singledispatch
def runs_of(form: BlockFormat, fields: Fields) -> Runs:
    """The runs of a tensor's fields; tensors' and channels' scales are left out.

    Parameters
    ----------
    form : BlockFormat
    fields : mapping of str to array
        Codes of shape (..., blocks, size) and what belongs to them, as ``form.encode`` gives
        them.

    Raises
    ------
    TypeError
        If ``form`` has no runs.
    """
    raise TypeError(f"form must be a BlockFormat with runs, not {form!r}")


@runs_of.register(SharedExponentFormat)
@runs_of.register(NVFormat)
def _(form: BlockFormat, fields: Fields) -> Runs:
    return Runs(fields["codes"], ScaleCodes(fields["scales"]))


@runs_of.register(HalfScaledFormat)
@runs_of.register(GgufMxfp4Format)
def _(form: GgufFormat, fields: Fields) -> Runs:
    return Runs(_on_grid(form, fields), ScaleCodes(fields["scales"]))


@runs_of.register
def _(form: Q4_1Format, fields: Fields) -> Runs:
    return Runs(_on_grid(form, fields), ScaleCodes(fields["scales"]),
                ScaleCodes(fields["minima"]))


@runs_of.register
def _(form: Q4_KFormat, fields: Fields) -> Runs:
    scale, minimum = (ScaleCodes(_each(fields[common], 8), _flat(fields[own]))
                      for common, own in (("d", "scales"), ("dmin", "minima")))
    return Runs(_split(_on_grid(form, fields), 8), scale, minimum)


@runs_of.register
def _(form: Q6_KFormat, fields: Fields) -> Runs:
    return Runs(_split(_on_grid(form, fields), 16),
                ScaleCodes(_each(fields["d"], 16), _flat(fields["scales"])))


@runs_of.register
def _(form: GgufNvfp4Format, fields: Fields) -> Runs:
    # The highest bit means nothing, but 0x7F is 0 and 0xFF is not.
    scales = _flat(fields["scales"])
    return Runs(_split(_on_grid(form, fields), 4),
                ScaleCodes(np.where(scales == 0x7F, 0, scales & 0x7F)))


@runs_of.register
def _(form: BitModFormat, fields: Fields) -> Runs:
    values = code_values(form.width)[fields["special"].astype(np.int64)[..., None],
                                     fields["codes"].astype(np.int64)]
    element = run_format(form).element
    return Runs(np.ldexp(values, -element.lsb).astype(np.int64), ScaleCodes(fields["scales"]))


@runs_of.register
def _(form: OliveFormat, fields: Fields) -> Runs:
    exponents, integers = form.split(fields["codes"])
    return Runs(integers << exponents)


def _on_grid(form: GgufFormat, fields: Fields) -> Ints:
    return form.element.to_fixed(fields["codes"])


def _split(blocks: Ints, parts: int) -> Ints:
    """(..., blocks, size) to (..., blocks * parts, size / parts)."""
    *outer, count, size = blocks.shape
    return blocks.reshape(*outer, count * parts, size // parts)


def _flat(shared: Ints) -> Ints:
    """(..., blocks, parts) to (..., blocks * parts)."""
    return shared.reshape(*shared.shape[:-2], shared.shape[-2] * shared.shape[-1])


def _each(shared: Ints, parts: int) -> Ints:
    """(..., blocks) to (..., blocks * parts): every part has the block's."""
    return np.repeat(shared, parts, axis=-1)
