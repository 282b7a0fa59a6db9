"""The node cases that the onnx package brings along: a model of one node, inputs and outputs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from sw_model.formats import FixedFormat, IntFormat

__all__ = ["OnnxCase", "fixed16", "near", "onnx_case", "onnx_names", "quantised"]

NODES = Path(onnx.__file__).parent / "backend/test/data/node"


@dataclass(frozen=True, eq=False)
class OnnxCase:
    """A node's operator and attributes, what goes in and what must come out."""

    operator: str
    attributes: dict[str, Any]
    inputs: tuple[NDArray[Any], ...]
    outputs: tuple[NDArray[Any], ...]


def onnx_names(listed: Path, *groups: str) -> list[str]:
    """Names of the listed cases of some groups that count: no expanded form of another, and no
    training."""
    cases = json.loads(listed.read_text(encoding="utf-8"))
    return [name for group in groups for name in cases[group]
            if "_expanded" not in name and not name.endswith("_training_mode")]


def onnx_case(name: str) -> OnnxCase:
    """The case called ``name``."""
    node = onnx.load(NODES / name / "model.onnx").graph.node[0]
    data = NODES / name / "test_data_set_0"
    inputs, outputs = (tuple(_array(data / f"{kind}_{k}.pb") for k in range(len(given)))
                       for kind, given in (("input", node.input), ("output", node.output)))
    return OnnxCase(node.op_type, {a.name: onnx.helper.get_attribute_value(a)
                                   for a in node.attribute}, inputs, outputs)


def _array(path: Path) -> NDArray[Any]:
    tensor = onnx.TensorProto()
    tensor.ParseFromString(path.read_bytes())
    return onnx.numpy_helper.to_array(tensor)


def quantised(x: NDArray[Any], *, power: bool = False) -> tuple[NDArray[np.int64], float]:
    """int16 codes of a tensor and their scale, a power of two if so asked."""
    scale = float(np.abs(x).max()) / IntFormat(16).max
    if power:
        scale = 2.0**float(np.ceil(np.log2(scale)))
    return np.rint(x / scale).astype(np.int64), scale


def fixed16(scale: float) -> FixedFormat:
    """int16 codes of a power of two as fixed point."""
    return FixedFormat(16, -int(np.log2(scale)))


def near(found: NDArray[Any], wanted: Sequence[Any] | NDArray[Any], bits: int = 10) -> None:
    """Raise unless the error is at most ``2**-bits`` of the range of what is wanted."""
    span = float(np.max(wanted)) - float(np.min(wanted))
    off = float(np.abs(found - wanted).max())
    assert off <= span * 2.0**-bits, f"{off:.3g} off in a range of {span:.3g}"
