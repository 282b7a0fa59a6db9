"""A TFLite file as plain data: every offset, length and number checked, nothing computed.

Source: the schema ``tensorflow/lite/schema/schema.fbs``, through the classes that the
``tflite`` package generates from it.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tflite.ActivationFunctionType import ActivationFunctionType
from tflite.BuiltinOperator import BuiltinOperator
from tflite.BuiltinOptions import BuiltinOptions
from tflite.FullyConnectedOptions import FullyConnectedOptions
from tflite.FullyConnectedOptionsWeightsFormat import FullyConnectedOptionsWeightsFormat
from tflite.Model import Model
from tflite.ReshapeOptions import ReshapeOptions
from tflite.SoftmaxOptions import SoftmaxOptions
from tflite.TensorType import TensorType

from sw_model.faults import InputFault

from .limits import (
    MAX_FILE_BYTES,
    MAX_NODES,
    MAX_RANK,
    MAX_TENSORS,
    count_elements,
    read_model_file,
)

__all__ = ["ModelFile", "OperatorFile", "Quantisation", "TensorFile", "read_tflite"]

#: What Python's flatbuffers raise on offsets and lengths that make no sense.
_BROKEN = (struct.error, IndexError, TypeError, ValueError, OverflowError)

_NAME_BYTES = 65536

#: Inputs or outputs of one operator.
_MAX_ARITY = 1000

#: NumPy's types of the constants that are read.
_TYPES: Mapping[str, str] = {"INT8": "i1", "UINT8": "u1", "INT16": "<i2", "INT32": "<i4",
                             "INT64": "<i8", "FLOAT32": "<f4"}

#: Codes of the types whose zero points are checked.
_RANGES = {"INT8": (-128, 127), "UINT8": (0, 255)}


def _names(enumeration: type) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}


_TENSOR_TYPES, _OPERATORS = _names(TensorType), _names(BuiltinOperator)
_ACTIVATIONS = _names(ActivationFunctionType)
_WEIGHTS_FORMATS = _names(FullyConnectedOptionsWeightsFormat)


@dataclass(frozen=True)
class Quantisation:
    """real = scale * (code - zero_point), for all elements or for each index of ``axis``."""

    scales: NDArray[np.float32]
    zero_points: NDArray[np.int64]
    axis: int


@dataclass(frozen=True)
class TensorFile:
    """A tensor as the file declares it.

    Parameters
    ----------
    number : int
        Its place in the file.
    name : str
        Of any characters.
    shape, signature : tuple of int
        With the batch axis; in the signature -1 stands for a length known at run time.
    kind : str
        Type, as the schema spells it.
    quantisation : Quantisation or None
    data : numpy.ndarray or None
        A constant's elements in a row (raw bytes if their type cannot be read).
    special : str or None
        What sets it apart: variable, sparse, ...
    """

    number: int
    name: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    kind: str
    quantisation: Quantisation | None
    data: NDArray[Any] | None = field(repr=False)
    special: str | None

    def __str__(self) -> str:
        return f"tensor {self.number} {self.name[:60]!r}"


@dataclass(frozen=True)
class OperatorFile:
    """An operator as the file declares it; ``options`` hold plain values by name."""

    number: int
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any]

    def __str__(self) -> str:
        return f"operator {self.number} ({self.kind})"


class ModelFile:
    """The only subgraph of a TFLite file; tensors are read when they are asked for.

    Parameters
    ----------
    path : Path
        For messages.
    data : bytes
        The file.

    Raises
    ------
    InputFault
        From every member: what is broken, with the file and the place.
    """

    def __init__(self, path: Path, data: bytes) -> None:
        self.path, self._data = path, data
        self._tensors: dict[int, TensorFile] = {}
        self._constant_bytes = 0
        if data[4:8] != b"TFL3":
            raise self.fault(f"not a TFLite file (bytes 4 to 8 are {data[4:8]!r}, not b'TFL3')")
        with self._guard():
            self._model = Model.GetRootAs(data, 0)
            if self._model.Version() != 3:
                raise self.fault(f"schema version {self._model.Version()}, but only 3 can be read")
            count = self._checked("subgraphs", self._model.SubgraphsLength(), MAX_NODES)
            if count != 1:
                raise self.fault(f"{count} subgraphs, but only a model of one can be read "
                                 "(control flow is not supported)")
            self._graph = self._model.Subgraphs(0)
            self._tensor_count = self._checked("tensors", self._graph.TensorsLength(), MAX_TENSORS)
            self._buffer_count = self._checked("buffers", self._model.BuffersLength(), 2**24)

    def fault(self, message: str) -> InputFault:
        """The fault to raise: the file's name before ``message``."""
        return InputFault(f"{self.path}: {message}")

    @contextlib.contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except _BROKEN as error:
            raise self.fault("not a valid TFLite file (offset outside the buffer)") from error

    def _checked(self, what: str, length: int, limit: int) -> int:
        """``length`` of a vector of offsets, before anything walks along it."""
        if 4 * length > len(self._data):
            raise self.fault(f"{length} {what} do not fit a file of {len(self._data)} bytes")
        if length > limit:
            raise self.fault(f"{length} {what}, but at most {limit} are allowed")
        return length

    @cached_property
    def inputs(self) -> tuple[int, ...]:
        """Numbers of the model's inputs, in the file's order."""
        return self._ends("inputs", self._graph.InputsAsNumpy)

    @cached_property
    def outputs(self) -> tuple[int, ...]:
        """Numbers of the model's outputs, in the file's order."""
        return self._ends("outputs", self._graph.OutputsAsNumpy)

    def _ends(self, what: str, read: Callable[[], Any]) -> tuple[int, ...]:
        with self._guard():
            array = read()
            self._checked(f"model {what}", np.size(array), MAX_TENSORS)
            numbers = _integers(array)
        if not numbers:
            raise self.fault(f"the model has no {what}")
        if len(set(numbers)) < len(numbers):
            raise self.fault(f"the model lists one of its {what} twice")
        for number in numbers:
            self._tensor_number(f"the model's {what}", number)
        return numbers

    def _tensor_number(self, where: str, number: int) -> None:
        if not 0 <= number < self._tensor_count:
            raise self.fault(f"{where}: no tensor {number}; there are {self._tensor_count}")

    @cached_property
    def operators(self) -> tuple[OperatorFile, ...]:
        """In the order of execution."""
        with self._guard():
            count = self._checked("operators", self._graph.OperatorsLength(), MAX_NODES)
            if not count:
                raise self.fault("the model has no operators")
            codes = self._checked("operator codes", self._model.OperatorCodesLength(), MAX_NODES)
            return tuple(self._operator(number, codes) for number in range(count))

    def _operator(self, number: int, codes: int) -> OperatorFile:
        table = self._graph.Operators(number)
        index = table.OpcodeIndex()
        if index >= codes:
            raise self.fault(f"operator {number}: no operator code {index}; there are {codes}")
        code = self._model.OperatorCodes(index)
        # Files older than the wider field have the number in the deprecated one alone.
        value = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        kind = _OPERATORS.get(value, f"builtin operator {value}")
        if kind == "CUSTOM":
            kind = f"custom operator {_text(code.CustomCode())[:60]!r}"
        where = f"operator {number} ({kind})"
        self._checked(f"inputs of {where}", table.InputsLength(), _MAX_ARITY)
        self._checked(f"outputs of {where}", table.OutputsLength(), _MAX_ARITY)
        inputs, outputs = _integers(table.InputsAsNumpy()), _integers(table.OutputsAsNumpy())
        for tensor in (*(n for n in inputs if n != -1), *outputs):
            self._tensor_number(where, tensor)
        return OperatorFile(number, kind, inputs, outputs, self._options(where, kind, table))

    def _options(self, where: str, kind: str, table: Any) -> dict[str, Any]:
        if kind not in _OPTIONS:
            return {}
        expected, cls, read = _OPTIONS[kind]
        found, union = table.BuiltinOptionsType(), table.BuiltinOptions()
        if found == BuiltinOptions.NONE or union is None:
            return {}
        if found != expected:
            raise self.fault(f"{where}: options of type {found}, but {expected} is its own")
        options = cls()
        options.Init(union.Bytes, union.Pos)
        return read(options)

    def tensor(self, number: int) -> TensorFile:
        """Tensor ``number``, which an operator or the model's ends have named."""
        if number not in self._tensors:
            with self._guard():
                self._tensors[number] = self._read_tensor(number)
        return self._tensors[number]

    def _read_tensor(self, number: int) -> TensorFile:
        table = self._graph.Tensors(number)
        name = _text(table.Name())
        where = f"tensor {number} {name[:60]!r}"
        self._checked(f"axes of {where}", table.ShapeLength(), MAX_RANK)
        self._checked(f"axes of the signature of {where}", table.ShapeSignatureLength(), MAX_RANK)
        shape = _integers(table.ShapeAsNumpy())
        elements = count_elements(f"{self.path}: {where}", shape)
        kind = _TENSOR_TYPES.get(table.Type(), f"type {table.Type()}")
        special = next((text for text, there in (
            ("is a variable", table.IsVariable()), ("is sparse", table.Sparsity() is not None),
        ) if there), None)
        data = self._constant(where, table.Buffer(), kind, elements)
        return TensorFile(number, name, shape, _integers(table.ShapeSignatureAsNumpy()), kind,
                          self._quantisation(where, table.Quantization(), kind, shape), data,
                          special)

    def _constant(self, where: str, buffer: int, kind: str, elements: int) -> NDArray[Any] | None:
        if not 0 <= buffer < self._buffer_count:
            raise self.fault(f"{where}: no buffer {buffer}; there are {self._buffer_count}")
        table = self._model.Buffers(buffer)
        if table.Offset() > 1 or table.Size() > 1:
            raise self.fault(f"{where}: its data lie outside the flatbuffer, "
                             "which only models above 2 GB need")
        if table.DataIsNone() or not table.DataLength():
            return None
        data = table.DataAsNumpy()
        if kind not in _TYPES:
            return np.asarray(data)
        needed = elements * np.dtype(_TYPES[kind]).itemsize
        if data.size != needed:
            raise self.fault(f"{where}: {data.size} bytes of data, but {elements} elements of "
                             f"{kind} need {needed}")
        self._constant_bytes += needed
        if self._constant_bytes > MAX_FILE_BYTES:
            raise self.fault(f"{where}: the constants have more than {MAX_FILE_BYTES} bytes "
                             "in all, the most that are allowed")
        return np.asarray(data).view(_TYPES[kind])

    def _quantisation(self, where: str, table: Any, kind: str, shape: tuple[int, ...]
                      ) -> Quantisation | None:
        if table is None or not table.ScaleLength():
            return None
        scales, axis = np.asarray(table.ScaleAsNumpy()), table.QuantizedDimension()
        zeros = np.asarray(table.ZeroPointAsNumpy() if table.ZeroPointLength() else [0], np.int64)
        wrong = np.flatnonzero(~(np.isfinite(scales) & (scales > 0)))
        if wrong.size:
            raise self.fault(f"{where}: scale {int(wrong[0])} is {scales[wrong[0]]}, "
                             "but it must be positive and finite")
        if zeros.size not in (1, scales.size):
            raise self.fault(f"{where}: {zeros.size} zero points for {scales.size} scales")
        if scales.size > 1 and not (0 <= axis < len(shape) and shape[axis] == scales.size):
            raise self.fault(f"{where}: {scales.size} scales along axis {axis} of shape "
                             f"{list(shape)}")
        low, high = _RANGES.get(kind, (-(2**63), 2**63 - 1))
        outside = zeros[(zeros < low) | (zeros > high)]
        if outside.size:
            raise self.fault(f"{where}: zero point {outside[0]}, but {kind} holds {low} to {high}")
        return Quantisation(scales, zeros, axis)


