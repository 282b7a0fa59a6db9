"""Powers of two against NumPy's exponential and the definition written out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sw_model.formats import FixedFormat, IntFormat, TernaryFormat
from sw_model.node import NodeError, Tensor
from sw_model.ops import Exp2
from sw_model.ops.exp2 import exp2
from sw_model.specs import Exp2Spec
from sw_model.tables import exp2_table


def spec_of(point=8, **changes):
    return Exp2Spec(**{"source": FixedFormat(point + 6, point), "multiplier": 94548,
                       **changes})


def written_out(d, spec, multiplier):
    """The definition in Python's integers and reals."""
    table = [math.floor(2.0**(i / 2**spec.index_bits) * 2.0**spec.fraction + 0.5)
             for i in range(2**spec.index_bits + 1)]
    y, bits = min(d, 0) * multiplier, spec.constant_fraction - spec.source.lsb
    n, f, rest = y >> bits, y % 2**bits, bits - spec.index_bits
    used = min(spec.interpolation_bits, rest)
    if used:
        i, fr = f >> rest, f % 2**rest >> (rest - used)
        m = table[i] + ((table[i + 1] - table[i]) * fr >> used)
    else:
        m = table[(f + 2**rest // 2) >> rest]
    return m >> -n


@pytest.mark.parametrize(("index_bits", "between", "most", "mean"), [
    (4, 12, 2.16e-4, 1.6e-5), (5, 12, 5.37e-5, 1.1e-5), (6, 12, 3.42e-5, 1.2e-5)])
def test_error_over_the_range_of_the_source(index_bits, between, most, mean):
    """From -16 to 0 with 8 fraction bits."""
    d = np.arange(-16 << 8, 1)
    off = np.abs(exp2(d, spec_of(index_bits=index_bits, interpolation_bits=between)) / 2**15
                 - np.exp(d / 2**8))
    assert most * 0.95 < off.max() <= most
    assert off.mean() <= mean


#: Index bits, those of interpolation, and the largest error from ``2**y`` for every ``y``.
ERRORS = [(4, 12, 2.26e-4), (5, 12, 6.04e-5), (6, 12, 3.99e-5), (8, 0, 1.37e-3)]


@pytest.mark.parametrize(("index_bits", "between", "most"), ERRORS)
def test_error_of_the_power_itself(index_bits, between, most):
    """Both ends of every stretch of ``y`` that has one result: a bound for all sources."""
    places = index_bits + (between or 1)
    spec = spec_of(places, index_bits=index_bits, interpolation_bits=between, multiplier=1 << 16)
    d = np.arange(-17 << places, 0)
    result, y = exp2(d, spec) / 2**15, d / 2.0**places
    assert exp2(np.array([0]), spec) == 2**15
    off = max(np.abs(result - 2.0**y).max(), np.abs(result - 2.0**(y + 2.0**-places)).max())
    assert most * 0.99 < off <= most


@pytest.mark.parametrize("fraction", [8, 12, 16])
@pytest.mark.parametrize(("index_bits", "between", "most"), ERRORS)
def test_error_for_natural_powers(fraction, index_bits, between, most):
    spec = spec_of(fraction, index_bits=index_bits, interpolation_bits=between)
    d = np.arange(-16 << fraction, 1)
    off = np.abs(exp2(d, spec) / 2**15 - 2.0**(d * 94548 / 2.0**(fraction + 16)))
    assert off.max() <= most


def test_worked_value():
    spec = spec_of()
    assert (spec.multiplier, Exp2Spec.folded(1.0)) == (94548, 94548)
    assert exp2(np.array([-640, 0, 1, 500]), spec).tolist() == [2689, 32768, 32768, 32768]
    assert exp2_table(spec)[0::32] == (32768, 65536)


@pytest.mark.parametrize("changes", [
    {}, {"index_bits": 1}, {"interpolation_bits": 0, "index_bits": 8}, {"interpolation_bits": 3},
    {"fraction": 1}, {"fraction": 30}, {"multiplier": 0}, {"multiplier": 1},
    {"source": IntFormat(9), "multiplier": 3000, "constant_fraction": 12},
    {"source": IntFormat(9), "multiplier": 5, "constant_fraction": 4, "index_bits": 4},
    {"source": IntFormat(9), "multiplier": 5, "constant_fraction": 5, "index_bits": 4},
    {"source": FixedFormat(9, -2), "multiplier": 5, "constant_fraction": 7},
    {"source": IntFormat(1), "multiplier": 7000}], ids=str)
def test_definition_written_out(changes):
    spec = spec_of(**{"source": FixedFormat(12, 8), **changes})
    d = np.arange(spec.source.min, spec.source.max + 1)
    found = exp2(d, spec)
    assert found.tolist() == [written_out(int(each), spec, spec.multiplier) for each in d]
    spec.target.check("result", found)


@pytest.mark.parametrize("between", [0, 1, 5, 12, 20])
@pytest.mark.parametrize("index_bits", [1, 3, 8])
def test_never_falls(index_bits, between):
    for multiplier in (94548, 65536, 12345):
        d = np.arange(-(1 << 15), 1)
        found = exp2(d, Exp2Spec(source=FixedFormat(16, 12), multiplier=multiplier,
                                 index_bits=index_bits, interpolation_bits=between))
        assert (np.diff(found) >= 0).all()
        assert found[-1] == 2**15


def test_multiplier_of_each_element(rng):
    spec = spec_of(multiplier=IntFormat(18, signed=False))
    d = rng.integers(spec.source.min, spec.source.max, 2000, endpoint=True)
    factor = rng.integers(0, 2**18 - 1, 2000, endpoint=True)
    assert exp2(d, spec, factor).tolist() == [
        written_out(int(a), spec, int(b)) for a, b in zip(d, factor, strict=True)]
    with pytest.raises(ValueError, match=r"^the multiplier of uint18 must be given$"):
        exp2(d, spec)


@pytest.mark.parametrize(("changes", "message"), [
    ({"source": IntFormat(8, signed=False)},
     r"^source must be a signed integer or fixed point, not uint8$"),
    ({"source": TernaryFormat()}, r"^source must be a signed integer"),
    ({"multiplier": -1}, r"^multiplier must not be negative, but -1 is$"),
    ({"multiplier": IntFormat(8)}, r"^multiplier must not be negative, but int8 is$"),
    ({"index_bits": 0}, r"^index_bits must be at least 1, not 0$"),
    ({"fraction": 31}, r"^fraction must be at most 30, not 31$"),
    ({"fraction": 0}, r"^fraction must be at least 1, not 0$"),
    ({"interpolation_bits": -1}, r"^interpolation_bits must be at least 0, not -1$"),
    ({"multiplier": 2**50}, r"at most 62 bits together, not 14 \+ 51$"),
    ({"source": IntFormat(8), "constant_fraction": 3},
     r"of 3 fraction bits has 3 of them, fewer than the 5 that index the table$")], ids=str)
def test_specs_that_make_no_sense(changes, message):
    with pytest.raises(ValueError, match=message):
        spec_of(**changes)


def node_of(**changes):
    return Exp2(**{"name": "e", "inputs": ("x",), "outputs": ("y",), "multiplier": 94548,
                   "index_bits": 5, "fraction": 15, "constant_fraction": 16,
                   "interpolation_bits": 12, **changes})


def test_node():
    x = Tensor("x", (3,), FixedFormat(14, 8))
    node = node_of()
    assert node.infer([x]) == (((3,), IntFormat(16, signed=False)),)
    (y,) = node.run([x], [np.array([[-640, 0, 1]], np.int16)])
    assert y.dtype == np.uint16
    assert y.tolist() == [[2689, 32768, 32768]]
    assert Exp2.from_json(node.as_json()) == node
    with pytest.raises(NodeError, match=r"^node 'e' \(Exp2\): source must be a signed"):
        node.infer([Tensor("x", (3,), IntFormat(8, signed=False))])
