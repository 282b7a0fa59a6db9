"""Pieces of ONNX models with QuantizeLinear and DequantizeLinear."""

from __future__ import annotations

from typing import Any

import onnx

from .onnx_models import node

__all__ = ["BIAS", "HEAD", "MATMUL", "RELU_TAIL", "TAIL", "dq", "gemm", "q"]


def q(x: str, y: str, grid: str = "y") -> onnx.NodeProto:
    return node("QuantizeLinear", [x, f"s{grid}", f"z{grid}"], [y])


def dq(x: str, y: str, grid: str = "y", **options: Any) -> onnx.NodeProto:
    return node("DequantizeLinear", [x, f"s{grid}", f"z{grid}"], [y], **options)


HEAD = [q("x", "xq", "x"), dq("xq", "xd", "x"), dq("w", "wd", "w", axis=1)]
BIAS = dq("b", "bd", "b", axis=0)
TAIL = [q("t", "yq"), dq("yq", "y")]
RELU_TAIL = [node("Relu", ["r"], ["t"]), q("t", "yq", "low"), dq("yq", "y", "low")]
MATMUL = node("MatMul", ["xd", "wd"], ["t"])


def gemm(*c: str, y: str = "t", **options: Any) -> onnx.NodeProto:
    return node("Gemm", ["xd", "wd", *c], [y], **options)
