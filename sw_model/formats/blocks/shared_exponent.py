"""Blocks that share a power of two: what OCP's MX formats and block floating point have in common.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..base import as_index
from ..integer import FixedFormat
from ..minifloat import MinifloatFormat
from ..overflow import Overflow
from ..packing import bytes_for, pack_bits, unpack_bits
from ..rounding import Rounding
from ..scale import E8M0Format
from .base import BlockFormat, Fields
from .scale_rule import ScaleRule, floor_log2, shared_exponent, three_quarters
from .scaled import codes_and_scales

__all__ = ["SharedExponentFormat"]


class SharedExponentFormat(BlockFormat):
    """Elements times ``2**(scale - 127)``, one scale for each block.

    Fields: ``codes`` (..., blocks, size), codes of :attr:`element`, and ``scales``
    (..., blocks), codes of E8M0. Scale 255 makes all of a block NaN, whatever its codes.

    A packed block is the scale's byte and then the codes, least significant bit first
    (:func:`sw_model.formats.packing.pack_bits`); the bits that fill up the last byte are 0.

    Members
    -------
    element : MinifloatFormat or FixedFormat
    rule : ScaleRule
    symmetric : bool
        Whether the most negative code of a fixed-point element is illegal.
    """

    #: Of the scales.
    SCALE = E8M0Format()
    #: The scale of a block that is NaN.
    NAN = 255

    element: MinifloatFormat | FixedFormat
    rule: ScaleRule
    symmetric: bool

    @property
    def block_bytes(self) -> int:
        return 1 + bytes_for(self.size, self.element.width)

    @property
    def largest(self) -> float:
        """Largest finite value of an element."""
        return self.element.fixed_max * 2.0**self.element.lsb

    def encode(self, values: ArrayLike) -> Fields:
        """Scale by :attr:`rule`, saturate, and round half to even; exact for every float64.

        A block that holds NaN or an infinity gets scale 255 and codes 0. Values too large
        for scale 254 saturate; zero blocks have scale 0.
        """
        # NumPy warns of signalling NaN in narrower types.
        with np.errstate(invalid="ignore"):
            blocks = self.blocks_of(values).astype(np.float64, copy=False)
        amax = np.abs(blocks).max(axis=-1)
        broken = ~np.isfinite(amax)
        if broken.any():
            blocks = np.where(broken[..., None], 0.0, blocks)
            amax = np.where(broken, 0.0, amax)
        exponents = self._exponents(amax)
        if self.rule is ScaleRule.FPQUANT:
            blocks = three_quarters(blocks)
        # Exact but for what is far too small to round to anything but zero.
        scaled = blocks * np.ldexp(1.0, -exponents)[..., None]
        least = -self.largest if self.symmetric else self.element.fixed_min * 2.0**self.element.lsb
        codes = self.element.encode(np.clip(scaled, least, self.largest),
                                    rounding=Rounding.HALF_EVEN, overflow=Overflow.SATURATE)
        scales = np.where(broken, self.NAN, exponents + 127)
        return {"codes": codes.astype(self.element.dtype), "scales": scales.astype(np.uint8)}

    def decode(self, fields: Fields) -> NDArray[np.float64]:
        """Real values, exact; under ``ScaleRule.FPQUANT`` times 4/3 and rounded once."""
        codes, scales = self._parts(fields)
        reals = self.element.decode(codes) * self.SCALE.decode(scales)[..., None]
        if self.rule is ScaleRule.FPQUANT:
            reals = reals * 4 / 3
        return self.joined(reals)

    def pack(self, fields: Fields) -> NDArray[np.uint8]:
        codes, scales = self._parts(fields)
        packed = pack_bits(self.element.to_bits(codes), self.element.width)
        return np.concatenate([scales.astype(np.uint8)[..., None], packed], axis=-1)

    def unpack(self, data: ArrayLike) -> Fields:
        blocks = self.bytes_of(data)
        patterns = unpack_bits(blocks[..., 1:], self.element.width, self.size)
        fields = {"codes": self.element.from_bits(patterns).astype(self.element.dtype),
                  "scales": blocks[..., 0].copy()}
        self._parts(fields)
        return fields

    def _exponents(self, amax: NDArray[np.float64]) -> NDArray[np.int64]:
        mantissa = (self.element.mantissa if isinstance(self.element, MinifloatFormat)
                    else self.element.width - 2)
        return shared_exponent(amax, self.rule, mantissa=mantissa,
                               emax=int(floor_log2(np.array(self.largest))))

    def _parts(self, fields: Fields) -> tuple[NDArray[Any], NDArray[Any]]:
        """Checked codes and scales."""
        codes, scales = codes_and_scales(self, fields)
        self.element.check("codes", codes)
        if self.symmetric and isinstance(self.element, FixedFormat) \
                and (codes == self.element.min).any():
            raise ValueError(f"codes hold {self.element.min}, which is no code of {self}")
        self.SCALE.check("scales", scales)
        return codes, scales

    def _check_shared(self) -> None:
        """Checks of the constructor that do not depend on the kind."""
        object.__setattr__(self, "size", as_index("size", self.size))
        if self.size < 1:
            raise ValueError(f"size must be at least 1, not {self.size}")
        if not isinstance(self.rule, ScaleRule):
            raise TypeError(f"rule must be a ScaleRule, not {self.rule!r}")
