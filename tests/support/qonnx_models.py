"""Pieces of QONNX models, and the check that holds their import to qonnx."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray

from sw_model.graph import Graph

from .onnx_models import (
    QONNX,
    imported,
    model_of,
    node,
    run_graph,
    run_qonnx,
)

__all__ = ["CONSTANTS", "batch", "check", "quant"]

F = np.float32


def quant(x: str, y: str, *, scale: str = "one", zero: str = "zero", bits: str = "bits",
          signed: int = 1, narrow: int = 0, mode: str = "ROUND", op: str = "Quant",
          domain: str = QONNX) -> onnx.NodeProto:
    return node(op, [x, scale, zero, bits], [y], domain=domain, signed=signed, narrow=narrow,
                rounding_mode=mode)


CONSTANTS: dict[str, ArrayLike] = {
    "one": F(1), "half": F(0.5), "two": F(2), "quarter": F(0.25), "zero": F(0), "bits": F(4),
    "bits1": F(1), "bits2": F(2), "bits3": F(3), "bits8": F(8)}


def batch(rng: np.random.Generator, samples: int = 40, *shape: int) -> NDArray[np.float32]:
    """Reals with many ties: multiples of 1/8."""
    return (rng.integers(-96, 97, (samples, *(shape or (6,)))) / 8).astype(F)


def check(tmp_path: Path, nodes: Sequence[onnx.NodeProto], constants: Mapping[str, ArrayLike],
          x: NDArray[np.float32], **options: Any) -> Graph:
    """Import a model of ``nodes`` and hold it to qonnx on ``x``; the imported graph."""
    model = model_of(nodes, {**CONSTANTS, **constants}, inputs={"x": x.shape}, **options)
    graph = imported(model, tmp_path)
    for mine, want in zip(run_graph(graph, {"x": x}), run_qonnx(model, {"x": x}), strict=True):
        assert mine.dtype == want.dtype
        np.testing.assert_array_equal(mine, want)
    return graph
