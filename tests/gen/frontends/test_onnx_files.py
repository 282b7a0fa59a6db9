"""Files that are no ONNX, or hold what no sound file holds: one clear line for each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto

from gen.frontends.limits import MAX_ELEMENTS, MAX_NODES, MAX_TENSORS
from gen.frontends.onnx_model import load
from sw_model.faults import InputFault
from tests.support.onnx_models import (
    CONSTANTS,
    FLOAT,
    imported,
    model_of,
    node,
    quantised,
    saved,
)


def test_real_files_truncated_anywhere(data_dir: Path, tmp_path: Path) -> None:
    data = (data_dir / "models" / "tfc" / "TFC_1W1A.onnx").read_bytes()
    path = tmp_path / "cut.onnx"
    for length in [0, 1, 7, *range(100, len(data), 7919), len(data) - 1]:
        path.write_bytes(data[:length])
        with pytest.raises(InputFault, match=r"cut\.onnx: "):
            load(path)


def test_files_that_are_no_onnx(tmp_path: Path) -> None:
    path = tmp_path / "f.onnx"
    for data in (b"", b"TFL3" * 40, b"\x08\x08" * 9, bytes(range(256)) * 8):
        path.write_bytes(data)
        with pytest.raises(InputFault, match="no ONNX file, or a truncated one"):
            load(path)
    with pytest.raises(InputFault, match="cannot be read: No such file"):
        load(tmp_path / "nothing.onnx")


def spoil(change: Callable[[onnx.ModelProto], object]) -> Callable[[], onnx.ModelProto]:
    """A small sound model with ``change`` done to it."""
    def make() -> onnx.ModelProto:
        model = model_of([node("Mul", ["x", "two"], ["b"]), *quantised("b")], CONSTANTS)
        change(model)
        return model
    return make


def constant_of(model: onnx.ModelProto, name: str) -> TensorProto:
    return next(t for t in model.graph.initializer if t.name == name)


def external(model: onnx.ModelProto) -> None:
    tensor = constant_of(model, "two")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"


def dimension(k: int, value: int) -> Callable[[onnx.ModelProto], object]:
    def change(model: onnx.ModelProto) -> None:
        model.graph.input[0].type.tensor_type.shape.dim[k].dim_value = value
    return change


def constant_shape(*dims: int) -> Callable[[onnx.ModelProto], object]:
    return lambda model: constant_of(model, "two").dims.extend(dims)


def typed(kind: int, **values: Any) -> Callable[[onnx.ModelProto], object]:
    def change(model: onnx.ModelProto) -> None:
        tensor = constant_of(model, "two")
        tensor.ClearField("raw_data")
        tensor.data_type = kind
        for name, value in values.items():
            getattr(tensor, name).extend(value)
    return change


def long_name(model: onnx.ModelProto) -> None:
    model.graph.node[0].name = "n" * 5000


SPOILT: dict[str, tuple[Callable[[onnx.ModelProto], object], str]] = {
    "external data": (external, "initialiser 'two' keeps its values in another file"),
    "too many bytes": (lambda m: setattr(constant_of(m, "two"), "raw_data", b"12345"),
                       r"initialiser 'two' holds 5 bytes, but its shape \[\] needs 4"),
    "huge": (constant_shape(2**40), f"1099511627776 elements, but at most {MAX_ELEMENTS}"),
    "huge product": (constant_shape(2**20, 2**20), "1099511627776 elements, but at most"),
    "negative": (constant_shape(-1), r"has shape \[-1\], but every axis must be at least 1"),
    "many axes": (constant_shape(*[1] * 9), "has 9 axes, but at most 8 are allowed"),
    "few values": (typed(FLOAT, float_data=[]), r"does not hold the 1 values that its shape \[\]"),
    "wrong kind": (typed(TensorProto.DOUBLE, double_data=[2.0]), "has element type DOUBLE"),
    "unknown kind": (typed(77), "has element type 77; allowed are FLOAT"),
    "strings": (typed(TensorProto.STRING, string_data=[b"2"]), "has element type STRING"),
    "no opset": (lambda m: m.ClearField("opset_import"), "does not say which ONNX operator set"),
    "old opset": (lambda m: setattr(m.opset_import[0], "version", 6),
                  "operator set 6, but 7 to 25 are supported"),
    "new opset": (lambda m: setattr(m.opset_import[0], "version", 2**40), "operator set 1099511"),
    "no graph": (lambda m: m.ClearField("graph"), "it holds no graph with nodes"),
    "no nodes": (lambda m: m.graph.ClearField("node"), "it holds no graph with nodes"),
    "no outputs": (lambda m: m.graph.ClearField("output"), "the graph has no outputs"),
    "no inputs": (lambda m: m.graph.ClearField("input"), "the graph has no inputs"),
    "output twice": (lambda m: m.graph.output.append(m.graph.output[0]),
                     "output 'y' is listed twice"),
    "input twice": (lambda m: m.graph.input.append(m.graph.input[0]), "input 'x' is listed twice"),
    "output of nothing": (lambda m: setattr(m.graph.output[0], "name", "q"),
                          "nothing makes output 'q'"),
    "constant output": (lambda m: setattr(m.graph.output[0], "name", "two"),
                        "output 'two' depends on no input"),
    "constant twice": (lambda m: m.graph.initializer.append(m.graph.initializer[0]),
                       "two initialisers are called 's'"),
    "no name": (lambda m: setattr(constant_of(m, "two"), "name", ""), "an initialiser has no name"),
    "sparse": (lambda m: m.graph.sparse_initializer.add(), "sparse initialisers"),
    "missing": (lambda m: m.graph.node[0].input.__setitem__(1, "gone"),
                "node 'Mul_0' reads 'gone', which nothing makes"),
    "made twice": (lambda m: m.graph.node[1].output.__setitem__(0, "b"),
                   "node 'QuantizeLinear_1' makes 'b', which exists already"),
    "overwritten input": (lambda m: m.graph.node[0].output.__setitem__(0, "x"),
                          "node 'Mul_0' makes 'x', which exists already"),
    "much in all": (lambda m: m.graph.initializer.extend(
        TensorProto(name=f"i{k}", dims=[2**25], data_type=FLOAT) for k in range(3)),
        f"100663299 elements in constants, but at most {MAX_ELEMENTS}"),
    "many tensors": (lambda m: m.graph.initializer.extend(
        TensorProto(name=f"i{k}", dims=[1], data_type=FLOAT) for k in range(MAX_TENSORS)),
        f"more than {MAX_TENSORS} tensors"),
    "segment": (lambda m: setattr(constant_of(m, "two").segment, "begin", 1), "stored in segments"),
    "no output": (lambda m: m.graph.node[1].ClearField("output"), "'y_q', which nothing makes"),
    "cycle": (lambda m: m.graph.node[0].input.__setitem__(1, "y"),
              "the graph has a cycle; node 'Mul_0' is on it or behind it"),
    "own input": (lambda m: m.graph.node[0].input.__setitem__(1, "b"), "the graph has a cycle"),
    "no batch": (lambda m: m.graph.input[0].type.tensor_type.shape.ClearField("dim"),
                 "input 'x' has 0 axes, but 1 to 9 are allowed"),
    "no shape": (lambda m: m.graph.input[0].type.tensor_type.ClearField("shape"),
                 "input 'x' is no tensor of a declared shape"),
    "open axis": (dimension(1, 0), "axis 1 has length 0, but every axis except the batch"),
    "negative axis": (dimension(1, -5), "axis 1 has length -5"),
    "huge input": (dimension(1, 2**62), "4611686018427387904 elements, but at most"),
    "huge batch": (dimension(0, 2**60), "elements, but at most"),
    "input of strings": (lambda m: setattr(m.graph.input[0].type.tensor_type, "elem_type", 8),
                         "input 'x' has element type STRING; allowed are FLOAT"),
    "long name": (long_name, "a name of 5000 characters, but at most 1000 are allowed"),
    "many nodes": (lambda m: m.graph.node.extend([m.graph.node[0]] * MAX_NODES),
                   f"{MAX_NODES + 3} nodes, but at most {MAX_NODES} are allowed"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_spoilt_files(tmp_path: Path, name: str) -> None:
    change, words = SPOILT[name]
    path = saved(spoil(change)(), tmp_path)
    with pytest.raises(InputFault, match=words) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")


def test_names_that_are_no_text(tmp_path: Path) -> None:
    data = saved(spoil(lambda m: None)(), tmp_path).read_bytes()
    path = tmp_path / "bytes.onnx"
    path.write_bytes(data.replace(b"Mul", b"M\xff\xfe"))
    with pytest.raises(InputFault, match="damaged: a name is not UTF-8"):
        load(path)


def test_sound_before_it_is_spoilt(tmp_path: Path) -> None:
    assert imported(spoil(lambda m: None)(), tmp_path).outputs == ("y",)
