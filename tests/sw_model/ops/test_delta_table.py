"""GELU and SiLU against their definitions, and the tables of the papers."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

from sw_model.formats import FixedFormat, IntFormat
from sw_model.node import NodeError, Tensor
from sw_model.ops import DeltaTable
from sw_model.ops.delta_table import delta_table
from sw_model.specs import DeltaTableSpec
from sw_model.tables import delta_entries


def gelu_delta(t: Decimal) -> Decimal:
    """``t * (1 - Phi(t))``, ``Phi`` by its Taylor series."""
    pi = Decimal("3.14159265358979323846264338327950288419716939937510582097494")
    term, total, k = t, t, 0
    while abs(term) > Decimal(10) ** -50:
        k += 1
        term = -term * t * t / (2 * k)
        total += term / (2 * k + 1)
    return t * (Decimal("0.5") - total / (2 * pi).sqrt())


def silu_delta(t: Decimal) -> Decimal:
    return t / (1 + t.exp())


@pytest.mark.parametrize(("activation", "exact", "step_bits", "fraction", "count"), [
    ("gelu", gelu_delta, 5, 22, 177), ("silu", silu_delta, 4, 12, 185),
    ("silu", silu_delta, 5, 12, 368), ("silu", silu_delta, 5, 16, 464)])
def test_tables_of_the_papers(activation, exact, step_bits, fraction, count):
    """Every entry from 60 digits; they end where an entry rounds to 0."""
    entries = delta_entries(activation, step_bits, fraction)
    assert len(entries) == count
    with localcontext() as context:
        context.prec = 80
        assert entries == tuple(math.floor(
            exact(Decimal(i) / 2**step_bits) * 2**fraction + Decimal("0.5"))
            for i in range(count))
    assert entries[-1] == entries[0] == 0 < entries[-2]


def test_largest_difference_of_gelu():
    entries = delta_entries("gelu", 5, 22)
    assert entries.index(max(entries)) == 24
    assert f"{max(entries) / 2**22:.5f}" == "0.16997"


def test_range_that_is_asked_for():
    assert len(delta_entries("gelu", 3, 12, 6.0)) == 49
    assert len(delta_entries("silu", 2, 8, 0.6)) == 4
    for arguments, message in (
            (("relu", 3, 12), r"^activation must be one of gelu, silu, not 'relu'$"),
            (("gelu", 3, 12, 0), r"^limit must be above 0 and at most 64, not 0$"),
            (("gelu", 13, 12), r"^step_bits must be 0 to 12, not 13$"),
            (("gelu", 3, 31), r"^fraction must be 0 to 30, not 31$")):
        with pytest.raises(ValueError, match=message):
            delta_entries(*arguments)


def real(activation, x):
    if activation == "silu":
        return x / (1 + np.exp(-x))
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


@pytest.mark.parametrize(("activation", "step_bits", "fraction", "limit", "most", "mean"), [
    ("gelu", 5, 22, None, 9.8e-5, 7.8e-6), ("gelu", 3, 12, 6.0, 1.5e-3, 1.4e-4),
    ("gelu", 4, 12, 6.0, 4.1e-4, 5e-5), ("gelu", 5, 12, 6.0, 1.54e-4, 4e-5),
    ("gelu", 6, 16, 6.0, 3.0e-5, 3.3e-6), ("silu", 4, 12, None, 3.0e-4, 6e-5),
    ("silu", 5, 12, None, 1.5e-4, 6e-5), ("silu", 5, 16, None, 6.51e-5, 7e-6)])
def test_error(activation, step_bits, fraction, limit, most, mean):
    """``x`` and result with 22 fraction bits."""
    entries = np.array(delta_entries(activation, step_bits, fraction, limit))
    spec = DeltaTableSpec(source=FixedFormat(28, 22), step_bits=step_bits, fraction=fraction,
                          entries=len(entries), target_fraction=22)
    reach = 8 if activation == "gelu" else 16
    x = np.arange(-reach << 22, reach << 22, 257)
    off = np.abs(delta_table(x, spec, entries) * 2.0**-22 - real(activation, x * 2.0**-22))
    assert most * 0.95 < off.max() <= most
    assert off.mean() <= mean


def written_out(x, spec, entries):
    """Edge-MoE's code, in Python's integers."""
    relu, a = max(x, 0) << spec.more_fraction, abs(x)
    if a >= (len(entries) - 1) * 2**spec.between_bits:
        return relu
    i, t = divmod(a, 2**spec.between_bits)
    difference = entries[i] * 2**spec.between_bits + t * (entries[i + 1] - entries[i])
    return relu - difference // 2**spec.dropped


@pytest.mark.parametrize(("source", "settings"), [
    (FixedFormat(8, 4), {"step_bits": 2, "fraction": 8}),
    (FixedFormat(8, 4), {"step_bits": 4, "fraction": 6, "target_fraction": 4}),
    (FixedFormat(10, 6), {"step_bits": 2, "fraction": 5, "target_fraction": 9}),
    (FixedFormat(12, 8), {"step_bits": 0, "fraction": 12, "target_fraction": 8}),
    (FixedFormat(3, 2), {"step_bits": 2, "fraction": 7}), (IntFormat(4), {
        "step_bits": 0, "fraction": 9})], ids=str)
def test_definition_written_out(source, settings):
    for activation in ("gelu", "silu"):
        entries = delta_entries(activation, settings["step_bits"], settings["fraction"])
        spec = DeltaTableSpec(source=source, entries=len(entries), **settings)
        x = np.arange(source.min, source.max + 1)
        found = delta_table(x, spec, np.array(entries))
        assert found.tolist() == [written_out(int(each), spec, entries) for each in x]
        spec.target.check("result", found)


def test_published_form_is_a_floor_of_the_product(rng):
    """T[i] + floor(t * (T[i+1] - T[i])) where result and entries have the same fraction."""
    entries = np.array(delta_entries("gelu", 5, 22))
    spec = DeltaTableSpec(source=FixedFormat(32, 22), step_bits=5, fraction=22, entries=177)
    x = rng.integers(-(5 << 22), 5 << 22, 5000)
    i, t = np.divmod(np.abs(x), 1 << 17)
    product = (t * (entries[i + 1] - entries[i])) >> 17
    np.testing.assert_array_equal(delta_table(x, spec, entries),
                                  np.maximum(x, 0) - entries[i] - product)


@pytest.mark.parametrize(("changes", "message"), [
    ({"source": IntFormat(8, signed=False)}, r"^source must be a signed integer or fixed point"),
    ({"source": FixedFormat(33, 4)}, r"^source must have at most 32 bits, not 33$"),
    ({"step_bits": 5}, r"^step_bits must be at most the fraction bits of fixed<8,4>, not 5$"),
    ({"fraction": 31}, r"^fraction must be 1 to 30, not 31$"),
    ({"entries": 1}, r"^entries must be at least 2, not 1$"),
    ({"target_fraction": 3},
     r"^target_fraction must be from 4, that of fixed<8,4>, to 10, not 3$")], ids=str)
def test_specs_that_make_no_sense(changes, message):
    with pytest.raises(ValueError, match=message):
        DeltaTableSpec(**{"source": FixedFormat(8, 4), "step_bits": 2, "fraction": 8,
                          "entries": 9, **changes})


def test_node():
    entries = np.array(delta_entries("gelu", 2, 8))
    tensors = [Tensor("x", (3,), FixedFormat(8, 4)),
               Tensor("t", entries.shape, IntFormat(8, signed=False), value=entries)]
    node = DeltaTable(name="g", inputs=("x", "t"), outputs=("y",), step_bits=2, fraction=8,
                      target_fraction=8)
    assert node.infer(tensors) == (((3,), FixedFormat(12, 8)),)
    (y,) = node.run(tensors, [np.array([[-16, 0, 16]], np.int8), entries])
    assert (y.tolist(), y.dtype) == ([[-41, 0, 215]], np.int16)
    assert DeltaTable.from_json(node.as_json()) == node
    with pytest.raises(NodeError, match=r"entries must be a constant vector of an unsigned"):
        node.infer([tensors[0], Tensor("t", (3,), IntFormat(8, signed=False))])
    with pytest.raises(NodeError, match=r"source must be a signed integer or fixed point"):
        node.infer([Tensor("x", (3,), IntFormat(4, signed=False)), tensors[1]])
