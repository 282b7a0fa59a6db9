# amaranth: UnusedElaboratable=no
"""Shapes of formats: every code fits as it is, and the values on the grid come out."""

from __future__ import annotations

import pytest
from amaranth import Module, Shape, Signal, signed, unsigned
from amaranth.sim import Simulator

from hw.shapes import fixed_shape, fixed_value, shape_between, shape_of, vector_of
from sw_model.formats import (
    BipolarFormat,
    FixedFormat,
    Float32Format,
    IntFormat,
    TernaryFormat,
)

NARROW = [*(IntFormat(w) for w in range(1, 7)), *(IntFormat(w, signed=False) for w in range(1, 7)),
          FixedFormat(5, 2), FixedFormat(5, -2, signed=False), BipolarFormat(), TernaryFormat()]


@pytest.mark.parametrize("form", NARROW, ids=str)
def test_every_code(form):
    """The bits on the wire and the value, as the golden model has them."""
    m, code = Module(), Signal(shape_of(form))
    value = fixed_value(form, code)
    assert value.shape() == fixed_shape(form)
    bits, output = Signal(form.width), Signal(value.shape())
    m.d.comb += [bits.eq(code), output.eq(value)]

    async def bench(ctx):
        for number in range(form.min, form.max + 1):
            ctx.set(code, number)
            await ctx.delay(1e-9)
            assert ctx.get(code) == number
            assert ctx.get(bits) == int(form.to_bits(number))
            assert ctx.get(output) == int(form.to_fixed(number))

    sim = Simulator(m)
    sim.add_testbench(bench)
    sim.run()


@pytest.mark.parametrize(("form", "code", "value"), [
    (IntFormat(8), signed(8), signed(8)), (IntFormat(1), signed(1), signed(1)),
    (IntFormat(64), signed(64), signed(64)),
    (IntFormat(63, signed=False), unsigned(63), unsigned(63)),
    (FixedFormat(9, 4), signed(9), signed(9)), (BipolarFormat(), unsigned(1), signed(2)),
    (TernaryFormat(), signed(2), signed(2))], ids=str)
def test_shapes(form, code, value):
    assert (shape_of(form), fixed_shape(form)) == (code, value)


def test_shapes_between_numbers():
    """As Amaranth casts ranges, but for the number zero alone, and beyond 64 bits."""
    for low in range(-20, 21):
        for high in range(max(low, 1 if low == 0 else low), 21):
            assert shape_between(low, high) == Shape.cast(range(low, high + 1)), (low, high)
    assert shape_between(0, 0) == unsigned(1)
    for k in range(60, 70):
        for low, high in ((-(2**k), 2**k - 1), (-1, 2**k - 1), (-(2**k), -1)):
            assert shape_between(low, high) == signed(k + 1)
        for low, high in ((-(2**k) - 1, 0), (-(2**k), 2**k)):
            assert shape_between(low, high) == signed(k + 2)
        assert shape_between(0, 2**k - 1) == unsigned(k)
        assert shape_between(0, 2**k) == unsigned(k + 1)


@pytest.mark.parametrize("form", [IntFormat(3), BipolarFormat()], ids=str)
@pytest.mark.parametrize("lanes", [1, 4])
def test_vectors(form, lanes):
    """Lane 0 in the low bits, also where it is the only one."""
    layout = vector_of(form, lanes)
    assert layout.size == lanes * form.width
    assert (layout.elem_shape, layout.length) == (shape_of(form), lanes)
    m, vector, word = Module(), Signal(layout), Signal(lanes * form.width)
    m.d.comb += word.eq(vector.as_value())
    codes = [form.max if k % 2 else form.min for k in range(lanes)]

    async def bench(ctx):
        for k, code in enumerate(codes):
            ctx.set(vector[k], code)
        await ctx.delay(1e-9)
        expected = sum(int(form.to_bits(code)) << k * form.width for k, code in enumerate(codes))
        assert ctx.get(word) == expected

    sim = Simulator(m)
    sim.add_testbench(bench)
    sim.run()


def test_refusals():
    for function in (shape_of, fixed_shape):
        with pytest.raises(TypeError, match=r"^float32 has no integer codes$"):
            function(Float32Format())
    with pytest.raises(ValueError, match=r"^lanes must be at least 1, not 0$"):
        vector_of(IntFormat(8), 0)
    for wrong in (True, 2.0, "2"):
        with pytest.raises(TypeError, match=r"^lanes must be an integer, not "):
            vector_of(IntFormat(8), wrong)
    assert isinstance(shape_of(IntFormat(8)), Shape)
