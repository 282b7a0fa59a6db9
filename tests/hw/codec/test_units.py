# amaranth: UnusedElaboratable=no
"""Decoders and encoders between streams: a word a cycle, one cycle later, under any stall."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth import Value

from hw.codec.blocks import BlockUnpacker
from hw.codec.sherry import SherryUnpacker
from hw.codec.staged import Staged
from hw.codec.trits import TritPacker
from hw.codec.units import DecodeUnit, EncodeUnit
from sw_model.formats import Overflow, Rounding, parse_format
from sw_model.formats.blocks import parse_block_format
from sw_model.formats.blocks.sherry import split_four
from sw_model.formats.packing import pack_trits
from tests.support.units import Interval, Unit, check_units

LANES = 4


def timed(component, given, expected):
    return Unit(component, {"i": given}, {"o": expected}, latency=component.latency,
                interval=Interval(component.interval))


def decode_unit(text):
    form = parse_format(text)
    codes = np.arange(form.min, form.max + 1).reshape(-1, LANES)
    reals = form.decode(codes)
    integers = np.zeros(codes.shape, np.int64)
    integers[np.isfinite(reals)] = form.to_fixed(codes[np.isfinite(reals)])
    return timed(DecodeUnit(form, LANES), codes, integers)


def encode_unit(source, target, **settings):
    source, target = parse_format(source), parse_format(target)
    codes = np.arange(source.min, source.max + 1).reshape(-1, LANES)
    return timed(EncodeUnit(source, target, LANES, **settings), codes,
                 target.encode(source.decode(codes), **settings))


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
    units = [decode_unit("e4m3fn"), decode_unit("posit<8,0>"), decode_unit("int8"),
             encode_unit("fixed<8,4>", "e2m1"),
             encode_unit("fixed<8,4>", "int4", rounding=Rounding.FLOOR,
                         overflow=Overflow.SATURATE),
             *staged_units(rng)]
    check_units(units)


def test_several_outputs_are_a_struct():
    payload = Staged(TritPacker).o.payload
    assert (len(payload.o), len(payload.illegal), len(Value.cast(payload))) == (8, 1, 9)


@pytest.mark.parametrize("lanes", [0, -1])
def test_no_lanes(lanes):
    with pytest.raises(ValueError, match="lanes must be at least 1"):
        DecodeUnit(parse_format("e2m1"), lanes)
