"""From a TFLite file to the graph that computes what the interpreter computes."""

from __future__ import annotations

from pathlib import Path

from gen.names import identifier
from sw_model.faults import Obstacle, Unsupported
from sw_model.graph import Graph, build
from sw_model.node import GraphError
from sw_model.ops import RescaleMode

from . import ROUNDINGS
from .tflite_graph import Drawing, Refusal
from .tflite_operators import CONVERTERS
from .tflite_reader import ModelFile, read_tflite

__all__ = ["load"]


def load(path: Path, *, rounding: RescaleMode = RescaleMode.TFLITE_DOUBLE) -> Graph:
    """The network in a TFLite file.

    Axis 0 of every activation is the batch and is no part of the graph's shapes; the
    model's inputs and outputs keep their names and order.

    Parameters
    ----------
    path : Path
    rounding : RescaleMode
        What FULLY_CONNECTED rounds like: ``TFLITE_DOUBLE`` as TFLite Micro does (and
        tflite-runtime's reference kernels), ``TFLITE_SINGLE`` as a build with
        TFLITE_SINGLE_ROUNDING, ``FLOAT64_HALF_AWAY`` as LiteRT's reference kernels
        (BUILTIN_REF). QUANTIZE from int8 to int8 rounds twice in the last case too.

    Raises
    ------
    InputFault
        If the file cannot be read or is broken.
    Unsupported
        If operators are not supported: all of them.
    ValueError
        If no TFLite runtime rounds like ``rounding``.
    """
    if rounding not in ROUNDINGS:
        raise ValueError(f"rounding must be one of {', '.join(m.value for m in ROUNDINGS)}, "
                         f"not {rounding.value}")
    model = read_tflite(path)
    _check_order(model)
    drawing = Drawing(model, rounding)
    _draw(drawing)
    try:
        return build(identifier(path.stem, fallback="model"), drawing.tensors.values(),
                     drawing.nodes, [drawing.activation(model.tensor(n)) for n in model.inputs],
                     [drawing.activation(model.tensor(n)) for n in model.outputs])
    except GraphError as error:
        raise model.fault(str(error)) from error


def _check_order(model: ModelFile) -> None:
    """Every operator must read what is there before it, and make what nothing else makes."""
    makers: dict[int, str] = {}
    for number in model.inputs:
        if model.tensor(number).data is not None:
            raise model.fault(f"{model.tensor(number)} is an input of the model, but a constant")
        makers[number] = "an input of the model"
    later = {number: operator for operator in reversed(model.operators)
             for number in operator.outputs}
    for operator in model.operators:
        for number in operator.inputs:
            if number == -1 or number in makers or model.tensor(number).data is not None:
                continue
            tensor = model.tensor(number)
            if number in later:
                raise model.fault(f"{operator} reads {tensor}, which {later[number]} makes at or "
                                  "after it: the graph is cyclic or out of order")
            # A tensor without data that nothing makes can only be empty or broken.
            raise model.fault(f"{operator} reads {tensor}, which nothing makes")
        for number in operator.outputs:
            if number in makers or model.tensor(number).data is not None:
                what = makers.get(number, "a constant")
                raise model.fault(f"{operator} makes {model.tensor(number)}, which is already "
                                  f"{what if what[0] == 'a' else f'made by {what}'}")
            makers[number] = str(operator)
    for number in model.outputs:
        if number not in makers:
            raise model.fault(f"nothing makes {model.tensor(number)}, an output of the model")


def _draw(drawing: Drawing) -> None:
    """Draw every operator, or say of all that cannot be drawn why."""
    refused: dict[tuple[str, str, str], list[int]] = {}
    model = drawing.model
    for operator in model.operators:
        try:
            if operator.kind not in CONVERTERS:
                raise Refusal("no such operator can be read",
                              "replace it, or end the model before it")
            CONVERTERS[operator.kind](drawing, operator)
        except Refusal as refusal:
            key = (operator.kind, refusal.reason, refusal.remedy)
            refused.setdefault(key, []).append(operator.number)
    obstacles = [Obstacle(_where(kind, numbers), reason, remedy, tuple(numbers))
                 for (kind, reason, remedy), numbers in refused.items()]
    for number in model.inputs:
        try:
            drawing.check_activation(model.tensor(number))
        except Refusal as refusal:
            obstacles.append(Obstacle("model input", refusal.reason, refusal.remedy))
    if obstacles:
        raise Unsupported(f"{model.path} (readable are {', '.join(CONVERTERS)})", obstacles)


def _where(kind: str, numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"operator {numbers[0]} ({kind})"
    more = f" and {len(numbers) - 6} more" if len(numbers) > 6 else ""
    return f"operators {', '.join(map(str, numbers[:6]))}{more} ({kind})"
