"""A small TFLite model to be spoilt, and what is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.frontends.tflite import load
from sw_model.faults import InputFault
from tests.support.tflite_models import ModelBuilder

__all__ = ["Dense", "fault_of", "floats", "integers", "longs"]


def fault_of(path: Path) -> str:
    """What is said of the file at ``path``, in one line, without its name."""
    with pytest.raises(InputFault) as caught:
        load(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    return message.removeprefix(str(path)).removeprefix(": ")


class Dense:
    """A model of one layer, x (1, 4) to y (1, 3), whose parts can be changed before it is built."""

    def __init__(self) -> None:
        self.build = ModelBuilder()
        self.x = self.build.tensor("x", (1, 4), scale=0.5, zero_point=1)
        self.w = self.build.tensor("w", (3, 4), scale=0.25, values=np.arange(12))
        self.b = self.build.tensor("b", (3,), "INT32", scale=0.125, values=[1, 2, 3])
        self.y = self.build.tensor("y", (1, 3), scale=1, zero_point=2)
        self.build.fully_connected(self.x, self.w, self.b, self.y)
        self.tensors = self.build.graph.tensors
        self.operator = self.build.graph.operators[0]

    def built(self) -> bytes:
        """The file's bytes."""
        return self.build.build([self.x], [self.y])

    def fault(self, folder: Path) -> str:
        """What is said of the model when it is written to ``folder``."""
        (path := folder / "m.tflite").write_bytes(self.built())
        return fault_of(path)

    def set(self, tensor: str, **changes: Any) -> None:
        """Changes fields of a tensor or, where it has none such, of its quantisation."""
        for name, value in changes.items():
            target = self.tensors[getattr(self, tensor)]
            setattr(target if hasattr(target, name) else target.quantization, name, value)


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def longs(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def integers(*values: int) -> np.ndarray:
    return np.array(values, np.int32)
