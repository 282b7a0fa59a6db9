"""The network: tensors, nodes and states; check, save, load, run."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from . import ops
from .formats import Format, parse_format
from .node import AtMost, Dimension, GraphError, Node, NodeError, State, Tensor

__all__ = ["Graph", "GraphError", "Node", "NodeError", "State", "Tensor"]

#: Version of ``graph.json``.
SCHEMA = 1

Arrays = Mapping[str, NDArray[Any]]

assert ops  # importing the operations registers them


@dataclass(frozen=True)
class Graph:
    """A network that checks, saves and executes itself.

    Parameters
    ----------
    name : str
        Of the network; names files and the Verilog module.
    tensors : mapping of str to Tensor
        By name.
    nodes : tuple of Node
        In an order in which they can run.
    inputs, outputs : tuple of str
        Names of tensors, in the model's own order.
    states : tuple of State
        Tensors that live between calls.
    """

    name: str
    tensors: Mapping[str, Tensor]
    nodes: tuple[Node, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    states: tuple[State, ...] = ()

    def input_tensors(self, node: Node) -> list[Tensor]:
        """The tensors that ``node`` reads."""
        for name in node.inputs:
            if name not in self.tensors:
                raise NodeError(node, f"no tensor {name!r}")
        return [self.tensors[name] for name in node.inputs]

    def producer(self, tensor: str) -> Node | None:
        """The node that makes ``tensor``, or None."""
        return next((n for n in self.nodes if tensor in n.outputs), None)

    def readers(self, tensor: str) -> list[Node]:
        """The nodes that read ``tensor``."""
        return [n for n in self.nodes if tensor in n.inputs]

    def check(self) -> Graph:
        """Raise :class:`GraphError` unless the network makes sense; returns itself."""
        for key, tensor in self.tensors.items():
            if key != tensor.name:
                raise GraphError(f"tensor {tensor.name!r} is listed as {key!r}")
        known = {n for n, t in self.tensors.items() if t.value is not None}
        for name in [*self.inputs, *(s.name for s in self.states)]:
            if name not in self.tensors:
                raise GraphError(f"no tensor {name!r}, which is an input or a state")
            if name in known:
                raise GraphError(f"tensor {name!r} is constant or listed twice as input or state")
            known.add(name)
        seen: set[str] = set()
        for node in self.nodes:
            if node.name in seen:
                raise NodeError(node, "a second node of this name")
            seen.add(node.name)
            self._check_node(node, known)
        for name in self.outputs:
            if name not in known:
                raise GraphError(f"nothing makes output {name!r}")
        for state in self.states:
            self._check_state(state, known)
        return self

    def _check_node(self, node: Node, known: set[str]) -> None:
        sources = self.input_tensors(node)
        for name in node.inputs:
            if name not in known:
                raise NodeError(node, f"nothing before it makes {name!r}")
        made = node.infer(sources)
        if len(made) != len(node.outputs):
            raise NodeError(node, f"makes {len(made)} outputs, but lists {len(node.outputs)}")
        for name, (shape, format_) in zip(node.outputs, made, strict=True):
            if name in known:
                raise NodeError(node, f"{name!r} is made twice")
            tensor = self.tensors.get(name)
            if tensor is None:
                raise NodeError(node, f"no tensor {name!r}")
            if (tensor.shape, tensor.format) != (shape, format_):
                raise NodeError(node, f"makes {name!r} as {format_} {list(map(str, shape))}, but "
                                f"it is declared as {tensor.format} {list(map(str, tensor.shape))}")
            known.add(name)

    def _check_state(self, state: State, known: set[str]) -> None:
        initial = self.tensors.get(state.initial)
        if initial is None or initial.value is None:
            raise GraphError(f"state {state.name!r}: initial value {state.initial!r} "
                             "is not a constant tensor")
        if state.update not in known:
            raise GraphError(f"state {state.name!r}: nothing makes its update {state.update!r}")
        here = self.tensors[state.name]
        for other in (initial, self.tensors[state.update]):
            if (other.shape, other.format) != (here.shape, here.format):
                raise GraphError(f"state {state.name!r} and {other.name!r} differ in shape "
                                 "or format")

    def initial_state(self, batch: int) -> dict[str, NDArray[Any]]:
        """The states of ``batch`` samples after a reset."""
        start = {}
        for state in self.states:
            value = self.tensors[state.initial].value
            assert value is not None
            start[state.name] = np.repeat(value[None], batch, axis=0)
        return start

    def trace(self, inputs: Arrays, state: Arrays | None = None,
              overrides: Arrays | None = None, wanted: Sequence[str] | None = None,
              ) -> dict[str, NDArray[Any]]:
        """Every tensor that is not constant, by name, for a batch of samples.

        Parameters
        ----------
        inputs : mapping of str to array
            Codes, or reals for float32 inputs, with a leading batch axis.
        state : mapping of str to array, optional
            States before the step; the initial ones if left out.
        overrides : mapping of str to array, optional
            Tensors that are given instead of computed (as when hardware has made them);
            nodes none of whose outputs anything still needs are not run.
        wanted : sequence of str, optional
            Tensors to compute, with what they need; by default outputs and next states.

        Raises
        ------
        ValueError
            If an input is missing, unknown, of the wrong shape or out of range.
        """
        values, batch = self._accept(inputs)
        values.update(self.initial_state(batch) if state is None else state)
        values.update(overrides or {})
        for node in self._needed(set(values), wanted):
            sources = self.input_tensors(node)
            given = [values[t.name] if t.value is None else t.value for t in sources]
            for name, array in zip(node.outputs, node.run(sources, given), strict=True):
                values.setdefault(name, array)
        return values

    def run(self, inputs: Arrays, state: Arrays | None = None,
            overrides: Arrays | None = None,
            ) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
        """Outputs and next states for a batch of samples; see :meth:`trace`."""
        values = self.trace(inputs, state, overrides)
        return ({name: self._value(values, name) for name in self.outputs},
                {s.name: self._value(values, s.update) for s in self.states})

    def _value(self, values: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
        constant = self.tensors[name].value
        if constant is None:
            return values[name]
        batch = len(next(iter(values.values())))
        return np.repeat(constant[None], batch, axis=0)

    def _accept(self, inputs: Arrays) -> tuple[dict[str, NDArray[Any]], int]:
        if unknown := sorted(set(inputs) - set(self.inputs)):
            raise ValueError(f"unknown inputs {', '.join(unknown)}; "
                             f"there are {', '.join(self.inputs)}")
        values: dict[str, NDArray[Any]] = {}
        for name in self.inputs:
            if name not in inputs:
                raise ValueError(f"missing input {name!r}")
            tensor, array = self.tensors[name], np.asarray(inputs[name])
            if array.ndim < 1 or not tensor.accepts(array.shape[1:]):
                shape = ", ".join(["samples", *map(str, tensor.shape)])
                raise ValueError(f"input {name!r} has shape {array.shape}, but must be ({shape})")
            tensor.format.check(f"input {name!r}", array)
            values[name] = array.astype(tensor.format.dtype)
        batches = {len(array) for array in values.values()}
        if len(batches) > 1:
            raise ValueError(f"inputs have different numbers of samples: {sorted(batches)}")
        return values, batches.pop() if batches else 1

    def _needed(self, given: set[str], names: Sequence[str] | None) -> list[Node]:
        every: set[str] = set().union(*(n.outputs for n in self.nodes))
        if names is None and not given & every:
            return list(self.nodes)
        targets = self.outputs + tuple(s.update for s in self.states) if names is None else names
        wanted = set(targets) - given
        needed: list[Node] = []
        for node in reversed(self.nodes):
            if wanted & set(node.outputs):
                needed.append(node)
                wanted |= set(node.inputs) - given
        return needed[::-1]

    def rename(self, name: str) -> Graph:
        """The same network under another name."""
        return replace(self, name=name)

    def as_json(self) -> dict[str, Any]:
        """The network as plain data, without the constants' values."""
        return {
            "schema": SCHEMA, "name": self.name,
            "inputs": list(self.inputs), "outputs": list(self.outputs),
            "states": [[s.name, s.initial, s.update] for s in self.states],
            "tensors": [_tensor_json(t) for t in self.tensors.values()],
            "nodes": [node.as_json() for node in self.nodes],
        }

    def save(self, folder: Path) -> list[Path]:
        """Write ``graph.json`` and ``graph.npz``; the same network gives the same bytes."""
        text = json.dumps(self.as_json(), indent=1) + "\n"
        (where := folder / "graph.json").write_text(text, encoding="utf-8")
        constants = {t.name: t.value for t in self.tensors.values() if t.value is not None}
        save_arrays(values := folder / "graph.npz", constants)
        return [where, values]

    @staticmethod
    def load(folder: Path) -> Graph:
        """Read what :meth:`save` wrote, and check it.

        Raises
        ------
        GraphError
            If the files do not describe a network.
        OSError
            If they cannot be read.
        """
        try:
            data = json.loads((folder / "graph.json").read_text(encoding="utf-8"))
            if data.get("schema") != SCHEMA:
                raise GraphError(f"schema is {data.get('schema')!r}, not {SCHEMA}")
            with np.load(folder / "graph.npz", allow_pickle=False) as file:
                constants = {name: file[name] for name in file.files}
            tensors = [_tensor_from_json(item, constants) for item in data["tensors"]]
            return Graph(
                name=data["name"], tensors={t.name: t for t in tensors},
                nodes=tuple(Node.from_json(item) for item in data["nodes"]),
                inputs=tuple(data["inputs"]), outputs=tuple(data["outputs"]),
                states=tuple(State(*item) for item in data["states"])).check()
        except GraphError as error:
            raise GraphError(f"{folder / 'graph.json'}: {error}") from error
        except (ValueError, TypeError, KeyError, AttributeError, zipfile.BadZipFile) as error:
            raise GraphError(f"{folder / 'graph.json'}: not a network ({error})") from error


