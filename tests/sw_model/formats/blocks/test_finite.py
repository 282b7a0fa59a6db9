"""Values that have to be finite."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats.blocks.finite import finite_blocks
from sw_model.formats.blocks.gguf import GGUF_FORMATS

FORM = GGUF_FORMATS["q8_0"]
LARGEST = float(np.finfo(np.float32).max)


def test_blocks_keep_their_type_and_values():
    for kind in (np.float16, np.float32, np.float64):
        values = np.arange(64, dtype=kind)
        blocks = finite_blocks(FORM, values)
        assert (blocks.shape, blocks.dtype) == ((2, 32), kind)
        assert blocks.ravel().tolist() == values.tolist()
    assert finite_blocks(FORM, np.full(32, LARGEST)).max() == LARGEST


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, LARGEST * (1 + 2.0**-24), -1e300])
def test_refused(value):
    values = np.zeros(32)
    values[31] = value
    with pytest.raises(ValueError, match=r"^q8_0 takes finite numbers of float32, not -?[nie0-9]"):
        finite_blocks(FORM, values)
