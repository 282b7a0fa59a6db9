# amaranth: UnusedElaboratable=no
"""N:M blocks of narrow elements: every one; of wider ones: many."""

from __future__ import annotations

import numpy as np
import pytest

from hw.codec.sparse import SparseCompressor, SparseExpander
from sw_model.formats import IntFormat
from sw_model.formats.sparse import SparseFormat, parse_sparse_format
from tests.support.probe import probe

#: With all that 16 bits can hold: dense blocks of four, and sparse ones of two places.
EXHAUSTIVE = ["sparse<2,4,int4>", "sparse<1,4,e2m1>", "sparse<3,4,ternary>",
              "sparse<2,3,codebook<-1,2,0,5>>", "sparse<2,3,codebook<-1,0,5>>",
              "sparse<2,4,khot<4,0,2>>", "sparse<4,4,uint3>", "sparse<2,8,int2>"]
RANDOM = ["sparse<2,4,int8>", "sparse<2,8,int8>", "sparse<1,4,int8>", "sparse<2,4,e4m3fn>",
          "sparse<3,7,int4>"]


def split(words, width, count):
    shifts = np.arange(0, width * count, width, dtype=np.uint64)
    return (words.astype(np.uint64)[:, None] >> shifts & np.uint64((1 << width) - 1)).astype(int)


def dense_words(form, rng):
    """Patterns of dense blocks: all, or many of which about half are zero."""
    bits = form.element.width * form.of
    if bits <= 16:
        return np.arange(1 << bits)
    elements = rng.integers(0, 1 << form.element.width, (100_000, form.of))
    some = rng.random(elements.shape) < rng.choice([0.2, 0.5, 1], (len(elements), 1))
    extreme = np.array([[0] * form.of, [(1 << form.element.width) - 1] * form.of])
    return joined(np.concatenate([extreme, elements * some]), form.element.width)


def joined(elements, width):
    words = np.zeros(len(elements), np.uint64)
    for place in range(elements.shape[1]):
        words |= elements[:, place].astype(np.uint64) << place * width
    return words


def in_bytes(words):
    return words.astype("<u8")[:, None].view(np.uint8)


def sparse_words(form, rng):
    bits = form.keep * (form.element.width + form.place_width)
    if bits <= 16:
        return np.arange(1 << bits)
    return np.concatenate([[0, (1 << bits) - 1], rng.integers(0, 1 << bits, 100_000)])


def no_codes(form, patterns):
    """Which patterns are none of the element's."""
    width = form.element.width
    wrong = np.zeros(1 << width, np.bool_)
    if width <= 8:
        for pattern in range(1 << width):
            try:
                form.element.from_bits(pattern)
            except ValueError:
                wrong[pattern] = True
    return wrong[patterns]


def check_dense(form, words, found):
    patterns = split(words, form.element.width, form.of)
    illegal = no_codes(form, patterns).any(axis=-1)
    np.testing.assert_array_equal(found["illegal"], illegal, str(form))
    codes = form.element.from_bits(patterns[~illegal].astype(np.uint64))
    reals = form.element.decode(codes)
    full = (reals != 0).sum(axis=-1) > form.keep
    np.testing.assert_array_equal(found["full"][~illegal], full, str(form))
    good = ~full & ~np.isnan(reals).any(axis=-1)
    assert good.any()
    assert full.any() == (form.keep < form.of)
    expected = form.compress(codes[good])
    for name in ("values", "places"):
        np.testing.assert_array_equal(found["o"][name][~illegal][good], expected[name][:, 0],
                                      f"{form} {name}")


def check_sparse(form, words, found):
    words = words.astype(np.uint64)
    values = split(words, form.element.width, form.keep)
    places = split(words >> form.element.width * form.keep, form.place_width, form.keep)
    wrong = (np.diff(places) <= 0).any(axis=-1) | (places >= form.of).any(axis=-1)
    illegal = wrong | no_codes(form, values).any(axis=-1)
    np.testing.assert_array_equal(found["illegal"], illegal, str(form))
    fields = {"values": form.element.from_bits(values.astype(np.uint64)[~illegal])[:, None],
              "places": places[~illegal][:, None]}
    np.testing.assert_array_equal(found["o"][~illegal], form.to_dense(fields), str(form))
    if wrong.any():
        with pytest.raises(ValueError, match="must ascend"):
            form.to_dense({"values": np.full((1, 1, form.keep), form.zero),
                           "places": places[wrong][:1][:, None]})


@pytest.mark.parametrize("texts", [EXHAUSTIVE, pytest.param(RANDOM, marks=pytest.mark.full)],
                         ids=["every", "random"])
def test_there_and_back(need, rng, tmp_path, texts):
    need("verilator")
    forms = [parse_sparse_format(text) for text in texts]
    dense, sparse = ([kind(form, rng) for form in forms] for kind in (dense_words, sparse_words))
    found = probe([*map(SparseCompressor, forms), *map(SparseExpander, forms)],
                  [*map(in_bytes, dense), *map(in_bytes, sparse)], tmp_path / "build")
    for k, form in enumerate(forms):
        check_dense(form, dense[k], found[k])
        check_sparse(form, sparse[k], found[len(forms) + k])


@pytest.mark.parametrize("make", [SparseCompressor, SparseExpander])
def test_what_there_is_not(make):
    with pytest.raises(TypeError, match=r"^format_ must be a SparseFormat, not IntFormat"):
        make(IntFormat(4))
    with pytest.raises(ValueError, match=r"^sparse<1,1,int4> has no places$"):
        make(SparseFormat(1, 1, IntFormat(4)))
