"""OliVe: of two neighbours an outlier takes the place of its victim."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..base import as_index
from ..integer import IntFormat
from .base import BlockFormat, Fields
from .finite import finite_blocks
from .olive_codes import Normal, Tables, tables

__all__ = ["Clash", "OliveFormat"]

Reals = NDArray[np.float64]


class Clash(enum.Enum):
    """Which of two outliers in a pair stays; the other becomes the victim, zero."""

    #: That of larger magnitude, of equals the first: the paper's.
    LARGER = "larger"
    #: The first: what the authors' released program does.
    EVEN = "even"


@dataclass(frozen=True)
class OliveFormat(BlockFormat):
    """``olive<normal,...>``: pairs of normal values, or of an outlier and a zero.

    Values are ``tensor_scale`` times what :meth:`split` says of the codes. Fields are ``codes``,
    bit patterns of shape (..., n / 2, 2), and ``tensor_scale``, one float32, which is in no
    packed pair and travels beside them.

    A code ``10...0`` marks a victim; the other code of the pair is then an outlier, whose
    magnitude 0 is no code, or a second victim. A pair is a byte, its first code in the high
    nibble; with int8 two bytes in their order.

    Source: OliVe, accelerating LLMs via hardware-friendly outlier-victim pair quantization, ISCA
    2023; the quantiser and its search from the authors' program.

    Parameters
    ----------
    normal : Normal
        Format of values that are no outliers.
    bias : int or None
        Of the outliers' exponents, 0 to 8; None for the usual one: 2, 3, or 4 for int8.
    clash : Clash
        Which of two outliers stays.
    """

    normal: Normal
    bias: int | None = None
    clash: Clash = Clash.LARGER

    def __post_init__(self) -> None:
        for name, kind in (("normal", Normal), ("clash", Clash)):
            if not isinstance(getattr(self, name), kind):
                raise TypeError(f"{name} must be a {kind.__name__}, not {getattr(self, name)!r}")
        bias = self.normal.bias if self.bias is None else as_index("bias", self.bias)
        if not 0 <= bias <= 8:
            raise ValueError(f"bias must be 0 to 8, not {bias}")
        # One way to say it, so that equal formats are equal.
        object.__setattr__(self, "bias", None if bias == self.normal.bias else bias)

    @property
    def size(self) -> int:
        return 2

    @property
    def block_bytes(self) -> int:
        return self.normal.width // 4

    @property
    def identifier(self) -> int:
        """The code of a victim."""
        return 1 << (self.normal.width - 1)

    @property
    def tables(self) -> Tables:
        """What each code stands for."""
        return tables(self.normal, self.normal.bias if self.bias is None else self.bias)

    def split(self, codes: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Exponents and integers of pairs of codes, shape (..., 2): ``integer << exponent``.

        Raises
        ------
        TypeError
            If the codes are not integers.
        ValueError
            If the last axis is not 2, or a code is out of range, or is beside a victim and no
            outlier.
        """
        array = self.field({"codes": np.asarray(codes)}, "codes", 2)
        IntFormat(self.normal.width, signed=False).check("codes", array)
        whole = array.astype(np.int64)
        victim = whole == self.identifier
        outlier = victim[..., ::-1] & ~victim
        wrong = (outlier & (whole == 0)).any(axis=-1)
        if wrong.any():
            raise ValueError(f"{whole[wrong][0].tolist()} is no pair of {self}: a victim's "
                             "neighbour must be an outlier")
        table = self.tables
        exponents = np.where(outlier, table.outlier_exponents[whole], table.normal_exponents[whole])
        integers = np.where(outlier, table.outlier_integers[whole], table.normal_integers[whole])
        return np.where(victim, 0, exponents), np.where(victim, 0, integers)

    def encode(self, values: ArrayLike, scale: float | None = None) -> Fields:
        """The fields of real values of shape (..., n), by a scale or by that of :meth:`search`.

        What is larger than the threshold (8 for int4, 16 for flint4, 128 for int8; in units of
        the scale) is an outlier, if it does not lose a clash. Normal values and outliers go to
        the nearest of their kind, halves up; beyond the last of a kind, to the last.

        Raises
        ------
        TypeError
            If the values are not real numbers, or the scale is none.
        ValueError
            If n is odd, a value is not finite as float32, or the scale is not above zero and
            finite as float32. So it is where none is given and the values are not all zero, but
            so small that :meth:`search` finds none.
        """
        x = finite_blocks(self, values).astype(np.float64)
        if scale is None:
            scale = self.search(values)
        unit = _checked_scale(scale)
        return {"codes": self._codes(x / float(unit)).astype(np.uint8),
                "tensor_scale": np.asarray(unit)}

    def search(self, values: ArrayLike, *, low: int = 75, high: int = 250, step: int = 2) -> float:
        """The scale of least mean squared error among some; of equals the smallest.

        The threshold is brought to ``low`` to ``high`` percent, in steps, of three standard
        deviations from the mean, on the side that lies further from zero. If that is zero, so
        are all values, and the scale is 1.

        Raises
        ------
        TypeError, ValueError
            As :meth:`encode` does, or if the percentages are not 1 or more and ascending, or
            the values are too small for a scale of float32.
        """
        low, high, step = as_index("low", low), as_index("high", high), as_index("step", step)
        if low < 1 or high < low or step < 1:
            raise ValueError(f"percentages must ascend from 1 or more, not from {low} to {high} by "
                             f"{step}")
        x = finite_blocks(self, values).astype(np.float64)
        mean, deviation = (float(x.mean()), float(x.std())) if x.size else (0.0, 0.0)
        base = max(abs(mean + 3 * deviation), abs(mean - 3 * deviation))
        best, least = 1.0, np.inf
        for percent in range(low, high + 1, step) if base else ():
            scale = float(_checked_scale(base * percent / 100 / self.normal.threshold))
            error = float(np.square(self._real(self._codes(x / scale)) * scale - x).mean())
            if error < least:
                best, least = scale, error
        return best

    def _codes(self, x: Reals) -> NDArray[np.int64]:
        """Codes of pairs in units of the scale."""
        magnitude = np.abs(x)
        outlier = np.asarray(magnitude > self.normal.threshold)
        both = outlier[..., 0] & outlier[..., 1]
        second = both & (self.clash is Clash.LARGER) & (magnitude[..., 0] < magnitude[..., 1])
        outlier &= ~np.stack([second, both & ~second], axis=-1)
        table = self.tables
        normal = _nearest(x, table.normal_codes, table.normal_integers << table.normal_exponents)
        large = _nearest(x, table.outlier_codes, table.outlier_integers << table.outlier_exponents)
        victim = outlier[..., ::-1] & ~outlier
        return np.where(victim, self.identifier, np.where(outlier, large, normal))

    def _real(self, codes: NDArray[np.int64]) -> Reals:
        exponents, integers = self.split(codes)
        return np.asarray(np.ldexp(integers.astype(np.float64), exponents))

    def decode(self, fields: Fields) -> Reals:
        """Real values, exact; see :meth:`BlockFormat.decode`."""
        codes = self._checked(fields)
        values = self._real(codes) * float(self._tensor_scale(fields))
        return self.joined(values)

    def pack(self, fields: Fields) -> NDArray[np.uint8]:
        codes = self._checked(fields).astype(np.uint8)
        if self.normal is Normal.INT8:
            return codes
        return np.asarray(codes[..., :1] << np.uint8(4) | codes[..., 1:], np.uint8)

    def unpack(self, data: ArrayLike, tensor_scale: ArrayLike | None = None) -> Fields:
        """The inverse of :meth:`pack`; the fields hold ``tensor_scale`` if it is given."""
        array = self.bytes_of(data)
        if self.normal is not Normal.INT8:
            array = np.concatenate([array >> 4, array & 15], axis=-1)
        fields = {"codes": self._checked({"codes": array.copy()})}
        if tensor_scale is not None:
            fields["tensor_scale"] = self._tensor_scale({"tensor_scale": np.asarray(tensor_scale)})
        return fields

    def _tensor_scale(self, fields: Fields) -> NDArray[np.float32]:
        scale = self.field(fields, "tensor_scale")
        if scale.dtype != np.float32:
            raise TypeError(f"tensor_scale must be float32, not {scale.dtype}")
        if scale.shape:
            raise ValueError(f"tensor_scale must have no axes, but has shape {scale.shape}")
        return np.asarray(_checked_scale(scale[()]))

    def _checked(self, fields: Fields) -> NDArray[Any]:
        codes = self.field(fields, "codes", 2)
        if codes.ndim < 2:
            raise ValueError(f"field 'codes' of {self} must have an axis of blocks, but has shape "
                             f"{codes.shape}")
        self.split(codes)
        return codes

    def __str__(self) -> str:
        options = [self.normal.value]
        options += [f"bias={self.bias}"] if self.bias is not None else []
        options += [self.clash.value] if self.clash is not Clash.LARGER else []
        return f"olive<{','.join(options)}>"


def _nearest(x: Reals, codes: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of ``codes``, by ascending value, those nearest to ``x``; halves go up."""
    ascending = values[codes]
    middles = (ascending[:-1] + ascending[1:]) / 2
    return np.asarray(codes[np.searchsorted(middles, x, side="right")])


def _checked_scale(scale: object) -> np.float32:
    if isinstance(scale, bool | np.bool_) or not isinstance(
            scale, int | float | np.integer | np.floating):
        raise TypeError(f"scale must be a number, not {scale!r}")
    with np.errstate(over="ignore"):
        single = np.float32(scale)
    if not np.isfinite(single) or single <= 0:
        raise ValueError(f"scale must be above 0 and finite as float32, not {scale!r}")
    return single
