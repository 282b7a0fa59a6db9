"""N:M sparse integers: the largest are kept, with one scale."""

from __future__ import annotations

import numpy as np
import pytest

from gen.explore.pruned import Pruned
from sw_model.formats.sparse import parse_sparse_format


def test_pruned():
    tensor = np.array([[1.0, -127.0, 3.0, 64.0, 0.0, 0.0, 5.0, 0.0]])
    one = Pruned(parse_sparse_format("sparse<2,4,int8>"))
    assert one.restored(tensor).tolist() == [[0, -127, 0, 64, 0, 0, 5, 0]]
    assert one.bits(tensor) == 5 + 32 / 8
    with pytest.raises(ValueError, match="4"):
        one.restored(np.ones((1, 6)))
