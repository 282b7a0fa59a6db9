"""Node cases of ONNX's backend tests, as the package holds them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

__all__ = ["FOLDER", "NodeCase", "node_case"]

#: A folder for each case.
FOLDER = Path(onnx.__file__).parent / "backend" / "test" / "data" / "node"


@dataclass(frozen=True)
class NodeCase:
    """One node with its inputs and what must come out.

    Parameters
    ----------
    operator : str
    attributes : dict
    inputs, outputs : tuple of arrays
        In the order of the node; those that are left out are None.
    """

    operator: str
    attributes: dict[str, Any]
    inputs: tuple[NDArray[Any] | None, ...]
    outputs: tuple[NDArray[Any], ...]

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute, text as such."""
        value = self.attributes.get(name, default)
        return value.decode() if isinstance(value, bytes) else value

    def input(self, place: int, default: Any = None) -> Any:
        """An input, or ``default`` where there is none."""
        return self.inputs[place] if place < len(self.inputs) \
            and self.inputs[place] is not None else default


def node_case(name: str) -> NodeCase:
    """The case called ``name``, ``test_`` included."""
    model = onnx.load(FOLDER / name / "model.onnx")
    (node,) = model.graph.node
    data = FOLDER / name / "test_data_set_0"
    given = {value.name: _array(data / f"input_{k}.pb")
             for k, value in enumerate(model.graph.input)}
    made = {value.name: _array(data / f"output_{k}.pb")
            for k, value in enumerate(model.graph.output)}
    return NodeCase(
        node.op_type, {each.name: onnx.helper.get_attribute_value(each)
                       for each in node.attribute},
        tuple(given[key] if key else None for key in node.input),
        tuple(made[key] for key in node.output if key))


def _array(file: Path) -> NDArray[Any]:
    return np.asarray(numpy_helper.to_array(onnx.load_tensor(file)))
