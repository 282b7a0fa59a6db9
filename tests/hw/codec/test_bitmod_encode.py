# amaranth: UnusedElaboratable=no
"""BitMoD's encoder: every number of narrow sources with every special value."""

from __future__ import annotations

import numpy as np
import pytest

from hw.codec.bitmod_encode import BitModEncoder
from sw_model.formats import FixedFormat, IntFormat, TernaryFormat
from sw_model.formats.blocks.bitmod import nearest_codes
from tests.support.layouts import words_of
from tests.support.probe import probe

#: Of numbers: whether ties are among them, and what lies beyond the outermost value.
SOURCES = [FixedFormat(8, 4), FixedFormat(8, 3), FixedFormat(6, 1), FixedFormat(5, -1),
           IntFormat(6), IntFormat(5, signed=False)]
WIDER = [FixedFormat(10, 5), FixedFormat(14, 9), FixedFormat(14, 2), FixedFormat(16, 6)]


@pytest.mark.parametrize("sources", [SOURCES, pytest.param(WIDER, marks=pytest.mark.full)],
                         ids=["narrow", "wider"])
def test_every_number(need, tmp_path, sources):
    need("verilator")
    components = [BitModEncoder(width, source) for width in (3, 4) for source in sources]
    given = []
    for component in components:
        numbers = np.arange(component.source.min, component.source.max + 1)
        given.append({"value": np.tile(numbers, 4), "special": np.repeat(np.arange(4),
                                                                        len(numbers))})
    found = probe(components, [words_of(component.i.shape(), fields)
                               for component, fields in zip(components, given, strict=True)],
                  tmp_path / "build")
    for component, fields, seen in zip(components, given, found, strict=True):
        expected = np.concatenate([
            nearest_codes(component.width, special, component.source.decode(
                fields["value"][fields["special"] == special])) for special in range(4)])
        np.testing.assert_array_equal(seen["o"], expected,
                                      f"{component.width} bits of {component.source}")


def test_what_there_is_not():
    with pytest.raises(ValueError, match=r"^width must be 3 or 4, not 5$"):
        BitModEncoder(5, IntFormat(8))
    with pytest.raises(TypeError, match=r"^source must be an IntFormat or FixedFormat, not Tern"):
        BitModEncoder(4, TernaryFormat())
