"""BitMoD: three or four bits, of which one code has a value that each group chooses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..base import as_index
from ..codebook import CodebookFormat
from ..integer import IntFormat
from ..minifloat import NAMED
from ..packing import bytes_for, pack_bits, unpack_bits
from .base import BlockFormat, Fields
from .best import Best
from .finite import finite_blocks

__all__ = ["BitModFormat", "SPECIALS", "code_values", "nearest_codes", "selected_codes"]

#: Values of the special code by width; the place in the list is the group's selector.
SPECIALS = {3: (3.0, -3.0, 6.0, -6.0), 4: (5.0, -5.0, 8.0, -8.0)}

#: Magnitudes of the other codes.
MAGNITUDES = {3: (0.0, 1.0, 2.0, 4.0), 4: (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)}

FP16 = NAMED["fp16"]

#: No group's scale is smaller before it is quantised.
LEAST_SCALE = 1e-5


def code_values(width: int) -> NDArray[np.float64]:
    """What codes stand for, shape (4, 2**width): for each selector, in the codes' order.

    Codes are sign and magnitude; that of minus zero is the special one.
    """
    magnitudes = np.array(MAGNITUDES[width])
    values = np.tile(np.concatenate([magnitudes, -magnitudes]), (4, 1))
    values[:, 1 << (width - 1)] = SPECIALS[width]
    return values


def selected_codes(width: int) -> CodebookFormat:
    """Codes with their group's selector in two bits above them: a codebook of all values."""
    return CodebookFormat(tuple(code_values(width).ravel().tolist()))


