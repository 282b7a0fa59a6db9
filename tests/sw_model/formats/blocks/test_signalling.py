"""Signalling NaN, of which NumPy warns when it converts one; a warning is an error here."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats.blocks import BLOCK_SPELLINGS, parse_block_format

#: Patterns of signalling NaN, by the type that has them.
PATTERNS = {np.float16: np.uint16(0x7D00), np.float32: np.uint32(0x7FA00000),
            np.float64: np.uint64(0x7FF4 << 48)}

FORMS = [parse_block_format(example) for _, example, _ in BLOCK_SPELLINGS]


@pytest.mark.parametrize("dtype", PATTERNS)
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_is_nan(form, dtype):
    """The block becomes NaN where the format has it, and the values are refused elsewhere."""
    values = np.zeros(2 * form.size, dtype)
    pattern = PATTERNS[dtype]
    values.view(pattern.dtype)[3] = pattern
    if str(form).startswith(("mx", "nv", "bfp")):
        real = form.decode(form.encode(values))
        assert np.isnan(real[:form.size]).all()
        assert not real[form.size:].any()
    else:
        with pytest.raises(ValueError, match=r" takes finite numbers of float32, not nan$"):
            form.encode(values)
