# amaranth: UnusedElaboratable=no
"""Concatenation against the golden model, by tables and by adders."""

from __future__ import annotations

import numpy as np
import pytest

from hw.rescale.concatenate import Concatenate
from sw_model.formats import IntFormat
from sw_model.ops import concatenate, requantise
from sw_model.specs import ConcatSpec, RequantiseSpec
from tests.support.units import Interval, Unit, check_units, padded

INT8, INT16 = IntFormat(8), IntFormat(16)


def spec_of(format_, scales, channels):
    """Inputs of ``scales`` and the zero points 0, 1, 2 and so on, to scale 0.1 and zero point 1."""
    return ConcatSpec(channels=channels, ways=tuple(
        RequantiseSpec.between(format_, format_, scale_in=scale, zero_in=number, scale_out=0.1,
                               zero_out=1) for number, scale in enumerate(scales)))


def unit_of(spec, lanes, inputs, tables):
    """``inputs``: an array (vectors, channels) for each way."""
    codes = np.arange(spec.source.min, spec.source.max + 1)
    entries = tuple(tuple(requantise(codes, way).tolist()) for way in spec.ways)
    unit = Concatenate(spec, lanes, entries if tables else None)
    words = {f"i__{k}": padded(each, lanes) for k, each in enumerate(inputs)}
    return Unit(unit, words, {"o": padded(concatenate(inputs, spec), lanes)},
                latency=unit.latency, since="i__0", interval=Interval(1, stream="o"),
                name=f"{lanes} {tables} {spec}")


def test_inputs_in_turn(rng):
    units = []
    for format_, lanes, channels, tables in (
            (INT8, 1, (3, 2, 1), True), (INT8, 4, (8, 4, 5), True), (INT8, 2, (2, 4, 4), False),
            (INT16, 3, (3, 6, 2), False)):
        spec = spec_of(format_, (0.05, 0.1, 0.37), channels)
        assert [way.changes_nothing for way in spec.ways] == [False, True, False]
        # Every code of 8 bits in every channel.
        inputs = [np.stack([rng.permutation(256) - 128 for _ in range(count)], axis=1)
                  if format_ == INT8 else
                  rng.integers(format_.min, format_.max, (40, count), endpoint=True)
                  for count in channels]
        units.append(unit_of(spec, lanes, inputs, tables))
    spec = spec_of(INT8, (0.2,), (2,))
    units.append(unit_of(spec, 2, [np.arange(-128, 128).reshape(-1, 2)], True))
    check_units(units, stalls=((0.0, 0.0), (0.4, 0.4)))


def test_refuses():
    spec = spec_of(INT8, (0.05, 0.1), (6, 5))
    with pytest.raises(ValueError, match="every input but the last, but 4 does not divide 6"):
        Concatenate(spec, 4)
    with pytest.raises(ValueError, match="there must be 2 tables, not 1"):
        Concatenate(spec, 2, ((0,) * 256,))
    with pytest.raises(TypeError, match="spec must be a ConcatSpec, not 3"):
        Concatenate(3, 1)
