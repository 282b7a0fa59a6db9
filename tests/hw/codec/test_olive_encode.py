# amaranth: UnusedElaboratable=no
"""OliVe's encoder: every pair of narrow numbers, on grids that reach the last outlier."""

from __future__ import annotations

import numpy as np
import pytest

from hw.codec.olive_encode import OliveEncoder
from sw_model.formats import FixedFormat, IntFormat, TernaryFormat
from sw_model.formats.blocks import parse_block_format
from sw_model.formats.blocks.olive import OliveFormat
from sw_model.formats.blocks.olive_codes import Normal
from tests.support.layouts import words_of
from tests.support.probe import probe

#: Formats, and sources of eight bits: quarters and finer, units, and more than the last value.
NARROW = [("olive<int4>", 8, 4), ("olive<int4>", 8, 2), ("olive<int4>", 8, 0),
          ("olive<int4>", 8, -1), ("olive<int4,bias=0>", 8, 3), ("olive<int4,even>", 8, 2),
          ("olive<flint4>", 8, 3), ("olive<flint4>", 8, 1), ("olive<flint4>", 8, 0),
          ("olive<flint4,bias=1,even>", 8, 1), ("olive<int8>", 8, 1), ("olive<int8>", 8, -1),
          ("olive<int8>", 8, -9), ("olive<int8,bias=8>", 8, -2)]
WIDE = [("olive<int4>", 14, 7), ("olive<flint4>", 14, 5), ("olive<int8>", 20, 3),
        ("olive<int8,even>", 16, -2), ("olive<int8,bias=0>", 18, 2)]


def golden(form, source, codes):
    reals = source.decode(codes)
    return form.encode(reals.reshape(-1), scale=1.0)["codes"].reshape(reals.shape)


def check(cases, pairs, folder):
    found = probe([OliveEncoder(*case) for case in cases],
                  [words_of(OliveEncoder(*case).i.shape(), codes)
                   for case, codes in zip(cases, pairs, strict=True)], folder)
    for (form, source), codes, seen in zip(cases, pairs, found, strict=True):
        expected = golden(form, source, codes)
        np.testing.assert_array_equal(seen["o"], expected, f"{form} of {source}")
        victim = expected == form.identifier
        np.testing.assert_array_equal(seen["outlier"][:, None] >> np.arange(2) & 1,
                                      victim[:, ::-1], f"{form} of {source}")


def test_every_pair_of_narrow_numbers(need, tmp_path):
    need("verilator")
    cases = [(parse_block_format(text), FixedFormat(width, fraction))
             for text, width, fraction in NARROW]
    every = np.stack(np.meshgrid(*[np.arange(-128, 128)] * 2, indexing="ij"), -1).reshape(-1, 2)
    unsigned = (parse_block_format("olive<int4>"), IntFormat(6, signed=False))
    few = np.stack(np.divmod(np.arange(1 << 12), 64), axis=-1)
    check([*cases, unsigned], [*([every] * len(cases)), few], tmp_path / "build")


def ties(form, source, rng):
    """Pairs of codes at and beside all values and what lies halfway: with what decides who is
    the outlier, and any two of them."""
    known = form.tables
    turns = [[form.normal.threshold]]
    for values in ((known.normal_integers << known.normal_exponents)[known.normal_codes],
                   (known.outlier_integers << known.outlier_exponents)[known.outlier_codes]):
        turns += [values, (values[:-1] + values[1:]) / 2]
    line = np.floor(np.ldexp(np.concatenate(turns), -source.lsb))
    line = np.concatenate([line, -line])[:, None] + np.arange(-1, 2)
    near = np.unique(np.clip(line, source.min, source.max)).astype(np.int64)
    limit = int(np.clip(np.ldexp(form.normal.threshold, -source.lsb), 0, source.max))
    others = np.array([0, 1, limit - 1, limit, limit + 1, source.max])
    others = np.clip(np.concatenate([others, -others, [source.min]]), source.min, source.max)
    beside = np.stack(np.meshgrid(near, others), axis=-1).reshape(-1, 2)
    same = np.stack([near, near], axis=-1)
    opposite = np.stack([near, np.clip(-near, source.min, source.max)], axis=-1)
    return np.concatenate([beside, beside[:, ::-1], same, opposite,
                           rng.choice(near, (30_000, 2))])


@pytest.mark.parametrize(("wide", "count"), [
    (WIDE[:2], 5_000), pytest.param(WIDE, 100_000, marks=pytest.mark.full)], ids=["some", "all"])
def test_pairs_of_wide_numbers(need, rng, tmp_path, wide, count):
    """Of every magnitude, both equal or opposite, the ends, and all ties."""
    need("verilator")
    cases, pairs = [], []
    for text, width, fraction in wide:
        form, source = parse_block_format(text), FixedFormat(width, fraction)
        sizes = rng.integers(1, width + 1, (count, 2))
        codes = rng.integers(-(1 << sizes - 1), 1 << sizes - 1)
        codes[::3] &= -8
        codes[::5, 1], codes[1::5, 1] = codes[::5, 0], -codes[1::5, 0]
        codes = np.clip(codes, source.min, source.max)
        ends = np.array([[source.min, source.max], [source.max, source.min], [source.min] * 2,
                         [source.max] * 2, [0, 0], [source.min, 0], [0, source.max]])
        cases.append((form, source))
        pairs.append(np.concatenate([ends, ties(form, source, rng), codes]))
    check(cases, pairs, tmp_path / "build")


def test_what_there_is_not():
    with pytest.raises(TypeError, match=r"^format_ must be an OliveFormat, not IntFormat"):
        OliveEncoder(IntFormat(4), IntFormat(8))
    with pytest.raises(TypeError, match=r"^source must be an IntFormat or FixedFormat, not Tern"):
        OliveEncoder(OliveFormat(Normal.INT4), TernaryFormat())
