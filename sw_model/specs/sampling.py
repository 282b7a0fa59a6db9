"""Choosing among the largest: top-k, top-p, and the draw of one."""

from __future__ import annotations

from dataclasses import dataclass

from ..formats import Format, IntFormat, covering
from .checks import indices, require_format, require_least
from .exponential import Exp2Spec

__all__ = ["SamplerSpec", "TopKSpec"]


@dataclass(frozen=True, kw_only=True)
class TopKSpec:
    """The ``k`` largest elements of each row, with their places.

    Parameters
    ----------
    source : Format
        Codes whose order is the order of their values.
    k : int
    longest : int
        Elements of the longest row.
    """

    source: Format
    k: int
    longest: int

    def __post_init__(self) -> None:
        require_format("source", self.source)
        indices(self, "k", "longest")
        require_least("k", self.k, 1)
        require_least("longest", self.longest, 1)

    @property
    def index(self) -> IntFormat:
        """Narrowest format of a place."""
        return covering(0, self.longest - 1)


@dataclass(frozen=True, kw_only=True)
class SamplerSpec:
    """One of the ``k`` largest elements, drawn by its softmax weight.

    Parameters
    ----------
    top : TopKSpec
        Of signed integers.
    multiplier_bits : int
        Of the multiplier that comes at run time: the elements' scale over the temperature, see
        :meth:`multiplier`.
    index_bits, fraction : int
        Of the powers of two that are weights; see :class:`Exp2Spec`.
    """

    #: Fraction bits of the part of all weights that top-p keeps, ``2**16`` of which is all.
    PART_BITS = 16

    top: TopKSpec
    multiplier_bits: int = 20
    index_bits: int = 5
    fraction: int = 15

    def __post_init__(self) -> None:
        if not isinstance(self.top, TopKSpec):
            raise TypeError(f"top must be a TopKSpec, not {self.top!r}")
        require_format("source", self.top.source, IntFormat)
        indices(self, "multiplier_bits", "index_bits", "fraction")
        require_least("multiplier_bits", self.multiplier_bits, 1)
        _ = self.power

    @property
    def power(self) -> Exp2Spec:
        """Of an element less the largest."""
        return Exp2Spec(source=IntFormat(self.top.source.width + 1),
                        multiplier=IntFormat(self.multiplier_bits, signed=False),
                        index_bits=self.index_bits, fraction=self.fraction)

    def multiplier(self, scale: float, temperature: float = 1.0) -> int:
        """What weighs elements in units of ``scale`` by ``exp(x / temperature)``.

        Raises
        ------
        ValueError
            If it is not positive, or does not fit ``multiplier_bits``.

        >>> SamplerSpec(top=TopKSpec(source=IntFormat(8), k=4, longest=9)).multiplier(0.1, 0.5)
        18910
        """
        if not (scale > 0 and temperature > 0):
            raise ValueError(f"scale and temperature must be positive, not {scale!r} and "
                             f"{temperature!r}")
        folded = Exp2Spec.folded(scale / temperature, self.power.constant_fraction)
        if folded >= 1 << self.multiplier_bits:
            raise ValueError(f"scale {scale!r} over temperature {temperature!r} does not fit "
                             f"{self.multiplier_bits} bits")
        return folded