def save_arrays(path: Path | BinaryIO, arrays: Mapping[str, NDArray[Any]]) -> None:
    """``numpy.savez_compressed`` for names that may hold any character; fixed bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.ascontiguousarray(array).reshape(array.shape),
                                          allow_pickle=False)


def build(name: str, tensors: Iterable[Tensor], nodes: Iterable[Node],
          inputs: Iterable[str], outputs: Iterable[str],
          states: Iterable[State] = ()) -> Graph:
    """A checked network from its parts."""
    return Graph(name, {t.name: t for t in tensors}, tuple(nodes), tuple(inputs),
                 tuple(outputs), tuple(states)).check()


def _tensor_json(tensor: Tensor) -> dict[str, Any]:
    data: dict[str, Any] = {"name": tensor.name, "shape": [_plain(d) for d in tensor.shape],
                            "format": str(tensor.format)}
    if tensor.scale is not None:
        data["scale"] = list(tensor.scale)
    if tensor.zero_point:
        data["zero_point"] = tensor.zero_point
    if tensor.value is not None:
        data["constant"] = True
    return data


def _plain(dimension: Dimension) -> int | str:
    return str(dimension) if isinstance(dimension, AtMost) else dimension


def _tensor_from_json(data: Mapping[str, Any], constants: Arrays) -> Tensor:
    format_: Format = parse_format(data["format"])
    shape = tuple(AtMost(int(d[2:])) if isinstance(d, str) else int(d) for d in data["shape"])
    scale = tuple(float(s) for s in data["scale"]) if "scale" in data else None
    value = constants[data["name"]] if data.get("constant") else None
    return Tensor(data["name"], shape, format_, scale, int(data.get("zero_point", 0)), value)
