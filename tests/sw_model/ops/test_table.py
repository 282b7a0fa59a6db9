"""Tables: every code of narrow formats, one row and a row for each channel."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import (
    BipolarFormat,
    FixedFormat,
    Float32Format,
    IntFormat,
    TernaryFormat,
)
from sw_model.node import AtMost, NodeError, Tensor
from sw_model.ops import Table, table_lookup

FORMATS = [*(IntFormat(w) for w in range(1, 11)),
           *(IntFormat(w, signed=False) for w in range(1, 11)),
           FixedFormat(6, 2), BipolarFormat(), TernaryFormat()]
INT8 = IntFormat(8)


def node_and_tensors(source, entries, *, shape=(3,), target=INT8, format_=None):
    tensors = [Tensor("x", shape, source), Tensor("e", entries.shape, target, value=entries)]
    return Table(name="n", inputs=("x", "e"), outputs=("y",), format=format_ or target), tensors


@pytest.mark.parametrize("source", FORMATS, ids=str)
@pytest.mark.parametrize("rows", [1, 3])
def test_every_code(source, rows, rng):
    codes = range(source.min, source.max + 1)
    entries = rng.integers(-128, 128, (rows, len(codes)), dtype=np.int8)
    node, tensors = node_and_tensors(source, entries)
    assert node.infer(tensors) == (((3,), INT8),)
    # A dictionary knows nothing of offsets.
    known = [dict(zip(codes, row, strict=True)) for row in entries.tolist()]
    x = np.array([[code, other, code] for code, other in zip(codes, reversed(codes), strict=True)],
                 source.dtype)
    expected = [[known[k if rows > 1 else 0][int(code)] for k, code in enumerate(row)] for row in x]
    (result,) = node.run(tensors, [x, entries])
    assert result.dtype == np.int8
    assert result.tolist() == expected


def test_further_axes_and_no_samples(rng):
    entries = rng.integers(0, 2**12, (3, 256))
    codes = rng.integers(-128, 128, (4, 2, 3), dtype=np.int8)
    result = table_lookup(codes, entries, -128)
    for place in np.ndindex(*codes.shape):
        assert result[place] == entries[place[-1], int(codes[place]) + 128]
    assert table_lookup(codes[:0], entries, -128).shape == (0, 2, 3)
    np.testing.assert_array_equal(table_lookup(codes, entries[:1], -128)[..., 0],
                                  entries[0][codes[..., 0].astype(int) + 128])


def test_widest_table():
    entries = np.arange(2**16)[None] % 2 ** 16
    node, tensors = node_and_tensors(IntFormat(16), entries, target=IntFormat(16, signed=False))
    node.infer(tensors)
    x = np.array([[-(2**15), 0, 2**15 - 1]], np.int16)
    assert node.run(tensors, [x, tensors[1].value])[0].tolist() == [[0, 2**15, 2**16 - 1]]


def test_scalars_run_time_lengths_and_reals():
    entries = np.array([[5, 6, 7]])
    for shape in ((), (AtMost(4),), (2, AtMost(3))):
        node, tensors = node_and_tensors(TernaryFormat(), entries, shape=shape)
        assert node.infer(tensors) == ((shape, INT8),)
    assert node.run(tensors, [np.array([[[-1, 1]]], np.int8), entries])[0].tolist() == [[[5, 7]]]
    node, tensors = node_and_tensors(TernaryFormat(), np.array([[0.5, 1, 2]], np.float32),
                                     target=Float32Format())
    (result,) = node.run(tensors, [np.array([[1, 0, -1]], np.int8), tensors[1].value])
    assert (result.dtype, result.tolist()) == (np.float32, [[2.0, 1.0, 0.5]])


@pytest.mark.parametrize(("source", "entries", "options", "message"), [
    (IntFormat(17), np.zeros((1, 4)), {}, "codes of int17 are wider than 16 bits"),
    (Float32Format(), np.zeros((1, 4)), {}, "codes of float32 are wider than 16 bits"),
    (IntFormat(2), np.zeros((1, 3)), {},
     r"entries must be a constant of shape \(1 or 3, 4\), not \(1, 3\)"),
    (TernaryFormat(), np.zeros((1, 4)), {}, r"entries must be .* \(1 or 3, 3\), not \(1, 4\)"),
    (IntFormat(2), np.zeros((2, 4)), {}, r"entries must be .* \(1 or 3, 4\), not \(2, 4\)"),
    (IntFormat(2), np.zeros(4), {}, r"entries must be .* \(1 or 3, 4\), not \(4,\)"),
    (IntFormat(2), np.zeros((3, 4)), {"shape": (AtMost(3),)}, r"entries must be .* \(1 or <=3, 4"),
    (IntFormat(2), np.zeros((1, 4)), {"format_": IntFormat(9)},
     "entries are int8, but the output is int9"),
])
def test_node_refuses(source, entries, options, message):
    node, tensors = node_and_tensors(source, entries.astype(np.int8), **options)
    with pytest.raises(NodeError, match=rf"^node 'n' \(Table\): {message}"):
        node.infer(tensors)


def test_node_refuses_entries_that_vary():
    node, tensors = node_and_tensors(IntFormat(2), np.zeros((1, 4), np.int8))
    with pytest.raises(NodeError, match="entries must be a constant of shape"):
        node.infer([tensors[0], Tensor("e", (1, 4), INT8)])
    with pytest.raises(NodeError, match=r"needs 2 inputs, not 1$"):
        node.infer(tensors[:1])
