"""Which reader a file goes to, by its content first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gen.frontends import import_model
from sw_model.faults import InputFault
from sw_model.ops import Rescale, RescaleMode
from tests.support.tflite_faults import Dense


@pytest.mark.parametrize("name", ["m.tflite", "m.TFLITE", "m.onnx", "m.bin", "m"])
def test_content_comes_before_suffix(name, tmp_path):
    (path := tmp_path / name).write_bytes(Dense().built())
    graph = import_model(path)
    assert graph.inputs == ("x",)
    assert [n.mode for n in graph.nodes if isinstance(n, Rescale)] == [RescaleMode.TFLITE_DOUBLE]


def test_rounding_reaches_the_reader(tmp_path):
    (path := tmp_path / "m.tflite").write_bytes(Dense().built())
    graph = import_model(path, rounding=RescaleMode.TFLITE_SINGLE)
    assert [n.mode for n in graph.nodes if isinstance(n, Rescale)] == [RescaleMode.TFLITE_SINGLE]


def fault_of(path: Path, rounding: RescaleMode | None = None) -> str:
    with pytest.raises(InputFault) as caught:
        import_model(path, rounding=rounding)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_other_files(tmp_path):
    (path := tmp_path / "notes.txt").write_text("no model", encoding="utf-8")
    assert fault_of(path) == (
        f"{path}: not a model file that can be read; readable are .tflite (TensorFlow Lite, int8), "
        ".onnx (QONNX, or ONNX with QuantizeLinear)")


def test_suffix_decides_what_is_said_of_a_broken_file(tmp_path):
    (path := tmp_path / "m.tflite").write_bytes(b"nonsense")
    assert fault_of(path) == f"{path}: not a TFLite file (bytes 4 to 8 are b'ense', not b'TFL3')"
    (path := tmp_path / "m.onnx").write_bytes(b"nonsense")
    assert fault_of(path).startswith(f"{path}: ")


def test_rounding_is_for_tflite_alone(tmp_path):
    (path := tmp_path / "m.onnx").write_bytes(b"")
    assert fault_of(path, RescaleMode.TFLITE_DOUBLE) == (
        f"{path}: rounding tflite_double is a choice for TFLite files alone; an ONNX file says "
        "itself how it rounds")


def test_rounding_must_be_one_of_tflite(tmp_path):
    (path := tmp_path / "m.tflite").write_bytes(Dense().built())
    assert fault_of(path, RescaleMode.FLOOR) == (
        f"{path}: no TFLite runtime rounds like floor; there are tflite_double, tflite_single, "
        "float64_half_away")


def test_what_is_no_file(tmp_path):
    missing = tmp_path / "m.onnx"
    assert fault_of(missing) == f"{missing}: cannot be read: No such file or directory"
    assert fault_of(tmp_path) == f"{tmp_path}: cannot be read: not a regular file"
    # Nobody writes to this pipe: opening it would wait for ever.
    os.mkfifo(pipe := tmp_path / "pipe.tflite")
    assert fault_of(pipe) == f"{pipe}: cannot be read: not a regular file"
