# amaranth: UnusedElaboratable=no
"""BitMoD: every code with every special value, and every integer's Booth digits."""

from __future__ import annotations

import numpy as np
import pytest

from hw.codec.bitmod import BitModTerms, BitModUnpacker, BoothTerms
from sw_model.formats.blocks.bitmod import code_values
from sw_model.formats.blocks.bitmod_terms import bitmod_terms, booth_terms
from tests.support.probe import probe

#: Of FP3 and FP4.
WIDTHS = (3, 4)
BOOTH = (2, 6, 8, 16)


def bits_of(patterns, count):
    return patterns[:, None] >> np.arange(count) & 1


def same_terms(fields, terms, bsig, name):
    count = terms.man.shape[-1]
    np.testing.assert_array_equal(bits_of(fields["sign"], count), terms.sign, name)
    np.testing.assert_array_equal(bits_of(fields["man"], count), terms.man, name)
    np.testing.assert_array_equal(fields["exp"], terms.exp, name)
    np.testing.assert_array_equal(np.broadcast_to(bsig, terms.bsig.shape), terms.bsig, name)


def test_every_code_and_integer(need, tmp_path):
    need("verilator")
    components = [*map(BitModUnpacker, WIDTHS), *map(BitModTerms, WIDTHS), *map(BoothTerms, BOOTH)]
    patterns = [np.arange(1 << width + 2) for width in (*WIDTHS, *WIDTHS)]
    patterns += [np.arange(1 << width) for width in BOOTH]
    found = probe(components, patterns, tmp_path / "build")
    for component, given, fields in zip(components, patterns, found, strict=True):
        width, name = component.width, f"{type(component).__name__}({component.width})"
        if isinstance(component, BoothTerms):
            signed = given - (given >> (width - 1) << width)
            same_terms(fields, booth_terms(signed, width), component.bsig, name)
            continue
        special, code = np.divmod(given, 1 << width)
        if isinstance(component, BitModTerms):
            same_terms(fields, bitmod_terms(width, code, special), component.bsig, name)
            continue
        bits = len(component.o)
        integers = fields["o"] - (fields["o"] >> (bits - 1) << bits)
        np.testing.assert_array_equal(integers * component.unit, code_values(width)[special, code],
                                      name)


@pytest.mark.parametrize(("make", "width", "message"), [
    (BitModUnpacker, 5, "width must be 3 or 4, not 5"),
    (BitModTerms, 2, "width must be 3 or 4, not 2"),
    (BoothTerms, 7, "width must be even, 2 to 16, not 7"),
    (BoothTerms, 18, "width must be even, 2 to 16, not 18"),
])
def test_another_width(make, width, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        make(width)
