"""NVIDIA's 4-bit blocks: 16 elements, and scales that have a significand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..integer import IntFormat
from ..minifloat import NAMED, MinifloatFormat
from ..overflow import Overflow
from ..packing import pack_bits, unpack_bits
from .base import BlockFormat, Fields
from .scaled import codes_and_scales

__all__ = ["NV_SCALES", "NVFormat"]

#: Formats of the blocks' scales, by name. That of NVFP4 goes with a scale of the tensor, the
#: other has range enough to go without.
NV_SCALES = {name: NAMED[name] for name in ("ue4m3", "ue5m3")}

#: Largest factor that a tensor is multiplied by, so that its inverse is a normal float32.
MOST = np.float32(2.0**126)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class NVFormat(BlockFormat):
    """``nvfp4``, ``nvint4``, ``nvfp4<ue5m3>`` and ``nvint4<ue5m3>``.

    Fields: ``codes`` (..., blocks, 16), codes of :attr:`element` (of int4 -7 to 7 alone),
    ``scales`` (..., blocks), codes of :attr:`scale`, and, with UE4M3, ``tensor_scale``, one
    float32. An element stands for ``code * scale * tensor_scale``.

    Encoding is defined by these operations of float32, each rounded half to even, in this
    order; the values are float32. ``F`` is the largest element, 6 or 7, and 448 the largest
    scale of UE4M3.

    * ``enc = min((448 * F) / amax of the tensor, 2**126)``, 1 if that is zero;
      ``tensor_scale = 1 / enc``. With UE5M3 there is no tensor's scale, and ``enc`` is 1.
    * ``scale = RNE(min(largest scale, (amax of the block / F) * enc))``.
    * ``code = RNE(clamp((value * enc) / scale, -F, F))``, zero without sign where the scale
      is zero.

    A block that holds NaN or an infinity gets the scale NaN and codes 0: all of it decodes as
    NaN, and it does not count for the tensor.

    A packed block is the scale's byte and then 8 bytes of two codes, the first one in the low
    nibble. The tensor's scale is in no block, and travels beside them.

    Sources: NVIDIA, Pretraining Large Language Models with NVFP4, 2025; INT v.s. FP: A
    Comprehensive Study of Fine-Grained Low-bit Quantization Formats, 2025 (NVINT4).

    Parameters
    ----------
    element : MinifloatFormat or IntFormat
        E2M1 or int4.
    scale : MinifloatFormat
        One of :data:`NV_SCALES`.

    Raises
    ------
    ValueError
        If there is no such format.
    """

    element: MinifloatFormat | IntFormat
    scale: MinifloatFormat = NV_SCALES["ue4m3"]

    #: Elements of a block.
    size = 16

    def __post_init__(self) -> None:
        if self.element not in (NAMED["e2m1"], IntFormat(4)):
            raise ValueError(f"element must be e2m1 or int4, not {self.element}")
        if self.scale not in NV_SCALES.values():
            raise ValueError(f"scale must be one of {', '.join(NV_SCALES)}, not {self.scale}")

    @property
    def block_bytes(self) -> int:
        return 1 + self.size // 2

    @property
    def has_tensor_scale(self) -> bool:
        """Whether there is a field ``tensor_scale``."""
        return self.scale == NV_SCALES["ue4m3"]

    @property
    def largest(self) -> float:
        """The largest element."""
        return 6.0 if isinstance(self.element, MinifloatFormat) else 7.0

    def encode(self, values: ArrayLike, tensor_scale: ArrayLike | None = None) -> Fields:
        """By float32 arithmetic, as the class says.

        Parameters
        ----------
        values : real numbers, shape (..., n)
        tensor_scale : float32, optional
            The tensor's scale if it is known beforehand, as that of calibrated activations is:
            ``enc`` is then its inverse in float32, and blocks do not depend on each other. What
            exceeds its range saturates.

        Raises
        ------
        TypeError, ValueError
            Also if a finite value is infinite as float32, to which all are rounded first, or if
            ``tensor_scale`` is none: no positive float32 with a finite inverse, or given where
            the format has no such field.
        """
        blocks = self._float32_blocks(values)
        amax = np.abs(blocks).max(axis=-1)
        broken = ~np.isfinite(amax)
        blocks = np.where(broken[..., None], np.float32(0), blocks)
        amax = np.where(broken, np.float32(0), amax)
        enc = self._multiplier(amax) if tensor_scale is None else self._inverse(tensor_scale)
        largest = np.float32(self.largest)
        with np.errstate(over="ignore"):
            wanted = np.minimum(self._largest_scale, (amax / largest) * enc)
            multiplied = blocks * enc
        scales = self.scale.encode(wanted, overflow=Overflow.SATURATE)
        divisors = self.scale.decode(scales).astype(np.float32)[..., None]
        zero = divisors == 0
        scaled = multiplied / np.where(zero, np.float32(1), divisors)
        inside = np.clip(np.where(zero, np.float32(0), scaled), -largest, largest)
        fields = {"codes": self.element.encode(inside).astype(self.element.dtype),
                  "scales": np.where(broken, self.scale.nan or 0, scales).astype(np.uint8)}
        if self.has_tensor_scale:
            own = np.float32(1) / enc if tensor_scale is None else tensor_scale
            fields["tensor_scale"] = np.asarray(own)
        return fields

    def decode(self, fields: Fields) -> Floats:
        """``(code * scale) * tensor_scale`` in float32.

        The first product is exact, the second rounded half to even. It is finite for fields
        that :meth:`encode` gave; for a greater ``tensor_scale`` it may be infinite.
        """
        codes, scales = self._parts(fields)
        element = self.element.decode(codes).astype(np.float32)
        reals = element * self.scale.decode(scales).astype(np.float32)[..., None]
        if self.has_tensor_scale:
            with np.errstate(over="ignore"):
                reals = reals * self._tensor_scale(fields)
        return self.joined(reals)

    def pack(self, fields: Fields) -> NDArray[np.uint8]:
        codes, scales = self._parts(fields)
        packed = pack_bits(self.element.to_bits(codes), self.element.width)
        return np.concatenate([scales.astype(np.uint8)[..., None], packed], axis=-1)

    def unpack(self, data: ArrayLike, tensor_scale: ArrayLike | None = None) -> Fields:
        """The inverse of :meth:`pack`; the fields hold ``tensor_scale`` if it is given."""
        blocks = self.bytes_of(data)
        patterns = unpack_bits(blocks[..., 1:], self.element.width, self.size)
        fields = {"codes": self.element.from_bits(patterns).astype(self.element.dtype),
                  "scales": blocks[..., 0].copy()}
        self._parts(fields)
        if tensor_scale is not None:
            fields["tensor_scale"] = self._tensor_scale({"tensor_scale": np.asarray(tensor_scale)})
        return fields

    @property
    def _largest_scale(self) -> np.float32:
        return np.float32(self.scale.fixed_max * 2.0**self.scale.lsb)

    def _float32_blocks(self, values: ArrayLike) -> Floats:
        given = self.blocks_of(values)
        # NumPy warns of signalling NaN in other types.
        with np.errstate(over="ignore", invalid="ignore"):
            blocks = given.astype(np.float32)
        lost = np.isinf(blocks) & np.isfinite(given)
        if lost.any():
            raise ValueError(f"{given[lost][0]} lies outside the range of float32")
        return blocks

    def _multiplier(self, amax: Floats) -> np.float32:
        """``enc``, what all elements of the tensor are multiplied by."""
        most = amax.max(initial=np.float32(0))
        if not self.has_tensor_scale or most == 0:
            return np.float32(1)
        with np.errstate(over="ignore"):
            return min(self._largest_scale * np.float32(self.largest) / most, MOST)

    def _inverse(self, tensor_scale: ArrayLike) -> Floats:
        """``enc`` of a tensor's scale that is given."""
        scale = self._tensor_scale({"tensor_scale": np.asarray(tensor_scale)})
        with np.errstate(over="ignore"):
            enc = np.float32(1) / scale
        if not np.isfinite(enc):
            raise ValueError(f"tensor_scale must have a finite inverse, not {scale}")
        return enc

    def _parts(self, fields: Fields) -> tuple[NDArray[Any], NDArray[Any]]:
        """Checked codes and scales."""
        codes, scales = codes_and_scales(self, fields)
        self.element.check("codes", codes)
        if isinstance(self.element, IntFormat) and (codes == self.element.min).any():
            raise ValueError(f"codes hold {self.element.min}, which is no code of {self}")
        self.scale.check("scales", scales)
        return codes, scales

    def _tensor_scale(self, fields: Fields) -> Floats:
        scale = self.field(fields, "tensor_scale")
        if not self.has_tensor_scale:
            raise ValueError(f"{self} has no tensor_scale")
        if scale.dtype != np.float32:
            raise TypeError(f"tensor_scale must be float32, not {scale.dtype}")
        if scale.shape:
            raise ValueError(f"tensor_scale must have no axes, but has shape {scale.shape}")
        if not (np.isfinite(scale) and scale > 0):
            raise ValueError(f"tensor_scale must be positive and finite, not {scale}")
        return scale

    def __str__(self) -> str:
        name = "nvfp4" if isinstance(self.element, MinifloatFormat) else "nvint4"
        return name if self.has_tensor_scale else f"{name}<{self.scale}>"
