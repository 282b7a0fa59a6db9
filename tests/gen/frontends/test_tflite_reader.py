"""Files that are no good TFLite: one line each, whatever is wrong with them."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from gen.frontends import limits, tflite_reader
from gen.frontends.tflite import load
from tests.support.fuzz import Case, Subject, run_cases
from tests.support.tflite_faults import Dense, fault_of, floats, integers, longs
from tests.support.tflite_models import ModelBuilder

BROKEN = "not a valid TFLite file (offset outside the buffer)"


def spoilt(folder: Path, data: bytes) -> str:
    (path := folder / "m.tflite").write_bytes(data)
    return fault_of(path)


@pytest.mark.parametrize(("data", "message"), [
    (b"", "not a TFLite file (bytes 4 to 8 are b'', not b'TFL3')"),
    (b"\x08\x00\x00\x00ONNX" + bytes(100), "not a TFLite file (bytes 4 to 8 are b'ONNX', not "
     "b'TFL3')"),
    (b"\xff\xff\xff\xffTFL3" + bytes(100), BROKEN),
    (b"\x08\x00\x00\x00TFL3", BROKEN),
    (b"\x00\x00\x00\x00TFL3" + bytes(100), "schema version 0, but only 3 can be read"),
])
def test_heads(data, message, tmp_path):
    assert spoilt(tmp_path, data) == message


def test_missing_files_and_folders(tmp_path):
    assert fault_of(tmp_path / "no.tflite") == "cannot be read: No such file or directory"
    assert fault_of(tmp_path) == "cannot be read: not a regular file"


def test_files_that_are_too_large(tmp_path, monkeypatch):
    data = Dense().built()
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", len(data) - 1)
    assert spoilt(tmp_path, data) == (f"{len(data)} bytes, but a model file may have at most "
                                      f"{len(data) - 1}")


def test_truncations(tmp_path):
    """Anywhere but in the padding at the end: one line."""
    data = Dense().built()
    path = tmp_path / "m.tflite"
    for length in range(0, len(data) - 4, 3):
        path.write_bytes(data[:length])
        assert fault_of(path)


def vector_position(data: bytes, *path: Any) -> int:
    """Where the length of a vector stands: fields by vtable offset, elements by [index]."""
    position = struct.unpack_from("<I", data, 0)[0]
    for step in path:
        if isinstance(step, list):
            place = position + 4 + 4 * step[0]
            position = place + struct.unpack_from("<I", data, place)[0]
        else:
            vtable = position - struct.unpack_from("<i", data, position)[0]
            place = position + struct.unpack_from("<H", data, vtable + step)[0]
            position = place + struct.unpack_from("<I", data, place)[0]
    return position


SUBGRAPHS, BUFFERS, CODES = (8,), (12,), (6,)
TENSORS, INPUTS, OUTPUTS, OPERATORS = ((8, [0], field) for field in (4, 6, 8, 10))


@pytest.mark.parametrize(("vector", "what"), [
    (SUBGRAPHS, "subgraphs"), (BUFFERS, "buffers"), (CODES, "operator codes"),
    (TENSORS, "tensors"), (OPERATORS, "operators"),
    ((*OPERATORS, [0], 6), "inputs of operator 0 (FULLY_CONNECTED)"),
    ((*OPERATORS, [0], 8), "outputs of operator 0 (FULLY_CONNECTED)"),
    ((*TENSORS, [0], 4), "axes of tensor 0 'x'"),
])
def test_lengths_that_do_not_fit_the_file(vector, what, tmp_path):
    """Refused before anything walks along such a vector."""
    data = bytearray(Dense().built())
    struct.pack_into("<I", data, vector_position(data, *vector), 2**32 - 1)
    assert spoilt(tmp_path, bytes(data)) == (f"{2**32 - 1} {what} do not fit a file of "
                                             f"{len(data)} bytes")


@pytest.mark.parametrize("vector", [
    INPUTS, OUTPUTS, (*TENSORS, [0], 12, 8), (*TENSORS, [0], 12, 10), (*BUFFERS, [2], 4)])
def test_lengths_of_numbers_that_do_not_fit_the_file(vector, tmp_path):
    data = bytearray(Dense().built())
    struct.pack_into("<I", data, vector_position(data, *vector), 2**32 - 1)
    assert spoilt(tmp_path, bytes(data)) == BROKEN


@pytest.mark.parametrize(("name", "limit", "message"), [
    ("MAX_TENSORS", 3, "4 tensors, but at most 3 are allowed"),
    ("MAX_NODES", 0, "1 subgraphs, but at most 0 are allowed"),
    ("MAX_RANK", 1, "2 axes of tensor 0 'x', but at most 1 are allowed"),
    ("_MAX_ARITY", 2, "3 inputs of operator 0 (FULLY_CONNECTED), but at most 2 are allowed"),
    ("MAX_FILE_BYTES", 20, "tensor 2 'b': the constants have more than 20 bytes in all, the most "
     "that are allowed"),
])
def test_limits(name, limit, message, tmp_path, monkeypatch):
    monkeypatch.setattr(tflite_reader, name, limit)
    assert Dense().fault(tmp_path) == message


def extra(model: Dense, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(model.build.graph, name, value)


@pytest.mark.parametrize(("spoil", "message"), [
    (lambda m: setattr(m.build.model, "version", 1), "schema version 1, but only 3 can be read"),
    (lambda m: setattr(m.build.model, "subgraphs", m.build.model.subgraphs * 3), "3 subgraphs, but "
     "only a model of one can be read (control flow is not supported)"),
    (lambda m: extra(m, operators=[]), "the model has no operators"),
    (lambda m: setattr(m.operator, "opcodeIndex", 5), "operator 0: no operator code 5; there are "
     "1"),
    (lambda m: setattr(m.operator, "inputs", integers(0, 77, 2)), "operator 0 (FULLY_CONNECTED): "
     "no tensor 77; there are 4"),
    (lambda m: setattr(m.operator, "inputs", integers(0, -2, 2)), "operator 0 (FULLY_CONNECTED): "
     "no tensor -2; there are 4"),
    (lambda m: setattr(m.operator, "outputs", integers(-1)), "operator 0 (FULLY_CONNECTED): no "
     "tensor -1; there are 4"),
    (lambda m: setattr(m.operator, "builtinOptionsType", schema.BuiltinOptions.ReshapeOptions),
     "operator 0 (FULLY_CONNECTED): options of type 17, but 8 is its own"),
    (lambda m: m.set("x", shape=integers(1, 0)), "tensor 0 'x' has shape [1, 0], but every axis "
     "must be at least 1"),
    (lambda m: m.set("x", shape=integers(1, -4)), "tensor 0 'x' has shape [1, -4], but every axis "
     "must be at least 1"),
    (lambda m: m.set("x", shape=integers(*[1] * 9)), "9 axes of tensor 0 'x', but at most 8 are "
     "allowed"),
    (lambda m: m.set("x", shape=integers(2**13, 2**14)), "tensor 0 'x' has shape [8192, 16384], "
     "134217728 elements, but at most 67108864 are allowed"),
    (lambda m: m.set("x", shape=integers(*[2**31 - 1] * 8)), "tensor 0 'x' has shape "
     f"{[2**31 - 1] * 8}, {(2**31 - 1) ** 8} elements, but at most 67108864 are allowed"),
    (lambda m: m.set("w", buffer=99), "tensor 1 'w': no buffer 99; there are 5"),
    (lambda m: setattr(m.build.model.buffers[2], "data", np.zeros(11, np.uint8)), "tensor 1 'w': "
     "11 bytes of data, but 12 elements of INT8 need 12"),
    (lambda m: setattr(m.build.model.buffers[2], "offset", 4096), "tensor 1 'w': its data lie "
     "outside the flatbuffer, which only models above 2 GB need"),
    (lambda m: m.set("x", scale=floats(float("nan"))), "tensor 0 'x': scale 0 is nan, but it must "
     "be positive and finite"),
    (lambda m: m.set("x", scale=floats(0)), "tensor 0 'x': scale 0 is 0.0, but it must be positive "
     "and finite"),
    (lambda m: m.set("w", scale=floats(1, -2, 1), zeroPoint=longs(0)), "tensor 1 'w': scale 1 is "
     "-2.0, but it must be positive and finite"),
    (lambda m: m.set("y", scale=floats(float("inf"))), "tensor 3 'y': scale 0 is inf, but it must "
     "be positive and finite"),
    (lambda m: m.set("w", scale=floats(1, 1, 1), zeroPoint=longs(0, 0)), "tensor 1 'w': 2 zero "
     "points for 3 scales"),
    (lambda m: m.set("w", scale=floats(1, 1), zeroPoint=longs(0)), "tensor 1 'w': 2 scales along "
     "axis 0 of shape [3, 4]"),
    (lambda m: m.set("w", scale=floats(1, 1, 1), zeroPoint=longs(0), quantizedDimension=-1),
     "tensor 1 'w': 3 scales along axis -1 of shape [3, 4]"),
    (lambda m: m.set("x", zeroPoint=longs(128)), "tensor 0 'x': zero point 128, but INT8 holds "
     "-128 to 127"),
    (lambda m: m.set("x", zeroPoint=longs(-(2**63))), "tensor 0 'x': zero point "
     "-9223372036854775808, but INT8 holds -128 to 127"),
    (lambda m: m.set("x", name="n" * 70000), BROKEN),
    (lambda m: m.set("x", name="\n\x1b[1m" + "n" * 90, scale=floats(0)), "tensor 0 '\\n\\x1b[1m"
     + "n" * 55 + "': scale 0 is 0.0, but it must be positive and finite"),
])
def test_broken_parts(spoil, message, tmp_path):
    model = Dense()
    spoil(model)
    assert model.fault(tmp_path) == message


@pytest.mark.parametrize(("inputs", "outputs", "message"), [
    ([], [3], "the model has no inputs"),
    ([0], [], "the model has no outputs"),
    ([0, 0], [3], "the model lists one of its inputs twice"),
    ([0], [3, 3], "the model lists one of its outputs twice"),
    ([4], [3], "the model's inputs: no tensor 4; there are 4"),
    ([0], [-1], "the model's outputs: no tensor -1; there are 4"),
    ([0, 1], [3], "tensor 1 'w' is an input of the model, but a constant"),
    ([0, 3], [3], "operator 0 (FULLY_CONNECTED) makes tensor 3 'y', which is already an input of "
     "the model"),
    ([0], [2], "nothing makes tensor 2 'b', an output of the model"),
    ([3], [0], "operator 0 (FULLY_CONNECTED) reads tensor 0 'x', which nothing makes"),
])
def test_ends_of_the_model(inputs, outputs, message, tmp_path):
    model = Dense()
    assert spoilt(tmp_path, model.build.build(inputs, outputs)) == message


def test_cyclic_graphs(tmp_path):
    """A layer that reads what a later one makes of its output; a layer that reads itself."""
    model = Dense()
    loop = model.build.tensor("loop", (1, 4), scale=0.5, zero_point=1)
    model.operator.inputs = integers(loop, model.w, model.b)
    model.build.operator("QUANTIZE", [model.y], [loop])
    assert model.fault(tmp_path) == (
        "operator 0 (FULLY_CONNECTED) reads tensor 4 'loop', which operator 1 (QUANTIZE) makes at "
        "or after it: the graph is cyclic or out of order")
    model = Dense()
    model.operator.inputs = integers(model.y, model.w, model.b)
    assert model.fault(tmp_path) == (
        "operator 0 (FULLY_CONNECTED) reads tensor 3 'y', which operator 0 (FULLY_CONNECTED) makes "
        "at or after it: the graph is cyclic or out of order")


def test_tensors_made_twice(tmp_path):
    model = Dense()
    model.build.operator("QUANTIZE", [model.x], [model.y])
    assert model.fault(tmp_path) == ("operator 1 (QUANTIZE) makes tensor 3 'y', which is already "
                                     "made by operator 0 (FULLY_CONNECTED)")
    model = Dense()
    model.build.operator("QUANTIZE", [model.x], [model.w])
    assert model.fault(tmp_path) == ("operator 1 (QUANTIZE) makes tensor 1 'w', which is already "
                                     "a constant")


def test_older_files_have_their_operators_in_the_deprecated_field(tmp_path):
    model = Dense()
    code = model.build.model.operatorCodes[0]
    code.deprecatedBuiltinCode, code.builtinCode = code.builtinCode, 0
    (path := tmp_path / "m.tflite").write_bytes(model.built())
    assert len(load(path).nodes) == 2


@pytest.mark.parametrize("kind", [0, 8])
def test_options_may_be_left_out(kind, tmp_path):
    """Without a word, or (8 are FULLY_CONNECTED's) announced and not there."""
    model = Dense()
    model.operator.builtinOptions, model.operator.builtinOptionsType = None, kind
    (path := tmp_path / "m.tflite").write_bytes(model.built())
    assert len(load(path).nodes) == 2


@pytest.mark.full
def test_as_many_operators_as_are_allowed(tmp_path):
    """Layers that share one matrix of 300 by 300, in a small file: neither time nor memory."""
    model = Dense()
    build = model.build = ModelBuilder()
    model.x = model.y = build.tensor("x", (1, 300), scale=0.1)
    weights = build.tensor("w", (300, 300), scale=np.full(300, 0.1), values=np.ones(90_000))
    for _ in range(limits.MAX_NODES):
        last, model.y = model.y, build.tensor("x", (1, 300), scale=1)
        build.fully_connected(last, weights, None, model.y)
    subject = Subject("many layers", load, model.built())
    ((_, outcome),) = run_cases([Unchanged(subject, 0, 0)], tmp_path)
    assert outcome.kind == "done"
    build.operator("QUANTIZE", [model.x], [build.tensor("z", (1, 300), scale=1)])
    assert model.fault(tmp_path) == "3001 operators, but at most 3000 are allowed"


class Unchanged(Case):
    """The file as it is, under the worker's bounds."""

    def data(self) -> bytes:
        return self.subject.data
