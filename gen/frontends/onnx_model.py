"""ONNX files: QONNX, ONNX with QuantizeLinear and DequantizeLinear, or both in one."""

from __future__ import annotations

from pathlib import Path

from gen.names import identifier
from sw_model.faults import InputFault, Obstacle, Unsupported
from sw_model.graph import Graph, GraphError

from . import onnx_arithmetic, onnx_fold, onnx_product, onnx_qdq, onnx_shapes, qonnx
from .onnx_context import Context, Handler
from .onnx_reader import OnnxNode, read
from .onnx_values import Constant, Dynamic, Hindrance

__all__ = ["load"]

#: Domains of ONNX's own operators.
STANDARD = ("", "ai.onnx")

#: ONNX's own operators on run-time tensors.
OPERATORS: dict[str, Handler] = {
    **dict.fromkeys(["Sub", "Mul", "Div", "Pow"], onnx_arithmetic.arithmetic),
    "Add": onnx_qdq.add,
    "ArgMax": onnx_arithmetic.argmax,
    "BatchNormalization": onnx_arithmetic.batch_normalisation,
    "Constant": onnx_fold.constant,
    "Dropout": onnx_shapes.dropout,
    **dict.fromkeys(["Flatten", "Reshape", "Squeeze", "Unsqueeze"], onnx_shapes.reshape),
    "Gemm": onnx_product.gemm,
    "Identity": onnx_shapes.identity,
    "MatMul": onnx_product.matmul,
    "Relu": onnx_arithmetic.relu,
    "Shape": onnx_fold.shape,
    "Transpose": onnx_shapes.transpose,
}

#: What to do about operators that people meet; anything else gets ``REMEDY``.
REMEDIES = {
    **dict.fromkeys(["QLinearMatMul", "QGemm", "MatMulInteger", "QLinearConv", "ConvInteger",
                     "DynamicQuantizeLinear", "QLinearAdd"],
                    "export with static QuantizeLinear and DequantizeLinear (QDQ format)"),
    **dict.fromkeys(["Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool"],
                    "only fully connected networks are supported"),
    **dict.fromkeys(["Softmax", "LogSoftmax"],
                    "end the model before it; ArgMax names the same class"),
}
REMEDY = "express it by supported operators, or end the model before it"


def load(path: Path) -> Graph:
    """The network in an ONNX file, in the framework's own arithmetic.

    Products of two quantised operands are exact integer sums; everything else is float32 in
    the file's order. Where QuantizeLinear alone quantises, products become integers again as in
    ONNX Runtime's fused kernels (see :mod:`.onnx_qdq`).

    Raises
    ------
    InputFault
        If the file cannot be read, is damaged, or makes no sense.
    Unsupported
        If it holds operators, or forms of them, that are not supported: all of them.
    """
    model = read(path)
    handlers = {node.name: _handler(node) for node in model.nodes}
    ours = set(qonnx.HANDLERS.values())
    linear = set(onnx_qdq.HANDLERS.values())
    has_qonnx = any(handler in ours for handler in handlers.values())
    has_linear = any(handler in linear for handler in handlers.values())
    context = Context(model, as_onnxruntime=has_linear and not has_qonnx)
    for given in model.inputs:
        context.values[given.name] = Dynamic(
            context.build.input(given.name, given.shape, given.format))
    try:
        obstacles = _import(context, handlers)
        outputs = [] if obstacles else _outputs(context)
        unknown = any(handler is None for handler in handlers.values())
        if not (has_qonnx or has_linear or unknown):
            raise InputFault(f"{path}: a float model: it has no Quant or BipolarQuant (QONNX) and "
                             "no QuantizeLinear or DequantizeLinear; quantise it first")
        if obstacles:
            raise Unsupported(str(path), obstacles)
        return context.build.finish(identifier(path.stem, fallback="model"),
                                    [given.name for given in model.inputs], outputs)
    except GraphError as error:
        raise InputFault(f"{path}: {error}") from error


def _handler(node: OnnxNode) -> Handler | None:
    """What imports ``node``; None if nothing does."""
    if node.domain in qonnx.DOMAINS and node.operator in qonnx.HANDLERS:
        return qonnx.HANDLERS[node.operator]
    if node.domain in onnx_qdq.DOMAINS and node.operator in onnx_qdq.HANDLERS:
        return onnx_qdq.HANDLERS[node.operator]
    if node.domain in STANDARD:
        return OPERATORS.get(node.operator) or (_run_time if node.operator in onnx_fold.FOLDS
                                                else None)
    return None


def _run_time(context: Context, node: OnnxNode) -> None:
    """An operator that can only be folded."""
    context.arity(node, 1, max(len(node.inputs), 1))
    raise Hindrance("it depends on the model's input", "only on constants is it supported")


def _import(context: Context, handlers: dict[str, Handler | None]) -> list[Obstacle]:
    """Import every node; what could not be, and why."""
    obstacles: list[Obstacle] = []
    for node in context.model.nodes:
        handler = handlers[node.name]
        _fetch_constants(context, node)
        sources = [context.values[name] for name in node.inputs if name]
        if handler is None:
            domain = f"{node.domain}." if node.domain else ""
            obstacles.append(Obstacle(node.name, f"unknown operator {domain}{node.operator}",
                                      REMEDIES.get(node.operator, REMEDY)))
        elif None not in sources:
            if (node.domain in STANDARD and node.operator in onnx_fold.FOLDS and sources
                    and all(isinstance(value, Constant) for value in sources)):
                handler = onnx_fold.FOLDS[node.operator]
            try:
                handler(context, node)
            except Hindrance as hindrance:
                obstacles.append(Obstacle(node.name, f"{node.operator}: {hindrance.reason}",
                                          hindrance.remedy))
        for name in node.outputs:
            context.values.setdefault(name, None)
    return obstacles


def _fetch_constants(context: Context, node: OnnxNode) -> None:
    for name in node.inputs:
        if name in context.model.constants and name not in context.values:
            stored = context.model.constants[name]
            context.values[name] = Constant(stored.array, stored.format, name)


def _outputs(context: Context) -> list[tuple[str, str]]:
    """Every output of the file with the tensor that holds it."""
    found = []
    for name in context.model.outputs:
        value = context.values.get(name)
        if not isinstance(value, Dynamic):
            raise InputFault(f"{context.model.where}: output {name!r} depends on no input")
        found.append((name, value.tensor))
    return found

