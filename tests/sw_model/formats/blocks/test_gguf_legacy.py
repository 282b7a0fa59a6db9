"""Q4_0, Q4_1 and Q8_0: ties and ends by hand."""

from __future__ import annotations

import numpy as np

from sw_model.formats.blocks.gguf_legacy import Q4_0Format, Q4_1Format, Q8_0Format


def block(*values):
    return np.array([*values, *[0.0] * (32 - len(values))])


def test_q4_0_ties_and_ends():
    """Of -8 and 8 the first is the extreme; with scale 1 the other saturates at 7."""
    form = Q4_0Format()
    fields = form.encode(block(-8, 8, 0.5, -0.5, 1.5, -1.5, 0.49, 7.4, 7.6))
    assert form.decode(fields)[:9].tolist() == [-8, 7, 1, 0, 2, -1, 0, 7, 7]
    fields = form.encode(block(8, -8, 0.5, -0.5))
    assert form.decode(fields)[:4].tolist() == [8, -7, 0, -1]
    assert fields["scales"].tolist() == [0xBC00]


def test_q4_0_zeros():
    """The scale is that of the first zero over -8; the code is that of 0."""
    for zero, scale in ((0.0, 0x8000), (-0.0, 0)):
        fields = Q4_0Format().encode(np.full(32, zero))
        assert (fields["codes"] == 8).all()
        assert fields["scales"].tolist() == [scale]
        assert not Q4_0Format().decode(fields).any()


def test_q4_1_ties_and_ends():
    form = Q4_1Format()
    fields = form.encode(np.array([-2.0, 13.0, -1.5, -0.5, -0.51, 12.5, 12.4] + [0.0] * 25))
    assert form.decode(fields)[:8].tolist() == [-2, 13, -1, 0, -1, 13, 12, 0]
    constant = form.encode(np.full(32, -7.0))
    assert not constant["codes"].any()
    assert constant["scales"].tolist() == [0]
    assert (form.decode(constant) == -7).all()


def test_q8_0_halves_go_away_from_zero():
    form = Q8_0Format()
    fields = form.encode(block(127, -127, 0.5, -0.5, 1.5, -2.5, 126.5, -126.49))
    assert form.decode(fields)[:8].tolist() == [127, -127, 1, -1, 2, -3, 127, -126]
    assert fields["codes"].dtype == np.int8


def test_q8_0_reads_what_it_never_writes():
    data = np.zeros(34, np.uint8)
    data[:3] = 0x00, 0x3C, 0x80
    assert Q8_0Format().decode(Q8_0Format().unpack(data[None]))[0] == -128
