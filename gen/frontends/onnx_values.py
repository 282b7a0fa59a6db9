"""What the ONNX importer knows of a tensor: a constant, or a tensor of the graph; its codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw_model.formats import Format

__all__ = ["Coded", "CodedConstant", "Constant", "Dynamic", "Hindrance", "Sums", "Value"]

Floats = NDArray[np.float32]


class Hindrance(Exception):
    """A node that is legal ONNX but not supported: why, and what to do about it."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy


@dataclass(frozen=True)
class CodedConstant:
    """The integers behind a constant: value = (fixed - zero_point) * scale.

    Parameters
    ----------
    fixed : integers, shape of the constant
        On the grid of ``format``.
    format : Format
        Narrowest declared.
    scale, zero_point
        Of shapes that broadcast to that of ``fixed``.
    """

    fixed: NDArray[Any]
    format: Format
    scale: Floats
    zero_point: NDArray[np.int64]


@dataclass(frozen=True)
class Constant:
    """A tensor known at import, in ONNX's own shape.

    Parameters
    ----------
    array : numpy.ndarray
        float32, or the integers that the file holds.
    format : Format
        Of ``array``.
    origin : str
        Name in the file from which the values come.
    coded : CodedConstant or None
        The integers behind float32 values that were quantised.
    """

    array: NDArray[Any]
    format: Format
    origin: str
    coded: CodedConstant | None = None


@dataclass(frozen=True)
class Coded:
    """The codes behind a float tensor: value = (code - zero_point) * scale.

    Parameters
    ----------
    tensor : str
        Of the graph, of the same shape, holding the codes.
    scale : float32, shape (1,) or (channels,)
    zero_point : int
    computed : bool
        Whether float32 arithmetic lies between the quantiser and the tensor.
    """

    tensor: str
    scale: Floats
    zero_point: int
    computed: bool = False


@dataclass(frozen=True)
class Sums:
    """The exact integer sums that a float tensor is a multiple of.

    Parameters
    ----------
    tensor : str
        Of the graph, holding the sums.
    inputs : tuple of str
        The codes, the weights and maybe the bias that they are made of.
    zero_point : int
        Of the codes.
    scale : float32, shape (1,) or (rows,)
        value = sum * scale
    rectified : bool
        Whether a Relu lies between the sums and the tensor.
    """

    tensor: str
    inputs: tuple[str, ...]
    zero_point: int
    scale: Floats
    rectified: bool = False


@dataclass(frozen=True)
class Dynamic:
    """A tensor of the graph that depends on an input.

    Parameters
    ----------
    tensor : str
        Of the graph; its shape there is one sample's. float32, or the codes of a
        QuantizeLinear or of an integer input.
    coded : Coded or None
        The codes behind float32 values.
    sums : Sums or None
        The accumulators behind float32 values.
    """

    tensor: str
    coded: Coded | None = None
    sums: Sums | None = None


Value = Constant | Dynamic
