"""float32 for the host: real values, and no codes at all."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import Float32Format
from sw_model.node import Tensor

FLOAT32 = Float32Format()


def test_holds_reals():
    assert (FLOAT32.width, FLOAT32.dtype, str(FLOAT32)) == (32, np.float32, "float32")
    FLOAT32.check("x", np.array([1.5, -0.0, np.inf, 1e-45], np.float32))
    FLOAT32.check("x", np.empty((0, 2), np.float32))
    value = np.array([0.1, -2], np.float32)
    assert Tensor("x", (2,), FLOAT32, value=value).value.dtype == np.float32


def test_check_refuses():
    with pytest.raises(TypeError, match=r"^x must be float32, not float64$"):
        FLOAT32.check("x", np.array([1.0]))
    with pytest.raises(TypeError, match=r"^x must be float32, not int8$"):
        FLOAT32.check("x", np.array([1], np.int8))
    with pytest.raises(ValueError, match=r"^x holds NaN$"):
        FLOAT32.check("x", np.array([np.nan], np.float32))


@pytest.mark.parametrize("member", ["min", "max", "lsb", "fixed_min", "fixed_max"])
def test_has_no_grid(member):
    with pytest.raises(TypeError, match=r"^float32 has no integer codes$"):
        getattr(FLOAT32, member)


@pytest.mark.parametrize("method", ["to_fixed", "from_fixed", "decode", "encode", "to_bits",
                                    "from_bits"])
def test_has_no_codes(method):
    for values in (np.array([1.5], np.float32), np.array([1]), []):
        with pytest.raises(TypeError, match=r"^float32 has no integer codes$"):
            getattr(FLOAT32, method)(values)
