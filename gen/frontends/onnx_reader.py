"""An ONNX file as checked plain data: inputs, constants, and nodes in an order to run them in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError
from onnx import AttributeProto, TensorProto

from sw_model.faults import InputFault
from sw_model.formats import Format

from .limits import (
    MAX_ELEMENTS,
    MAX_NODES,
    MAX_RANK,
    MAX_TENSORS,
    count_elements,
    read_model_file,
)
from .onnx_tensor import StoredTensor, clean_name, decode, element_count, element_type

__all__ = ["OnnxInput", "OnnxModel", "OnnxNode", "read"]

#: Oldest operator set: from here on ONNX broadcasts as NumPy does.
MIN_OPSET = 7


@dataclass(frozen=True)
class OnnxNode:
    """One node; ``name`` is unique, absent optional inputs are empty strings."""

    name: str
    domain: str
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class OnnxInput:
    """An input that is no initialiser; ``shape`` is one sample's, without the batch axis."""

    name: str
    shape: tuple[int, ...]
    format: Format


class Constants:
    """The initialisers of a model, decoded when they are asked for."""

    def __init__(self, where: str, tensors: Mapping[str, TensorProto]) -> None:
        self._where, self._tensors = where, tensors
        self._decoded: dict[str, StoredTensor] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __getitem__(self, name: str) -> StoredTensor:
        if name not in self._decoded:
            self._decoded[name] = decode(f"{self._where}: initialiser {name!r}",
                                         self._tensors[name])
        return self._decoded[name]


@dataclass(frozen=True)
class OnnxModel:
    """A model whose nodes are sorted, those that no output needs left out.

    ``batch`` is the length of axis 0 of every input, 1 where the file leaves it open.
    ``stored`` counts the elements of all constants in the file.
    """

    where: str
    opset: int
    batch: int
    inputs: tuple[OnnxInput, ...]
    outputs: tuple[str, ...]
    constants: Constants
    nodes: tuple[OnnxNode, ...]
    stored: int


def read(path: Path) -> OnnxModel:
    """Read and check the ONNX file at ``path``.

    Raises
    ------
    InputFault
        If it cannot be read, is no ONNX file, is damaged, or its graph makes no sense.
    """
    data = read_model_file(path)
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
        if not (model.HasField("graph") and model.graph.node and model.ir_version > 0):
            raise InputFault(f"{path}: no ONNX file, or a truncated one: it holds no graph "
                             "with nodes")
        return _checked(str(path), model)
    except DecodeError as error:
        raise InputFault(f"{path}: no ONNX file, or a truncated one: it does not parse as an "
                         "ONNX protobuf") from error


def _checked(where: str, model: onnx.ModelProto) -> OnnxModel:
    graph = model.graph
    opset = _opset(where, model)
    if len(graph.node) > MAX_NODES:
        raise InputFault(f"{where}: {len(graph.node)} nodes, but at most {MAX_NODES} are allowed")
    if len(graph.initializer) + sum(len(n.output) for n in graph.node) > MAX_TENSORS:
        raise InputFault(f"{where}: more than {MAX_TENSORS} tensors")
    if graph.sparse_initializer:
        raise InputFault(f"{where}: sparse initialisers; store all as dense ones")
    nodes = _nodes(where, graph.node)
    constants, stored = _constants(where, graph.initializer)
    stored += sum(element_count(f"{where}: node {node.name!r}: its value", value)
                  for node in nodes for value in node.attributes.values()
                  if isinstance(value, TensorProto))
    if stored > MAX_ELEMENTS:
        raise InputFault(f"{where}: {stored} elements in constants, but at most {MAX_ELEMENTS} "
                         "are allowed")
    inputs, batch = _inputs(where, graph.input, constants)
    outputs = tuple(clean_name(where, o.name) for o in graph.output)
    if not outputs:
        raise InputFault(f"{where}: the graph has no outputs")
    if twice := _repeated(outputs):
        raise InputFault(f"{where}: output {twice!r} is listed twice")
    known = {*constants, *(i.name for i in inputs)}
    ordered = _sorted(where, nodes, known)
    made = known.union(*(n.outputs for n in ordered))
    for name in outputs:
        if name not in made:
            raise InputFault(f"{where}: nothing makes output {name!r}")
    return OnnxModel(where, opset, batch, inputs, outputs, constants,
                     _needed(ordered, outputs), stored)


def _opset(where: str, model: onnx.ModelProto) -> int:
    versions = [s.version for s in model.opset_import if s.domain in ("", "ai.onnx")]
    newest = onnx.defs.onnx_opset_version()
    if not versions:
        raise InputFault(f"{where}: it does not say which ONNX operator set it uses")
    if not MIN_OPSET <= versions[0] <= newest:
        raise InputFault(f"{where}: operator set {versions[0]}, but {MIN_OPSET} to {newest} are "
                         "supported; convert it with onnx.version_converter")
    return int(versions[0])


def _repeated(names: Iterable[str]) -> str | None:
    return next((name for name, count in Counter(names).items() if count > 1), None)


def _constants(where: str, tensors: Sequence[TensorProto]) -> tuple[Constants, int]:
    byname: dict[str, TensorProto] = {}
    stored = 0
    for tensor in tensors:
        name = clean_name(where, tensor.name)
        if name in byname or not name:
            raise InputFault(f"{where}: two initialisers are called {name!r}" if name
                             else f"{where}: an initialiser has no name")
        byname[name] = tensor
        stored += element_count(f"{where}: initialiser {name!r}", tensor)
    return Constants(where, byname), stored


