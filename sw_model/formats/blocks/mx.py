"""OCP's microscaling formats: MXFP8, MXFP6, MXFP4 and MXINT8."""

from __future__ import annotations

from dataclasses import dataclass

from ..integer import FixedFormat
from ..minifloat import NAMED, MinifloatFormat
from .scale_rule import ScaleRule
from .shared_exponent import SharedExponentFormat

__all__ = ["MX_ELEMENTS", "MX_INT8", "MXFormat"]

#: Floating-point elements by name.
MX_ELEMENTS = {name: NAMED[name] for name in ("e5m2", "e4m3fn", "e3m2", "e2m3", "e2m1")}

#: The integer element: 64ths, from -2 to 1 + 63/64.
MX_INT8 = FixedFormat(8, 6)


@dataclass(frozen=True)
class MXFormat(SharedExponentFormat):
    """``mx<element,size,rule>`` and ``mxint8<size,rule,asymmetric>``; see the class above.

    Only what differs from size 32, rule ``floor`` and symmetry is spelt: ``mx<e2m1>``,
    ``mx<e4m3fn,16,ceil>``, ``mxint8``, ``mxint8<asymmetric>``.

    OCP leaves NaN and infinities in a block to the implementer: here the whole block becomes
    NaN. Elements that decode as NaN or infinite (E5M2, E4M3) are legal, but never encoded.

    Source: OCP Microscaling Formats 1.0, 5 and 6.3.

    Parameters
    ----------
    element : MinifloatFormat or FixedFormat
        One of :data:`MX_ELEMENTS`, or :data:`MX_INT8`.
    size : int
        Elements of a block, at least 1.
    rule : ScaleRule
    symmetric : bool
        MXINT8 only: whether -128 is left unused, so that a value and its negative have
        negative codes. The others are symmetric.

    Raises
    ------
    TypeError, ValueError
        If there is no such format.
    """

    element: MinifloatFormat | FixedFormat
    size: int = 32
    rule: ScaleRule = ScaleRule.FLOOR
    symmetric: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.element, MinifloatFormat | FixedFormat):
            raise TypeError(f"element must be a MinifloatFormat or FixedFormat, "
                            f"not {self.element!r}")
        if self.element not in (*MX_ELEMENTS.values(), MX_INT8):
            raise ValueError(f"element must be one of {', '.join(MX_ELEMENTS)} and {MX_INT8}, "
                             f"not {self.element}")
        if not isinstance(self.symmetric, bool):
            raise TypeError(f"symmetric must be a bool, not {self.symmetric!r}")
        if not self.symmetric and self.element != MX_INT8:
            raise ValueError("floating-point elements are symmetric")
        self._check_shared()

    def __str__(self) -> str:
        words = [] if self.element == MX_INT8 else [str(self.element)]
        words += [str(self.size)] if self.size != 32 else []
        words += [self.rule.value] if self.rule is not ScaleRule.FLOOR else []
        words += ["asymmetric"] if not self.symmetric else []
        name = "mxint8" if self.element == MX_INT8 else "mx"
        return f"{name}<{','.join(words)}>" if words else name
