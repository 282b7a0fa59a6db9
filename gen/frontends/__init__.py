"""Readers of model files: each makes the framework's own computation a graph, bit for bit."""

from __future__ import annotations

from pathlib import Path

from sw_model.faults import InputFault
from sw_model.graph import Graph
from sw_model.ops import RescaleMode

from .limits import read_model_file

__all__ = ["ROUNDINGS", "import_model"]

#: The ways of rounding that TFLite's runtimes have.
ROUNDINGS = (RescaleMode.TFLITE_DOUBLE, RescaleMode.TFLITE_SINGLE, RescaleMode.FLOAT64_HALF_AWAY)

#: What :func:`import_model` reads, for messages.
READABLE = ".tflite (TensorFlow Lite, int8), .onnx (QONNX, or ONNX with QuantizeLinear)"


def import_model(path: Path, *, rounding: RescaleMode | None = None) -> Graph:
    """The network in a model file, with the framework's own rounding.

    The content decides what the file is, then its suffix.

    Parameters
    ----------
    path : Path
        ``.tflite`` or ``.onnx``.
    rounding : RescaleMode, optional
        Which TFLite runtime to equal; legal for TFLite alone. Left out, it is
        ``TFLITE_DOUBLE``: TFLite Micro's.

    Raises
    ------
    InputFault
        If the file cannot be read, is broken or is of no readable kind, or no TFLite
        runtime rounds like ``rounding``.
    Unsupported
        If it holds operators that are not supported: all of them.
    """
    # Each reader's packages take a second to import: only the one that is needed.
    kind = _kind(path)
    if kind == "tflite":
        if rounding not in (None, *ROUNDINGS):
            raise InputFault(f"{path}: no TFLite runtime rounds like {rounding.value}; there are "
                             f"{', '.join(mode.value for mode in ROUNDINGS)}")
        from .tflite import load as load_tflite
        return load_tflite(path, rounding=rounding or RescaleMode.TFLITE_DOUBLE)
    if rounding is not None:
        raise InputFault(f"{path}: rounding {rounding.value} is a choice for TFLite files alone; "
                         "an ONNX file says itself how it rounds")
    from .onnx_model import load as load_onnx
    return load_onnx(path)


def _kind(path: Path) -> str:
    if read_model_file(path, count=8)[4:] == b"TFL3":
        return "tflite"
    suffix = path.suffix.lower()
    if suffix in (".tflite", ".onnx"):
        return suffix[1:]
    raise InputFault(f"{path}: not a model file that can be read; readable are {READABLE}")