def _inputs(where: str, infos: Sequence[onnx.ValueInfoProto], constants: Constants
            ) -> tuple[tuple[OnnxInput, ...], int]:
    inputs: list[OnnxInput] = []
    batches: dict[int, str] = {}
    for info in infos:
        name = clean_name(where, info.name)
        if name in constants:
            continue
        place = f"{where}: input {name!r}"
        if not info.type.HasField("tensor_type") or not info.type.tensor_type.HasField("shape"):
            raise InputFault(f"{place} is no tensor of a declared shape")
        format_ = element_type(place, info.type.tensor_type.elem_type)
        axes = list(info.type.tensor_type.shape.dim)
        if not 1 <= len(axes) <= MAX_RANK + 1:
            raise InputFault(f"{place} has {len(axes)} axes, but 1 to {MAX_RANK + 1} are allowed, "
                             "axis 0 being the batch")
        for k, axis in enumerate(axes[1:], 1):
            if axis.dim_value < 1:
                given = repr(axis.dim_param) if axis.dim_param else axis.dim_value
                raise InputFault(f"{place}: axis {k} has length {given}, but every axis except "
                                 "the batch (axis 0) needs a fixed length of at least 1")
        shape = tuple(int(axis.dim_value) for axis in axes[1:])
        count_elements(place, [max(axes[0].dim_value, 1), *shape])
        if axes[0].dim_value >= 1:
            batches[int(axes[0].dim_value)] = name
        inputs.append(OnnxInput(name, shape, format_))
    if not inputs:
        raise InputFault(f"{where}: the graph has no inputs")
    if twice := _repeated(i.name for i in inputs):
        raise InputFault(f"{where}: input {twice!r} is listed twice")
    if len(batches) > 1:
        listed = ", ".join(f"{name!r} {length}" for length, name in sorted(batches.items()))
        raise InputFault(f"{where}: axis 0 of all inputs is the batch and must have one length, "
                         f"not {listed}")
    return tuple(inputs), next(iter(batches), 1)


def _nodes(where: str, protos: Sequence[onnx.NodeProto]) -> list[OnnxNode]:
    nodes: list[OnnxNode] = []
    taken: set[str] = set()
    for index, proto in enumerate(protos):
        operator = clean_name(where, proto.op_type)
        given = clean_name(where, proto.name) or f"{operator}_{index}"
        name = given if given not in taken else f"{given}_{index}"
        while name in taken:
            name += "_"
        taken.add(name)
        nodes.append(OnnxNode(
            name=name, domain=clean_name(where, proto.domain), operator=operator,
            inputs=tuple(clean_name(where, i) for i in proto.input),
            outputs=tuple(clean_name(where, o) for o in proto.output),
            attributes={clean_name(where, a.name): _attribute(where, a)
                        for a in proto.attribute}))
    return nodes


def _attribute(where: str, attribute: AttributeProto) -> Any:
    """An attribute as a Python value, a tensor as it is stored; None if of any other kind."""
    match attribute.type:
        case AttributeProto.INT:
            return int(attribute.i)
        case AttributeProto.FLOAT:
            return float(attribute.f)
        case AttributeProto.STRING:
            return clean_name(where, attribute.s.decode("utf-8", "backslashreplace"))
        case AttributeProto.INTS:
            return [int(i) for i in attribute.ints]
        case AttributeProto.FLOATS:
            return [float(f) for f in attribute.floats]
        case AttributeProto.TENSOR:
            return attribute.t
    return None


def _sorted(where: str, nodes: Sequence[OnnxNode], known: set[str]) -> list[OnnxNode]:
    """``nodes`` in an order in which they can run; the file's own where it is one."""
    maker: dict[str, int] = {}
    for index, node in enumerate(nodes):
        for name in filter(None, node.outputs):
            if name in maker or name in known:
                raise InputFault(f"{where}: node {node.name!r} makes {name!r}, which exists "
                                 "already")
            maker[name] = index
    missing = [0] * len(nodes)
    waiting: dict[int, list[int]] = {}
    for index, node in enumerate(nodes):
        sources = set(filter(None, node.inputs)) - known
        for name in sources:
            if name not in maker:
                raise InputFault(f"{where}: node {node.name!r} reads {name!r}, which nothing makes")
            waiting.setdefault(maker[name], []).append(index)
        missing[index] = len(sources)
    ready = [index for index, count in enumerate(missing) if not count]
    for index in ready:  # grows while it runs
        for reader in waiting.get(index, ()):
            missing[reader] -= 1
            if not missing[reader]:
                ready.append(reader)
    if len(ready) < len(nodes):
        stuck = next(index for index, count in enumerate(missing) if count)
        raise InputFault(f"{where}: the graph has a cycle; node {nodes[stuck].name!r} is on it or "
                         "behind it")
    in_order = all(maker[name] < index for index, node in enumerate(nodes)
                   for name in node.inputs if name in maker)
    return list(nodes) if in_order else [nodes[index] for index in ready]


def _needed(nodes: Sequence[OnnxNode], outputs: Iterable[str]) -> tuple[OnnxNode, ...]:
    wanted = set(outputs)
    kept: list[OnnxNode] = []
    for node in reversed(nodes):
        if wanted.intersection(node.outputs):
            kept.append(node)
            wanted.update(node.inputs)
    return tuple(reversed(kept))