def read_tflite(path: Path) -> ModelFile:
    """The file at ``path``, its head checked; the rest is checked as it is read.

    Raises
    ------
    InputFault
        If it cannot be read or is no TFLite file of schema version 3 with one subgraph.
    """
    return ModelFile(path, read_model_file(path))


def _integers(vector: Any) -> tuple[int, ...]:
    # flatbuffers gives an array, or the integer 0 for a vector that is not there.
    return tuple(vector.tolist()) if isinstance(vector, np.ndarray) else ()


def _text(name: bytes | None) -> str:
    if name is not None and len(name) > _NAME_BYTES:
        raise ValueError(f"a name of {len(name)} bytes")
    return (name or b"").decode("utf-8", errors="replace")


def _fully_connected(options: Any) -> dict[str, Any]:
    activation, weights = options.FusedActivationFunction(), options.WeightsFormat()
    return {"activation": _ACTIVATIONS.get(activation, f"activation {activation}"),
            "weights_format": _WEIGHTS_FORMATS.get(weights, f"format {weights}"),
            "keep_num_dims": options.KeepNumDims()}


def _reshape(options: Any) -> dict[str, Any]:
    # One axis more than a tensor can have is enough to see that the shape is wrong.
    shape = options.NewShapeAsNumpy()
    return {"new_shape": _integers(shape[:MAX_RANK + 1] if options.NewShapeLength() else shape)}


#: Union tag, table and reader of the options of each operator that has any to read.
_OPTIONS: Mapping[str, tuple[int, Any, Callable[[Any], dict[str, Any]]]] = {
    "FULLY_CONNECTED": (BuiltinOptions.FullyConnectedOptions, FullyConnectedOptions,
                        _fully_connected),
    "RESHAPE": (BuiltinOptions.ReshapeOptions, ReshapeOptions, _reshape),
    "SOFTMAX": (BuiltinOptions.SoftmaxOptions, SoftmaxOptions,
                lambda options: {"beta": options.Beta()}),
}
