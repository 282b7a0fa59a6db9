# amaranth: UnusedElaboratable=no
"""Decoders and encoders between streams: a word a cycle, one cycle later, under any stall."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth import Value

from hw.codec.blocks import BlockUnpacker
from hw.codec.decode import Decoder
from hw.codec.encode import Encoder
from hw.codec.sherry import SherryUnpacker
from hw.codec.staged import Staged
from hw.codec.trits import TritPacker
from hw.shapes import fixed_shape
from sw_model.formats import MinifloatFormat, Overflow, Rounding, parse_format
from sw_model.formats.blocks import parse_block_format
from sw_model.formats.blocks.sherry import split_four
from sw_model.formats.packing import pack_trits
from tests.support.units import Interval, Unit, check_units

LANES = 4


def timed(component, given, expected):
    return Unit(component, {"i": given}, {"o": expected}, latency=component.latency,
                interval=Interval(component.interval))


def decoders(text):
    """Words of every code, with what else a decoder says of it."""
    form = parse_format(text)
    codes = np.arange(form.min, form.max + 1).reshape(-1, LANES)
    reals = form.decode(codes)
    integers = np.zeros(codes.shape, np.int64)
    integers[np.isfinite(reals)] = form.to_fixed(codes[np.isfinite(reals)])
    width = fixed_shape(form).width
    # NaN of floats has a sign, NaR has none.
    float_ = isinstance(form, MinifloatFormat)
    signs = np.where(np.isnan(reals), codes >> form.width - 1 if float_ else 0, np.signbit(reals))
    words = (integers & (1 << width) - 1 | np.isnan(reals) << width
             | np.isinf(reals).astype(int) << width + 1 | signs.astype(int) << width + 2)
    return timed(Staged(Decoder, form, lanes=LANES), codes, words)


def encoders(source, target, **settings):
    """Words of every code, with whether it is out of range."""
    source, target = parse_format(source), parse_format(target)
    codes = np.arange(source.min, source.max + 1).reshape(-1, LANES)
    reals = source.decode(codes)
    found = target.encode(reals, **settings)
    outside = np.zeros(codes.shape, np.int64)
    for index in np.ndindex(codes.shape):
        try:
            target.encode(reals[index], rounding=settings.get("rounding", Rounding.HALF_EVEN),
                          overflow=Overflow.ERROR)
        except ValueError:
            outside[index] = 1
    words = found & (1 << target.width) - 1 | outside << target.width
    return timed(Staged(Encoder, source, target, lanes=LANES, **settings), codes, words)


def staged_units(rng):
    codes = np.arange(32)
    yield timed(Staged(SherryUnpacker), codes.tolist(), split_four(codes.astype(np.uint8)))

    trits = rng.integers(-1, 2, (50, 5))
    # Of several outputs the first is in the low bits: `o`'s eight, then `illegal`.
    yield timed(Staged(TritPacker), trits, pack_trits(trits)[:, 0].tolist())

    form = parse_block_format("mx<e2m1,4>")
    fields = {"codes": rng.integers(0, 16, (50, 4)), "scales": np.arange(50, dtype=np.uint8)}
    packed = [int.from_bytes(block.tobytes(), "little") for block in form.pack(fields)]
    words = [sum(int(code) << 4 * k for k, code in enumerate(row)) | int(scale) << 16
             for row, scale in zip(fields["codes"], fields["scales"], strict=True)]
    yield timed(Staged(BlockUnpacker, form), packed, words)


def test_every_unit(rng):
    units = [decoders("e4m3fn"), decoders("posit<8,0>"), decoders("int8"),
             encoders("fixed<8,4>", "e2m1"),
             encoders("fixed<8,4>", "int4", rounding=Rounding.FLOOR, overflow=Overflow.SATURATE),
             *staged_units(rng)]
    check_units(units)


def test_several_outputs_are_a_struct():
    payload = Staged(TritPacker).o.payload
    assert (len(payload.o), len(payload.illegal), len(Value.cast(payload))) == (8, 1, 9)


@pytest.mark.parametrize("lanes", [0, -1])
def test_no_lanes(lanes):
    with pytest.raises(ValueError, match="lanes must be at least 1"):
        Staged(Decoder, parse_format("e2m1"), lanes=lanes)


def test_lanes_share_a_component():
    unit = Staged(Decoder, parse_format("e2m1"), lanes=3)
    assert unit.codec.format == parse_format("e2m1")
    assert (unit.i.payload.shape().length, unit.o.payload.shape().length) == (3, 3)
