"""Tensors as an ONNX file stores them: their types, and their values as NumPy arrays."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

from sw_model.faults import InputFault
from sw_model.formats import Float32Format, Format, IntFormat

from .limits import MAX_RANK, count_elements

__all__ = ["ELEMENT_TYPES", "StoredTensor", "clean_name", "decode", "element_count",
           "element_type"]

#: Element types that a constant or an input may have.
ELEMENT_TYPES: dict[int, Format] = {
    TensorProto.FLOAT: Float32Format(),
    TensorProto.INT4: IntFormat(4), TensorProto.UINT4: IntFormat(4, signed=False),
    TensorProto.INT8: IntFormat(8), TensorProto.UINT8: IntFormat(8, signed=False),
    TensorProto.INT16: IntFormat(16), TensorProto.UINT16: IntFormat(16, signed=False),
    TensorProto.INT32: IntFormat(32), TensorProto.INT64: IntFormat(64),
    TensorProto.BOOL: IntFormat(1, signed=False),
}

#: Longest name of a node or tensor; longer ones are what a damaged length field leaves.
MAX_NAME = 1000


@dataclass(frozen=True)
class StoredTensor:
    """A constant's values with the type that the file declares."""

    array: NDArray[Any]
    format: Format


def clean_name(where: str, name: str | bytes) -> str:
    """``name``, what is not printable escaped, so that it fits in a line.

    Raises
    ------
    InputFault
        If it is too long, or no text (protobuf then gives its bytes).
    """
    if isinstance(name, bytes):
        raise InputFault(f"{where}: damaged: a name is not UTF-8")
    if len(name) > MAX_NAME:
        raise InputFault(f"{where}: a name of {len(name)} characters, but at most {MAX_NAME} "
                         "are allowed")
    if name.isprintable() and "\\" not in name:
        return name
    return name.encode("unicode_escape").decode("ascii")


def element_type(where: str, code: int) -> Format:
    """Format of an element type.

    Raises
    ------
    InputFault
        If it is unknown or not supported.
    """
    if code in ELEMENT_TYPES:
        return ELEMENT_TYPES[code]
    known = {value: key for key, value in TensorProto.DataType.items()}
    allowed = ", ".join(known[one] for one in ELEMENT_TYPES)
    raise InputFault(f"{where} has element type {known.get(code, code)}; allowed are {allowed}")


def element_count(where: str, tensor: TensorProto) -> int:
    """Elements that the shape of ``tensor`` asks for; an axis may be 0.

    Raises
    ------
    InputFault
        If the shape is out of bounds.
    """
    axes = list(tensor.dims)
    if 0 in axes and len(axes) <= MAX_RANK and min(axes) >= 0:
        return 0
    return count_elements(where, axes)


def decode(where: str, tensor: TensorProto) -> StoredTensor:
    """The values of ``tensor``, without reading any other file.

    Raises
    ------
    InputFault
        If they lie in another file, are of a type that is not supported, or are fewer or
        more than the shape asks for.
    """
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        raise InputFault(f"{where} keeps its values in another file; save the model with all "
                         "tensors inside (onnx.save with save_as_external_data=False)")
    format_ = element_type(where, tensor.data_type)
    count = element_count(where, tensor)
    if tensor.HasField("segment"):
        raise InputFault(f"{where} is stored in segments, which ONNX files do not use")
    bits = 8 if tensor.data_type == TensorProto.BOOL else format_.width
    if tensor.HasField("raw_data"):
        have, want = len(tensor.raw_data), (count * bits + 7) // 8
        if have != want:
            raise InputFault(f"{where} holds {have} bytes, but its shape "
                             f"{list(tensor.dims)} needs {want}")
    try:
        array = numpy_helper.to_array(tensor)
    except (ValueError, TypeError, OverflowError) as error:
        raise InputFault(f"{where} does not hold the {count} values that its shape "
                         f"{list(tensor.dims)} needs") from error
    assert array.size == prod(tensor.dims)
    return StoredTensor(array.astype(format_.dtype), format_)
