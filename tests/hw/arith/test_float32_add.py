# amaranth: UnusedElaboratable=no
"""The float32 adder against NumPy's, Berkeley's vectors, and every pair of limits."""

from __future__ import annotations

import gzip
from functools import partial

import numpy as np
import pytest

from hw.arith.float32_add import ADD_STAGES, add_float32
from tests.support.piped import Piped, piped

#: Bits of +0, the least and greatest subnormal, the least normal, 1, powers of two beside 1,
#: 3/2, the greatest, infinity, and a quiet and a signalling NaN.
LIMITS = (0, 1, 2, 0x7FFFFF, 0x800000, 0x800001, 0xFFFFFF, 0x1000000, 0x33800000, 0x34000000,
          0x3F7FFFFF, 0x3F800000, 0x3F800001, 0x3FC00000, 0x4B7FFFFF, 0x4B800000, 0x4B800001,
          0x72800000, 0x73000000, 0x737FFFFF, 0x73800000, 0x7E7FFFFF, 0x7F000000, 0x7F7FFFFE,
          0x7F7FFFFF, 0x7F800000, 0x7F800001, 0x7FC00000, 0x7FFFFFFF)
QUIET_NAN = 0x7FC00000


def added(a, b):
    """NumPy's sums as bits, every NaN the canonical one."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = a.astype(np.uint32).view(np.float32) + b.astype(np.uint32).view(np.float32)
    return np.where(np.isnan(total), QUIET_NAN, total.view(np.uint32))


def sums(a, b, folder):
    pipeline = Piped(partial(add_float32, name="add"), (32, 32), ADD_STAGES)
    return piped([pipeline], [(a, b)], folder)[0]


def check(a, b, folder):
    got, wanted = sums(a, b, folder), added(a, b)
    wrong = np.flatnonzero(got != wanted)
    assert not wrong.size, [f"{x[k]:08x}" for k in wrong[:1] for x in (a, b, got, wanted)]


def limit_pairs():
    """All pairs of limits of both signs."""
    both = np.array([*LIMITS, *(bits | 1 << 31 for bits in LIMITS)], np.int64)
    return (each.ravel() for each in np.meshgrid(both, both))


def boundary_pairs():
    """Powers of two and their neighbours, at every distance of two exponents, both signs.

    At distances beyond the significand's, ties and almost ties.
    """
    field, apart, one, other, sign = np.meshgrid(
        (1, 2, 30, 127, 200, 254), np.arange(31), np.arange(-3, 4), np.arange(-3, 4), (0, 1))
    low = np.maximum(field - apart, 0)
    a, b = (field << 23) + one, np.maximum((low << 23) + other, 0)
    return a.ravel(), (b | sign << 31).ravel()


def random_pairs(rng, count):
    """Any bits; equal or neighbouring exponents of both signs; few mantissa bits, for ties."""
    a, b = rng.integers(0, 2**32, (2, count))
    kind = np.arange(count) % 4
    near = np.clip((a >> 23 & 255) + rng.integers(-26, 27, count), 0, 255)
    near = np.where(kind == 2, np.clip((a >> 23 & 255) + rng.integers(-1, 2, count), 0, 255), near)
    b = np.where(kind == 0, b, b & ~(255 << 23) | near << 23)
    # Mantissas of few bits at either end.
    cut = rng.integers(0, 24, count)
    ends = (a & 2**23 - 1) >> cut << cut, (b & 2**23 - 1) >> cut
    few = [x & ~(2**23 - 1) | end for x, end in zip((a, b), ends, strict=True)]
    a, b = (np.where(kind == 3, x, y) for x, y in zip(few, (a, b), strict=True))
    # Close mantissas cancel down to the last bits.
    close = (a ^ 1 << 31) + rng.integers(-8, 9, count) & 2**32 - 1
    return a, np.where((kind == 2) & (rng.random(count) < 0.5), close, b)


def low_pairs(rng, count):
    """Subnormal sums, and sums at the end of the range, of exponents beside each other."""
    fields = rng.integers(0, 4, (2, count)) + rng.integers(0, 2, count) * 251
    a, b = fields << 23 | rng.integers(0, 2**23, (2, count)) | rng.integers(0, 2, (2, count)) << 31
    return a, b


def kinds_of(a, b):
    """Which pairs are of each kind that an adder may get wrong."""
    with np.errstate(all="ignore"):
        x, y, total = (bits.astype(np.uint32).view(np.float32).astype(np.float64)
                       for bits in (a, b, added(a, b)))
        size, unit = np.abs(total), np.spacing(np.abs(total).astype(np.float32))
        # Close enough for their sum to be exact in float64.
        near = np.isfinite(total) & (np.abs((a >> 23 & 255) - (b >> 23 & 255)) < 28)
        finite = np.isfinite(x) & np.isfinite(y)
        return {"tie": near & (np.abs(x + y - total) * 2 == unit),
                "cancellation": finite & (size < np.maximum(abs(x), abs(y)) / 256) & (size > 0),
                "subnormal": finite & (size < 2.0**-126) & (size > 0),
                "overflow": finite & np.isinf(total), "infinity": np.isinf(x) ^ np.isinf(y),
                "both infinities": np.isinf(x) & (x == -y), "NaN": np.isnan(x) | np.isnan(y),
                "nothing left": (total == 0) & (x != 0), "signed zeros": (x == 0) & (y == 0)}


def test_every_kind_of_pair(need, rng, tmp_path):
    need("verilator")
    parts = [limit_pairs(), boundary_pairs(), random_pairs(rng, 160_000), low_pairs(rng, 40_000)]
    a, b = (np.concatenate(column) for column in zip(*map(tuple, parts), strict=True))
    assert len(a) > 200_000
    counts = {kind: int(which.sum()) for kind, which in kinds_of(a, b).items()}
    # There are four and two pairs of these.
    assert counts.pop("signed zeros") >= 4
    assert counts.pop("both infinities") >= 2
    assert min(counts.values()) >= 100, counts
    check(a, b, tmp_path / "build")


@pytest.mark.full
def test_millions_of_pairs(need, rng, tmp_path):
    need("verilator")
    parts = [random_pairs(rng, 3_000_000), low_pairs(rng, 1_000_000)]
    a, b = (np.concatenate(column) for column in zip(*parts, strict=True))
    check(a, b, tmp_path / "build")


def test_testfloat(need, data_dir, tmp_path):
    """Berkeley TestFloat, level 1: operands, sum and flags in each line."""
    need("verilator")
    lines = gzip.decompress((data_dir / "vectors/testfloat/f32_add.rne.txt.gz").read_bytes())
    table = np.array([[int(word, 16) for word in line.split()[:3]]
                      for line in lines.decode().splitlines()])
    assert len(table) == 46464
    a, b, wanted = table.T
    nan = (wanted & 0x7FFFFFFF) > 0x7F800000
    np.testing.assert_array_equal(sums(a, b, tmp_path / "build"),
                                  np.where(nan, QUIET_NAN, wanted))
