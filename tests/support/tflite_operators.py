"""TFLite models of one operator, and TFLite Micro's answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import ArrayLike, NDArray

from .tflite_models import TYPES, ModelBuilder, run_micro

__all__ = ["Quantised", "micro", "one_operator", "options"]

#: TFLite's names by NumPy's types.
KINDS = {np.dtype(kind): name for name, kind in TYPES.items()}


class Quantised(NamedTuple):
    """Scale and zero point of a tensor."""

    scale: float
    zero_point: int = 0


def options(kind: str, **fields: Any) -> Any:
    """Options of the schema's table ``kind``; enumerations by their numbers."""
    made = getattr(schema, f"{kind}OptionsT")()
    for name, value in fields.items():
        if not hasattr(made, name):
            raise ValueError(f"{kind} has no option {name}")
        setattr(made, name, value)
    return made


def one_operator(kind: str, inputs: Sequence[tuple[NDArray[Any], Quantised]],
                 output: Quantised, shape: Sequence[int], choices: Any = None, *,
                 constants: Sequence[ArrayLike] = (), target: Any = None) -> bytes:
    """The model of one operator.

    Parameters
    ----------
    kind : str
        The operator's name in the schema.
    inputs : sequence of (codes, Quantised)
    output : Quantised
    shape : sequence of int
        Of the output.
    choices : options, optional
    constants : sequence of integers
        Further inputs, constant int32.
    target : NumPy type, optional
        Of the output; by default that of the first input.
    """
    builder = ModelBuilder()
    given = [builder.tensor(f"x{k}", codes.shape, KINDS[codes.dtype], scale=how.scale,
                            zero_point=how.zero_point)
             for k, (codes, how) in enumerate(inputs)]
    fixed = [builder.tensor(f"c{k}", np.shape(values), "INT32", values=values)
             for k, values in enumerate(constants)]
    kind_out = KINDS[np.dtype(inputs[0][0].dtype if target is None else target)]
    y = builder.tensor("y", shape, kind_out, scale=output.scale, zero_point=output.zero_point)
    builder.operator(kind, [*given, *fixed], [y], choices)
    return builder.build(given, [y])


def micro(kind: str, inputs: Sequence[tuple[NDArray[Any], Quantised]], output: Quantised,
          shape: Sequence[int], choices: Any = None, **more: Any) -> NDArray[Any]:
    """TFLite Micro's result of :func:`one_operator`."""
    model = one_operator(kind, inputs, output, shape, choices, **more)
    (result,) = run_micro(model, *(codes for codes, _ in inputs))
    return result