def nearest_codes(width: int, special: int, values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Codes nearest to scaled values, for one selector; ties go to the lower value."""
    table = code_values(width)[special]
    order = np.argsort(table)
    middles = (table[order[:-1]] + table[order[1:]]) / 2
    return order[np.searchsorted(middles, values, side="left")].astype(np.uint8)


@dataclass(frozen=True)
class BitModFormat(BlockFormat):
    """``bitmod<width,group>``: ``channel * scale * value``, FP3 or FP4 with a special value.

    Three bits are 0, +-1, +-2, +-4 and one of 3, -3, 6, -6; four are E2M1 and one of 5, -5, 8,
    -8; see :func:`code_values`. Fields of values of shape (..., n) are ``codes``; ``special`` of
    shape (..., blocks), which of the four; ``scales`` of shape (..., blocks), 0 to 127; and
    ``channel`` of shape (...), an FP16 for each run along the last axis, an output channel.

    A packed block has the codes, the first in the low bits, then a byte with the scale and one
    with the selector, of which ``bits`` counts two bits. The channels' scales are in no block,
    and travel beside them.

    Source: BitMoD, bit-serial mixture-of-datatype LLM acceleration, HPCA 2025.

    Parameters
    ----------
    width : int
        3 or 4.
    group : int
        Weights of a group, at least 1.
    """

    width: int
    group: int = 128

    def __post_init__(self) -> None:
        for name in ("width", "group"):
            object.__setattr__(self, name, as_index(name, getattr(self, name)))
        if self.width not in SPECIALS:
            raise ValueError(f"width must be 3 or 4, not {self.width}")
        if self.group < 1:
            raise ValueError(f"group must be at least 1, not {self.group}")

    @property
    def size(self) -> int:
        return self.group

    @property
    def bits(self) -> float:
        return self.width + 10 / self.group

    @property
    def block_bytes(self) -> int:
        return bytes_for(self.group, self.width) + 2

    def quantise(self, values: ArrayLike
                 ) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float64]]:
        """Codes, selectors and real scales of values of shape (..., n), group by group.

        For each special value the scale brings the largest magnitude to that of the codes'
        values; it is at least 1e-5. Values go to the nearest code, ties to the lower value. The
        special value of least mean squared error is taken, of equals the first.

        Raises
        ------
        TypeError, ValueError
            As :meth:`encode` does.
        """
        x = finite_blocks(self, values).astype(np.float64)
        largest = np.abs(x).max(axis=-1)
        best = Best()
        for special, table in enumerate(code_values(self.width)):
            scales = np.maximum(largest / np.abs(table).max(), LEAST_SCALE)
            codes = nearest_codes(self.width, special, x / scales[..., None])
            error = np.square(table[codes] * scales[..., None] - x).mean(axis=-1)
            best.offer(error, codes=codes, scales=scales,
                       special=np.full(scales.shape, special, np.uint8))
        return best.fields["codes"], best.fields["special"], best.fields["scales"]

    def encode(self, values: ArrayLike) -> Fields:
        """The fields of real values of shape (..., n): :meth:`quantise`, then scales as INT8.

        A channel's scale is its largest group scale over 127, rounded to FP16; a group's scale
        is divided by that and rounded half to even, to at most 127. It may become 0.

        Raises
        ------
        TypeError
            If the values are not real numbers.
        ValueError
            If n is no multiple of ``group``, a value is not finite as float32, or a channel's
            scale is beyond FP16.
        """
        codes, special, scales = self.quantise(values)
        wanted = scales.max(axis=-1, initial=0) / 127
        with np.errstate(over="ignore"):
            half = wanted.astype(np.float16)
        if np.isinf(half).any():
            raise ValueError(f"{self} has channel scales of FP16, at most 65504, but these values "
                             f"need {wanted.max():g}")
        real = np.where(half > 0, half, 1).astype(np.float64)[..., None]
        return {"codes": codes, "special": special,
                "scales": np.rint(scales / real).clip(0, 127).astype(np.uint8),
                "channel": half.view(np.uint16)}

    def decode(self, fields: Fields) -> NDArray[np.float64]:
        """Real values, exact; see :meth:`BlockFormat.decode`."""
        codes, special, scales = self._parts(fields)
        step = FP16.decode(self._channel(fields))[..., None, None] * scales[..., None]
        table = code_values(self.width)
        values = np.asarray(step * table[special.astype(np.int64)[..., None],
                                         codes.astype(np.int64)])
        return self.joined(values)

    def pack(self, fields: Fields) -> NDArray[np.uint8]:
        codes, special, scales = self._parts(fields)
        shared = np.stack([scales, special], axis=-1).astype(np.uint8)
        return np.concatenate([pack_bits(codes, self.width), shared],
                              axis=-1)

    def unpack(self, data: ArrayLike, channel: ArrayLike | None = None) -> Fields:
        """The inverse of :meth:`pack`; the fields hold ``channel`` if it is given."""
        array = self.bytes_of(data)
        fields = {"codes": unpack_bits(array[..., :-2], self.width, self.group)
                  .astype(np.uint8), "scales": array[..., -2].copy(),
                  "special": array[..., -1].copy()}
        self._parts(fields)
        if channel is not None:
            fields["channel"] = np.asarray(channel)
            self._channel(fields)
        return fields

    def _channel(self, fields: Fields) -> NDArray[Any]:
        """``channel``, checked."""
        channel = self.field(fields, "channel")
        wanted = self.field(fields, "codes", self.size).shape[:-2]
        if channel.shape != wanted:
            raise ValueError(f"field 'channel' of {self} must have shape {wanted}, not "
                             f"{channel.shape}")
        FP16.check("channel", channel)
        if not np.isfinite(FP16.decode(channel)).all():
            raise ValueError(f"field 'channel' of {self} must hold finite numbers")
        return channel

    def _parts(self, fields: Fields) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """``codes``, ``special`` and ``scales``, checked."""
        codes = self.field(fields, "codes", self.size)
        if codes.ndim < 2:
            raise ValueError(f"field 'codes' of {self} must have an axis of blocks, but has shape "
                             f"{codes.shape}")
        IntFormat(self.width, signed=False).check("codes", codes)
        shared = []
        for name, width in (("special", 2), ("scales", 7)):
            array = self.field(fields, name)
            if array.shape != codes.shape[:-1]:
                raise ValueError(f"field {name!r} of {self} must have shape {codes.shape[:-1]}, "
                                 f"not {array.shape}")
            IntFormat(width, signed=False).check(name, array)
            shared.append(array)
        return codes, shared[0], shared[1]

    def __str__(self) -> str:
        return f"bitmod<{self.width},{self.group}>"
