"""Codebooks and K-hot weights against brute force in fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from sw_model.formats import CodebookFormat, KHotFormat, Overflow, Rounding
from tests.support.nearest import nearest
from tests.support.reals import around, assert_same, sample

#: Signed zero, decimals that no float holds exactly, equal entries, one entry, wide ranges.
BOOKS = [(-1, 0, 0.5, 2), (3, 1, 2), (0.1, -0.7, 0.3, 0.30000000000000004, 5), (7.25,), (0,),
         (-0.0, 1), (2, 1, 2, 1, 0), (-1, 1), (1e-9, 1e9, -1e-9), (2.0**-800, -(2.0**800), 1 / 3),
         (0.1, 100.3), (-1.5, -1.25, -1.125)]


def drawn(rng):
    """Random books of 1 to 256 entries."""
    return [tuple(rng.normal(size=size).tolist()) for size in (3, 16, 255, 256)]


def expected_codes(form, reals, rounding, even):
    """By the definition; ``even`` is told the ascending codes and a place among them."""
    first = {value: code for code, value in reversed(list(enumerate(form.values().tolist())))
             if form.legal()[code]}
    ascending = sorted(first)
    codes = [first[value] for value in ascending]
    return [codes[nearest(real, ascending, rounding, lambda low: even(ascending, low))]
            for real in reals]


def even_place(ascending, low):
    return low + low % 2


def smaller(ascending, low):
    return low if abs(ascending[low]) <= abs(ascending[low + 1]) else low + 1


@pytest.mark.parametrize("entries", BOOKS, ids=str)
def test_every_code(entries):
    form = CodebookFormat(entries)
    codes = np.arange(len(entries))
    assert_same(form.decode(codes), np.array(entries) + 0.0)
    assert form.width == max(1, int(np.ceil(np.log2(len(entries)))))
    np.testing.assert_array_equal(form.from_bits(form.to_bits(codes)), codes)
    # Equal entries are encoded as the first of them.
    firsts = [entries.index(entry) for entry in entries]
    assert form.encode(np.array(entries)).tolist() == firsts
    for code in codes.tolist():
        assert int(form.to_fixed(code)) * Fraction(2) ** form.lsb == Fraction(entries[code])
        assert form.from_fixed(form.to_fixed(code)) == firsts[code]
    fixed = [int(value) for value in form.to_fixed(codes)]
    assert (form.fixed_min, form.fixed_max) == (min(fixed), max(fixed))
    assert -900 <= form.lsb <= 900


def test_numbers_of_every_kind():
    entries = (1, np.int8(-2), 0.5, np.float32(0.25), np.uint64(7), np.float16(3))
    form = CodebookFormat(entries)
    assert form == CodebookFormat((1.0, -2.0, 0.5, 0.25, 7.0, 3.0))
    assert all(type(entry) is float for entry in form.entries)


@pytest.mark.parametrize("rounding", Rounding)
def test_encode_equals_fractions(rounding, rng):
    for entries in BOOKS + drawn(rng)[:2]:
        form = CodebookFormat(entries)
        reals = around(form.values())
        reals = reals[np.isfinite(reals)]
        if any(entries):
            reals = np.concatenate([reals, sample(form.values(), rng, 60)])
        found = form.encode(reals, rounding=rounding).tolist()
        assert found == expected_codes(form, reals.tolist(), rounding, even_place), entries


def test_large_books_equal_a_plain_search(rng):
    """Of 256 entries: 100,000 reals against the distances to all of them."""
    for entries in drawn(rng)[2:]:
        form = CodebookFormat(entries)
        reals = np.concatenate([rng.normal(size=100_000), around(form.values())])
        reals = reals[np.isfinite(reals)]
        values = np.array(entries)
        found = values[form.encode(reals)]
        for start in range(0, len(reals), 10_000):
            part = reals[start:start + 10_000]
            nearest_ones = found[start:start + 10_000]
            distances = np.abs(part[:, None] - values)
            best = distances.min(axis=1)
            # Float64 rounds distances, which keeps their order but may make two equal.
            np.testing.assert_array_equal(np.abs(part - nearest_ones), best)
            close = (distances == best[:, None]).sum(axis=1) > 1
            for real, value in zip(part[close].tolist(), nearest_ones[close].tolist(),
                                   strict=True):
                exact = [abs(Fraction(real) - Fraction(entry)) for entry in entries]
                assert abs(Fraction(real) - Fraction(value)) == min(exact)


def test_halfway_points_that_float64_does_not_hold():
    """The float64 next to such a point is no tie: it belongs to the nearer value."""
    for low, high in [(0.1, 100.3), (1 / 3, 1e6 + 1 / 7), (-1 / 3, 1 / 7), (-100.3, -0.1),
                      (1.0, np.nextafter(1, 2))]:
        form = CodebookFormat((low, high))
        middle = (Fraction(low) + Fraction(high)) / 2
        near = [np.nextafter(float(middle), -1e9), float(middle), np.nextafter(float(middle), 1e9)]
        for rounding in (Rounding.HALF_EVEN, Rounding.HALF_UP, Rounding.HALF_AWAY,
                         Rounding.HALF_TOWARD_ZERO):
            found = form.encode(near, rounding=rounding).tolist()
            for real, code in zip(near, found, strict=True):
                assert Fraction(real) == middle or code == (Fraction(real) > middle)
    # Here the middle is odd, so half of it is lost; its neighbour below wins every tie.
    form = CodebookFormat((1.0, 1 + 2.0**-52))
    for rounding in (Rounding.HALF_UP, Rounding.HALF_EVEN):
        assert form.encode([1.0, 1 + 2.0**-52], rounding=rounding).tolist() == [0, 1]


def test_codebook_refuses():
    form = CodebookFormat((-1, 0, 2))
    with pytest.raises(ValueError, match=r"^codes holds 3, which is no code of codebook<-1,0,2>$"):
        form.decode([0, 3])
    with pytest.raises(ValueError, match=r"^x holds 3, which is no code of codebook<-1,0,2>$"):
        form.check("x", np.array([3], np.uint64))
    form.check("x", np.array([[0, 2]], np.uint64))
    with pytest.raises(ValueError, match=r"^bits holds 3, which is no code"):
        form.from_bits([3])
    with pytest.raises(ValueError, match=r"^codes\[0\] is 4, but codebook<-1,0,2> holds 0 to 3$"):
        form.to_fixed([4])
    with pytest.raises(ValueError, match=r"^NaN has no code in codebook<-1,0,2>$"):
        form.encode(np.nan)
    with pytest.raises(ValueError, match=r"^codebook<-1,0,2> cannot wrap$"):
        form.encode(1.0, overflow=Overflow.WRAP)
    with pytest.raises(ValueError, match=r"^codebook<-1,0,2> has neither infinities nor NaN to "
                                         r"overflow to$"):
        form.encode(1.0, overflow=Overflow.SPECIAL)
    for wrong in (2.0000001, -1.1, np.inf, -np.inf):
        for rounding in Rounding:
            with pytest.raises(ValueError, match=rf"^{wrong} lies outside codebook<-1,0,2>$"):
                form.encode([wrong], rounding=rounding, overflow=Overflow.ERROR)
    assert form.encode([-1, 2, 1.9], overflow=Overflow.ERROR).tolist() == [0, 2, 2]
    assert form.encode([-np.inf, np.inf]).tolist() == [0, 2]


@pytest.mark.parametrize(("entries", "kind", "message"), [
    ((), ValueError, r"^a codebook must have 1 to 256 entries, not 0$"),
    ((1.0,) * 257, ValueError, r"^a codebook must have 1 to 256 entries, not 257$"),
    ([1.0, 2.0], TypeError, r"^entries must be a tuple, not \[1\.0, 2\.0\]$"),
    (("0.5", 1.0), TypeError, r"^an entry must be a number, not '0\.5'$"),
    ((1.0, True), TypeError, r"^an entry must be a number, not True$"),
    ((np.False_,), TypeError, r"^an entry must be a number, not "),
    ((1j,), TypeError, r"^an entry must be a number, not 1j$"),
    ((None,), TypeError, r"^an entry must be a number, not None$"),
    ((2**53 + 1,), ValueError, r"^integers must be at most 2\*\*53 to be taken as reals"),
    ((1.0, np.nan), ValueError, r"^an entry must be 0 or of magnitude 2\*\*-800 to 2\*\*800, "
                                r"not nan$"),
    ((np.inf,), ValueError, r"not inf$"), ((2.0**-801,), ValueError, r"not 7\.49\S*e-242$"),
    ((-(2.0**801),), ValueError, r"not -1\.33\S*e\+241$")])
def test_there_is_no_such_codebook(entries, kind, message):
    with pytest.raises(kind, match=message):
        CodebookFormat(entries)


KHOT = [KHotFormat(2, 0, 1), KHotFormat(4, 1, 1), KHotFormat(5, 9, 2), KHotFormat(8, 5, 1),
        KHotFormat(8, 5, 2), KHotFormat(8, 5, 3), KHotFormat(8, -3, 7), KHotFormat(11, 20, 4)]


@pytest.mark.parametrize("form", [*KHOT, KHotFormat(16, 15, 2), KHotFormat(16, 0, 15)], ids=str)
def test_khot_every_code(form):
    sign = 1 << (form.width - 1)
    codes = [c for c in range(1 << form.width) if (c & ~sign).bit_count() <= form.hot]
    expected = [(c & ~sign) * 2.0**-form.fraction * (-1 if c & sign else 1) for c in codes]
    assert_same(form.decode(codes), expected)
    again = [0 if c == sign else c for c in codes]
    assert form.encode(expected).tolist() == again
    assert form.from_fixed(form.to_fixed(codes)).tolist() == again
    illegal = sorted(set(range(1 << form.width)) - set(codes))
    for code in illegal[::max(1, len(illegal) // 20)]:
        with pytest.raises(ValueError, match=rf"^codes holds {code}, which is no code of {form}$"):
            form.decode([0, code])
    # With all bits but the sign hot nothing is illegal.
    assert bool(illegal) == (form.hot < form.width - 1)


@pytest.mark.parametrize("form", KHOT, ids=str)
def test_khot_encode_equals_fractions(form, rng):
    reals = np.concatenate([rng.choice(around(form.values()), 300), sample(form.values(), rng, 99)])
    reals = reals[np.isfinite(reals)]
    for rounding in Rounding:
        found = form.encode(reals, rounding=rounding).tolist()
        assert found == expected_codes(form, reals.tolist(), rounding, smaller), rounding


def test_khot_worked_values():
    """1.37 with one, two, three ones, and so on; a plain loop over all magnitudes besides."""
    for real, expected in [(1.37, (1, 1.25, 1.375)), (-0.71, (-0.5, -0.75, -0.6875)),
                           (2.9, (2, 3, 3)), (0.47, (0.5, 0.5, 0.46875))]:
        for hot in (1, 2, 3):
            form = KHotFormat(8, 5, hot)
            magnitude = min((n for n in range(128) if n.bit_count() <= hot),
                            key=lambda n, real=real: (abs(Fraction(abs(real)) - Fraction(n, 32)),
                                                      n))
            assert form.decode(form.encode(real)) == np.sign(real) * magnitude / 32, (real, hot)
            if (real, hot) not in [(0.47, 2), (0.47, 3)]:
                assert form.decode(form.encode(real)) == expected[hot - 1]
    # Halfway between 0.5 and 1: the smaller one.
    assert KHotFormat(8, 5, 1).decode(KHotFormat(8, 5, 1).encode([0.75, -0.75])).tolist() == [
        0.5, -0.5]


@pytest.mark.parametrize(("make", "kind", "message"), [
    (lambda: KHotFormat(1, 0, 1), ValueError, r"^width must be 2 to 16, not 1$"),
    (lambda: KHotFormat(17, 0, 1), ValueError, r"^width must be 2 to 16, not 17$"),
    (lambda: KHotFormat(8, 901, 1), ValueError, r"^fraction must be -900 to 900, not 901$"),
    (lambda: KHotFormat(8, 0, 0), ValueError, r"^hot must be 1 to 7, not 0$"),
    (lambda: KHotFormat(8, 0, 8), ValueError, r"^hot must be 1 to 7, not 8$"),
    (lambda: KHotFormat("8", 0, 1), TypeError, r"^width must be an integer, not '8'$"),
    (lambda: KHotFormat(8, 0, 1.0), TypeError, r"^hot must be an integer, not 1\.0$")])
def test_there_is_no_such_khot(make, kind, message):
    with pytest.raises(kind, match=message):
        make()
