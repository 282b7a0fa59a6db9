"""The search for piecewise polynomials: error laws, proofs by counting, nothing smaller."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from sw_model.approximate import MOST_GUARD, _Search, chebyshev_fit, find_piecewise
from sw_model.formats import FixedFormat, IntFormat, TernaryFormat
from sw_model.functions import FUNCTIONS
from sw_model.ops.piecewise import piecewise

#: Range, errors of 64 and 256 constants, of 8 to 128 lines, of 4 to 32 parabolas.
TABLE = {
    "sigmoid": (0, 8, "1.6e-2 3.9e-3", "5.9e-3 1.5e-3 3.8e-4 9.4e-5 2.4e-5",
                "2.7e-3 5.5e-4 7.8e-5 1.0e-5"),
    "tanh": (0, 4, "3.1e-2 7.8e-3", "1.2e-2 3.0e-3 7.5e-4 1.9e-4 4.7e-5",
             "5.5e-3 1.1e-3 1.6e-4 2.0e-5"),
    "exp2": (0, 1, "1.1e-2 2.7e-3", "9.1e-4 2.3e-4 5.8e-5 1.5e-5 3.7e-6",
             "5.1e-5 6.6e-6 8.3e-7 1.1e-7"),
    "reciprocal": (1, 2, "7.8e-3 2.0e-3", "1.7e-3 4.6e-4 1.2e-4 3.0e-5 7.6e-6",
                   "3.5e-4 5.1e-5 7.0e-6 9.1e-7"),
    "rsqrt": (1, 4, "1.2e-2 2.9e-3", "5.0e-3 1.4e-3 3.8e-4 9.9e-5 2.5e-5",
              "1.9e-3 3.3e-4 5.1e-5 7.1e-6"),
    "log2": (1, 2, "1.1e-2 2.8e-3", "1.3e-3 3.4e-4 8.6e-5 2.2e-5 5.5e-6",
             "1.8e-4 2.6e-5 3.4e-6 4.4e-7"),
    "silu_delta": (0, 8, "3.0e-2 7.8e-3", "2.9e-2 7.7e-3 1.9e-3 4.9e-4 1.2e-4",
                   "1.2e-2 1.4e-3 2.0e-4 2.5e-5"),
    "sin": (0, math.pi / 2, "1.2e-2 3.1e-3", "2.4e-3 6.0e-4 1.5e-4 3.8e-5 9.4e-6",
            "3.1e-4 3.9e-5 4.9e-6 6.2e-7"),
}
COUNTS = ((64, 256), (8, 16, 32, 64, 128), (4, 8, 16, 32))


@pytest.mark.parametrize("name", TABLE)
def test_error_laws(name):
    low, high, *rows = TABLE[name]
    function = FUNCTIONS[name]
    for degree, (counts, row) in enumerate(zip(COUNTS, rows, strict=True)):
        for count, wanted in zip(counts, map(float, row.split()), strict=True):
            length = (high - low) / count
            start = low + length * np.arange(count)
            powers = chebyshev_fit(function, start, np.full(count, length), degree)
            place = np.linspace(0, length, 301)
            found = sum(powers[k][:, None] * place**k for k in range(degree + 1))
            off = np.abs(found - function(start[:, None] + place)).max()
            assert off == pytest.approx(wanted, rel=0.06), (degree, count)


CASES = [
    ("sigmoid", FixedFormat(8, 4), FixedFormat(9, 8), 2**-8, None, None),
    ("tanh", FixedFormat(12, 9), FixedFormat(12, 11), 2**-11, None, None),
    ("gelu", FixedFormat(10, 6), FixedFormat(12, 8), 2**-8, None, None),
    ("exp2", FixedFormat(13, 13, signed=False), FixedFormat(17, 15, signed=False), 3e-5, 0, 1),
    ("reciprocal", FixedFormat(14, 12, signed=False), FixedFormat(13, 12, signed=False), 3e-4,
     1, 2),
    ("rsqrt", IntFormat(9, signed=False), FixedFormat(8, 8, signed=False), 2**-8, 1, None),
    (lambda x: x * x / 300 - 7, IntFormat(7), IntFormat(5), 0.75, -50, 60),
]


def named(case):
    """Of a case, the same in every process."""
    return f"{case[0] if isinstance(case[0], str) else 'a callable'} {case[1]}"


@pytest.mark.parametrize("case", CASES, ids=named)
def test_bound_holds_for_every_code(case):
    function, source, target, bound, low, high = case
    found = find_piecewise(function, source=source, target=target, bound=bound, low=low,
                           high=high)
    spec, unit = found.spec, 2.0**source.lsb
    codes = np.arange(source.min, source.max + 1)
    inside = codes[(codes * unit >= (-np.inf if low is None else low))
                   & (codes * unit < (np.inf if high is None else high))]
    assert (spec.low, spec.high, found.codes) == (inside[0], inside[-1], len(inside))
    real = FUNCTIONS[function] if isinstance(function, str) else function
    limits = np.array([target.min, target.max]) * 2.0**target.lsb
    result = piecewise(codes, spec)
    target.check("result", result)
    off = np.abs(result * 2.0**target.lsb - real(np.clip(
        codes, spec.low, spec.high) * unit).clip(*limits))
    assert off.max() == pytest.approx(found.error, rel=1e-9)
    assert found.error <= found.bound == bound
    assert off[found.worst - source.min] == off.max()
    # Segments are of the same power of two, and as many as the range needs.
    assert spec.segments == -(-len(inside) // 2**spec.offset_bits)


@pytest.mark.parametrize("case", CASES[:5], ids=named)
def test_nothing_smaller_in_other_degrees(case):
    """What is found with all degrees is the best of what is found with each, and a tighter
    bound never costs less."""
    function, source, target, bound, low, high = case
    given = {"source": source, "target": target, "low": low, "high": high}
    best = find_piecewise(function, bound=bound, **given)
    costs = {}
    for degree in (0, 1, 2):
        found = find_piecewise(function, bound=bound, degrees=(degree,), **given)
        assert found.spec.degree == degree
        costs[degree] = found.spec.cost
    assert best.spec.cost == min(costs.values())
    assert best.spec.degree == min(costs, key=costs.__getitem__)
    tighter = find_piecewise(function, bound=best.error * 0.999, **given)
    assert tighter.spec.cost >= best.spec.cost
    assert find_piecewise(function, bound=bound, **given) == best


@pytest.mark.parametrize(("name", "source", "target", "bounds"), [
    ("sigmoid", FixedFormat(8, 4), FixedFormat(9, 8), (2**-6, 2**-7, 2**-8, 0.003)),
    ("tanh", FixedFormat(7, 4), FixedFormat(8, 7), (0.05, 0.02, 0.006)),
    ("sqrt", FixedFormat(8, 4, signed=False), FixedFormat(8, 5, signed=False), (0.1, 0.03))])
def test_every_smaller_form_misses_the_bound(name, source, target, bounds):
    """The whole space, form by form and none left out. Where few segments keep the bound, more of
    a lower degree may be smaller, and so may shorter coefficients."""
    search = _Search(FUNCTIONS[name], source, target, None, None)
    tried = [search.proven(spec, 1.0) for degree, bits in search.shapes((0, 1, 2))
             for spec in search.fitted(degree, bits)]
    assert {(each.spec.degree, each.spec.guard) for each in tried} == {(0, 0), *(
        (degree, guard) for degree in (1, 2) for guard in range(MOST_GUARD + 1))}
    for bound in bounds:
        kept = [each.spec for each in tried if each.error <= bound]
        best = min(kept, key=lambda spec: (spec.cost, spec.degree, spec.segments, spec.guard))
        found = find_piecewise(name, source=source, target=target, bound=bound)
        assert found.spec == best
        assert 0 < found.candidates <= len(tried)


def test_worst_code_at_an_end():
    for code in (-64, 63):
        found = find_piecewise(lambda x, code=code: np.where(x == code, 0.4, 0.0),
                               source=IntFormat(7), target=IntFormat(3), bound=0.45)
        assert (found.spec.segments, found.worst, found.error) == (1, code, 0.4)


def test_cost():
    """Bits of the table and of the multipliers, counted by hand."""
    spec = find_piecewise("sigmoid", source=FixedFormat(8, 4), target=FixedFormat(9, 8),
                          bound=2**-8).spec
    c0, c1, c2 = (np.array(row) for row in spec.coefficients)
    assert (c0.min(), c1.min(), c2.min() < 0) == (abs(c0).min(), abs(c1).min(), True)
    bits = [int(c0.max()).bit_length(), int(c1.max()).bit_length(),
            1 + max(int(-c2.min() - 1).bit_length(), int(c2.max()).bit_length())]
    assert spec.table_bits == 8 * sum(bits)
    ends = c1 + (c2 * 31 >> 5)
    slope = int(max(c1.max(), ends.max())).bit_length() + (min(ends.min(), 0) < 0)
    assert spec.multiplier_bits == 5 * (slope + bits[2])
    assert spec.cost == spec.table_bits + spec.multiplier_bits


@pytest.mark.full
@pytest.mark.parametrize(("name", "source", "target", "bound"), [
    ("sigmoid", FixedFormat(16, 12), FixedFormat(17, 16), 1e-4),
    ("silu", FixedFormat(16, 11), FixedFormat(16, 11), 2**-11),
    ("softplus", FixedFormat(16, 11), FixedFormat(17, 12), 2**-12)])
def test_sources_of_16_bits(name, source, target, bound):
    found = find_piecewise(name, source=source, target=target, bound=bound)
    codes = np.arange(-2**15, 2**15)
    off = np.abs(piecewise(codes, found.spec) * 2.0**target.lsb
                 - FUNCTIONS[name](codes * 2.0**source.lsb))
    assert off.max() <= bound
    assert found.codes == 2**16


@pytest.mark.parametrize(("changes", "message"), [
    ({"source": FixedFormat(17, 8)}, r"^source must have at most 16 bits, so that every code can "
                                     r"be tried, not the 17 of fixed<17,8>$"),
    ({"source": TernaryFormat()}, r"^source must be an integer or fixed point, not ternary$"),
    ({"target": FixedFormat(33, 8)}, r"^target must have at most 32 bits, not 33$"),
    ({"bound": 0}, r"^bound must be positive, not 0$"),
    ({"bound": math.nan}, r"^bound must be positive, not nan$"),
    ({"degrees": (3,)}, r"^degrees must be some of 0, 1 and 2, not \(3,\)$"),
    ({"low": 9}, r"^no code of fixed<8,4> lies in the range from 9 to its greatest$"),
    ({"low": 1, "high": 1}, r"^no code of fixed<8,4> lies in the range from 1 to 1$"),
    ({"function": "sine"}, r"^unknown function 'sine'; there are exp, exp2, gelu, "),
    ({"function": lambda x: np.where(x == 0.5, np.nan, x)},
     r"^the function has no value at 0\.5$"),
    ({"bound": 1e-4}, r"^no form keeps a bound of 0\.0001 in fixed<9,8>: the best, 128 lines, "
                      r"is off by 0\.00194132 at -2\.8125$")],
    ids=lambda each: re.sub(r" at 0x[0-9a-f]+", "", str(each)))
def test_what_cannot_be_found(changes, message):
    given = {"function": "sigmoid", "source": FixedFormat(8, 4), "target": FixedFormat(9, 8),
             "bound": 0.01, **changes}
    with pytest.raises(ValueError, match=message):
        find_piecewise(given.pop("function"), **given)
