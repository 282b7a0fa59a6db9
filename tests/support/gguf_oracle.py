"""The gguf package as an oracle: bytes to values, and values to bytes where it can."""

from __future__ import annotations

import numpy as np
from gguf import GGMLQuantizationType
from gguf import quants as gguf_quants

#: Names of ours that are not theirs in lower case.
NAMES = {"gguf_mxfp4": "MXFP4", "gguf_nvfp4": "NVFP4"}


def _type(form):
    return GGMLQuantizationType[NAMES.get(str(form), str(form).upper())]


def dequantised(form, data):
    """Values of blocks of shape (n, block_bytes), shape (n, size)."""
    # NaN, infinities and 2**128 are among random scales.
    with np.errstate(invalid="ignore", over="ignore"):
        flat = gguf_quants.dequantize(np.ascontiguousarray(data).reshape(-1), _type(form))
    return flat.reshape(len(data), form.size)


def quantised(form, values):
    """Bytes of values of shape (n, size), shape (n, block_bytes)."""
    flat = gguf_quants.quantize(np.asarray(values, np.float32).reshape(-1), _type(form))
    return flat.reshape(len(values), form.block_bytes)


def assert_same_floats(got, wanted):
    """Bit for bit, signs of zeros included; NaN where there is NaN."""
    assert got.dtype == wanted.dtype == np.float32
    nan = np.isnan(wanted)
    np.testing.assert_array_equal(np.isnan(got), nan)
    np.testing.assert_array_equal(got.view(np.uint32)[~nan], wanted.view(np.uint32)[~nan])
