# amaranth: UnusedElaboratable=no
"""Integers times powers of two against fractions: every rounding, limit and width."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from amaranth import signed, unsigned

from hw.arith.to_float32 import CONVERSION_STAGES, to_float32
from tests.support.float32 import nearest_float32
from tests.support.piped import Piped, piped

#: Width, whether signed, and range of exponents: of sums in MX and NVFP4, with and without
#: subnormal results and overflow, of one bit, and wider than the numbers that have names.
CASES = ((14, True, -256, 252), (22, True, -20, 8), (1, False, -152, 130), (1, True, -3, 2),
         (24, False, -149, 104), (25, True, -150, -120), (26, True, 90, 106),
         (40, True, -170, -140), (64, True, -300, 300), (160, True, -320, 10),
         (3, False, -126, -126), (3, True, -127, 0), (5, True, 127, 129), (30, True, 0, 0),
         (160, True, -900, 800))

#: Exponent of the integers' grid, which the exponents above count in.
LSB = -2


def pipeline(width, has_sign, low, high):
    low, high = low - LSB, high - LSB
    return Piped(partial(to_float32, low=low, high=high, lsb=LSB, name="convert"),
                 (signed(width) if has_sign else unsigned(width), range(low, high + 1)),
                 CONVERSION_STAGES)


def numbers(rng, width, has_sign, low, high, count):
    """Integers of every size: ends, powers of two, ties and almost ties, and any others.

    Half the exponents are those that put the number near an end of float32's range.
    """
    least, most = (-(1 << width - 1), (1 << width - 1) - 1) if has_sign else (0, (1 << width) - 1)
    integers, exponents = [least, least + 1, -1, 0, 1, most - 1, most], []
    while len(integers) < count:
        size = int(rng.integers(1, width + 1))
        number = int.from_bytes(rng.bytes(20), "little") >> 160 - size
        if rng.random() < 0.6:
            # A significand of 24 bits or fewer, and half a unit or nearly so behind it.
            kept = int(rng.integers(1, 25))
            behind = max(0, size - kept)
            number = number >> behind << behind | (1 << behind >> 1) + int(rng.integers(-1, 2))
        integers.append(int(rng.choice([-1, 1])) * number)
    integers = [min(max(number, least), most) for number in integers]
    for number in integers:
        at = int(rng.choice([-150, -149, -127, -126, -125, 127, 128])) - abs(number).bit_length()
        near = at + int(rng.integers(0, 3))
        exponents.append(near if low <= near <= high and rng.random() < 0.5
                         else int(rng.integers(low, high + 1)))
    return np.array(integers, object), np.array(exponents)


def bits_of(integers, exponents):
    reals = [nearest_float32(Fraction(int(number)) * Fraction(2) ** int(exponent))
             for number, exponent in zip(integers, exponents, strict=True)]
    return np.array(reals, np.float32).view(np.uint32)


def check(cases, operands, folder):
    found = piped([pipeline(*case) for case in cases],
                  [(integers, exponents - LSB) for integers, exponents in operands], folder)
    for case, each, got in zip(cases, operands, found, strict=True):
        wanted = bits_of(*each)
        wrong = np.flatnonzero(got != wanted)
        assert not wrong.size, (case, [(each[0][k], each[1][k], hex(got[k]), hex(wanted[k]))
                                       for k in wrong[:1]])


def test_every_width(need, rng, tmp_path):
    need("verilator")
    check(CASES, [numbers(rng, *case, 600) for case in CASES], tmp_path / "build")


def test_every_number_of_few_bits(need, tmp_path):
    """All integers of six bits at all exponents, among them those of every subnormal number."""
    need("verilator")
    case = (6, True, -157, 126)
    integers, exponents = (each.ravel() for each in np.meshgrid(
        np.arange(-32, 32), np.arange(-157, 127)))
    check([case], [(integers, exponents)], tmp_path / "build")


@pytest.mark.full
def test_many_numbers(need, rng, tmp_path):
    need("verilator")
    check(CASES, [numbers(rng, *case, 50_000) for case in CASES], tmp_path / "build")
