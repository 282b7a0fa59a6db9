"""CRC-32 of frames: a step as an expression, and a register round it.

The CRC of IEEE 802.3 (clause 3.2.9) and of RFC 1662 (appendix C.3, FCS-32): bits enter with the
lowest of each byte first, the register starts at all ones and leaves inverted, low byte first.
"""

from __future__ import annotations

from functools import reduce
from operator import xor
from typing import Any

from amaranth import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Crc32", "crc32_step"]

#: x**26 + x**23 + ... + 1, reflected.
_POLYNOMIAL = 0xEDB8_8320

#: What the register holds after any bytes and their own CRC.
_RESIDUE = 0xDEBB_20E3


def crc32_step(crc: Value, data: Value) -> Value:
    """The register of 32 bits after the bits of ``data``, at most 32 of them, lowest first.

    Combinational: every bit is the sum modulo 2 of a bit of the register and of those bits of
    ``data`` plus the register's low end that reach it.
    """
    crc, data = Value.cast(crc), Value.cast(data)
    if len(crc) != 32 or not 1 <= len(data) <= 32:
        raise ValueError(f"crc must have 32 bits and data 1 to 32, not {len(crc)} and {len(data)}")
    # Which entering bits the sum in each place has: one step after the other, as in a register.
    sums: list[frozenset[int]] = [frozenset()] * 32
    for k in range(len(data)):
        back = sums[0] ^ {k}
        sums = [bit ^ back if _POLYNOMIAL >> place & 1 else bit
                for place, bit in enumerate([*sums[1:], frozenset()])]
    entering = crc[:len(data)] ^ data
    return Cat(reduce(xor, (entering[k] for k in sorted(bits)), above)
               for bits, above in zip(sums, [*crc[len(data):], *[0] * len(data)], strict=True))


class Crc32(wiring.Component):
    """The CRC of the bytes since ``clear``, a byte a cycle.

    After the last byte ``shift`` moves the CRC out of ``o``, in the order in which it is sent;
    fed with ``data`` instead, its four bytes make ``good`` true.

    Members
    -------
    clear : ``In(1)``
        Start anew, whatever else is asked in this cycle; reset does so, too.
    enable : ``In(1)``
        Take ``data`` in this cycle.
    data : ``In(8)``
    shift : ``In(1)``
        Instead of taking ``data``, under ``enable``, move the CRC on by a byte.
    o : ``Out(8)``
        Byte of the CRC that is sent next. Registered, as is ``good``.
    good : ``Out(1)``
        Whether the last four bytes were the CRC of those before.
    """

    #: Cycles from a byte to the CRC that contains it.
    latency = 1
    #: Cycles for each byte.
    interval = 1

    def __init__(self) -> None:
        super().__init__({"clear": In(1), "enable": In(1), "data": In(8), "shift": In(1),
                          "o": Out(8), "good": Out(1)})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        crc = Signal(32, init=0xFFFF_FFFF)
        # What equals the low byte enters as zeros: the register then only moves.
        with m.If(self.clear):
            m.d.sync += crc.eq(crc.init)
        with m.Elif(self.enable):
            byte = Signal(8)
            m.d.comb += byte.eq(self.data)
            with m.If(self.shift):
                m.d.comb += byte.eq(crc[:8])
            m.d.sync += crc.eq(crc32_step(crc, byte))
        m.d.comb += [self.o.eq(~crc[:8]), self.good.eq(crc == _RESIDUE)]
        return m
