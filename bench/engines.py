"""The frameworks themselves, one thread each: prepare once, then run as many samples as asked."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

__all__ = ["litert", "onnx_runtime", "qonnx", "tflite_micro"]

Arrays = Mapping[str, NDArray[Any]]
Runner = Callable[[int], None]


def tflite_micro(path: Path, inputs: Arrays) -> Runner:
    """TFLite Micro; it knows no batches, so samples go through one by one."""
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_file(str(path), arena_size=1_000_000)
    (samples,) = inputs.values()

    def run(count: int) -> None:
        for k in range(count):
            interpreter.set_input(samples[k:k + 1], 0)
            interpreter.invoke()
            interpreter.get_output(0)
    return run


def litert(path: Path, inputs: Arrays) -> Runner:
    """LiteRT's reference kernels, in one batch."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(model_path=str(path), num_threads=1,
                              experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    (samples,) = inputs.values()
    (entry,), (end, *_) = interpreter.get_input_details(), interpreter.get_output_details()
    size = 0

    def run(count: int) -> None:
        nonlocal size
        if size != count:
            interpreter.resize_tensor_input(entry["index"], (count, *samples.shape[1:]))
            interpreter.allocate_tensors()
            size = count
        interpreter.set_tensor(entry["index"], samples[:count])
        interpreter.invoke()
        interpreter.get_tensor(end["index"])
    return run


def qonnx(path: Path, inputs: Arrays) -> Runner:
    """qonnx's executor; the files have a batch of one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from qonnx.core.modelwrapper import ModelWrapper
        from qonnx.core.onnx_exec import execute_onnx
        from qonnx.transformation.infer_shapes import InferShapes

        model = ModelWrapper(str(path)).transform(InferShapes())
    ((name, samples),) = inputs.items()

    def run(count: int) -> None:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            for k in range(count):
                execute_onnx(model, {name: samples[k:k + 1]})
    return run


def onnx_runtime(path: Path, inputs: Arrays) -> Runner:
    """ONNX Runtime on one thread, in one batch where the file allows it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options,
                                           providers=["CPUExecutionProvider"])
    ((name, samples),) = inputs.items()
    one = session.get_inputs()[0].shape[0] == 1

    def run(count: int) -> None:
        size = 1 if one else count
        for k in range(0, count, size):
            session.run(None, {name: samples[k:k + size]})
    return run
