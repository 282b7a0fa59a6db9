"""The network: tensors, nodes and states; check, save, load, run."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import ops
from .arrays import load_arrays, save_arrays
from .node import AtMost, GraphError, Node, NodeError, State, Tensor, channels
from .plain import from_plain, require_keys

__all__ = ["Graph", "GraphError", "Node", "NodeError", "State", "Tensor", "build", "save_arrays"]

#: Version of ``graph.json``, and what stands in it.
SCHEMA = 1
_KEYS = frozenset({"schema", "name", "inputs", "outputs", "states", "tensors", "nodes"})

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
            self._check_tensor(key, tensor)
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
        for place, name in enumerate(self.outputs):
            if name not in known:
                raise GraphError(f"nothing makes output {name!r}")
            if name in self.outputs[:place]:
                raise GraphError(f"output {name!r} is listed twice")
        for state in self.states:
            self._check_state(state, known)
        if orphans := [name for name in self.tensors if name not in known]:
            raise GraphError(f"nothing makes tensor {orphans[0]!r}")
        return self

    @staticmethod
    def _check_tensor(key: str, tensor: Tensor) -> None:
        if key != tensor.name:
            raise GraphError(f"tensor {tensor.name!r} is listed as {key!r}")
        if tensor.value is None and not tensor.elements:
            raise GraphError(f"tensor {key!r} has no elements")
        # A constant's scales are noted as its model has them: those of weights go by rows.
        count = channels(tensor.shape)
        if tensor.value is None and tensor.scale and len(tensor.scale) not in (1, count):
            raise GraphError(f"tensor {key!r} has {len(tensor.scale)} scales "
                             f"for {count} channels")

    def _check_node(self, node: Node, known: set[str]) -> None:
        sources = self.input_tensors(node)
        for name in node.inputs:
            if name not in known:
                raise NodeError(node, f"nothing before it makes {name!r}")
        made = node.infer(sources)
        if all(tensor.value is not None for tensor in sources):
            # Its result would have no batch axis, which nobody could tell from a sample's.
            raise NodeError(node, "all its inputs are constant")
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
                                f"it is declared as {tensor.format} "
                                f"{list(map(str, tensor.shape))}")
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
        return {state.name: self._repeated(state.initial, batch) for state in self.states}

    def trace(self, inputs: Arrays, state: Arrays | None = None,
              overrides: Arrays | None = None, wanted: Sequence[str] | None = None,
              ) -> dict[str, NDArray[Any]]:
        """Every tensor that is not constant, by name, for a batch of samples.

        Parameters
        ----------
        inputs : mapping of str to array
            Codes, or reals for float32 inputs, with a leading batch axis. Inputs that
            nothing needs may be left out.
        state : mapping of str to array, optional
            States before the step; the initial ones if left out.
        overrides : mapping of str to array, optional
            Tensors that are given instead of computed (as when hardware has made them);
            nodes none of whose outputs anything still needs are not run.
        wanted : sequence of str, optional
            Tensors to compute, with what they need; by default outputs and next states.
            Constants among them are repeated for every sample.

        Raises
        ------
        TypeError
            If an array does not hold what its format takes.
        ValueError
            If a name is unknown or an input missing, or an array of the wrong shape or out
            of range.
        """
        values = self._given(inputs, state, overrides or {})
        batch = len(next(iter(values.values()))) if values else 1
        for name, array in (self.initial_state(batch) if state is None else {}).items():
            values.setdefault(name, array)
        targets = self._targets(wanted)
        for node in self._needed(values, targets, every=wanted is None):
            sources = self.input_tensors(node)
            given = [self._source(values, t) for t in sources]
            for name, array in zip(node.outputs, node.run(sources, given), strict=True):
                values.setdefault(name, array)
        for name in targets:
            if self.tensors[name].value is not None:
                values[name] = self._repeated(name, batch)
            self._source(values, self.tensors[name])
        return values

    def run(self, inputs: Arrays, state: Arrays | None = None,
            overrides: Arrays | None = None,
            ) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
        """Outputs and next states for a batch of samples; see :meth:`trace`."""
        values = self.trace(inputs, state, overrides)
        return ({name: values[name] for name in self.outputs},
                {s.name: values[s.update] for s in self.states})

    def _repeated(self, name: str, batch: int) -> NDArray[Any]:
        """A constant for every sample."""
        value = self.tensors[name].value
        assert value is not None
        return np.repeat(value[None], batch, axis=0)

    def _source(self, values: Arrays, tensor: Tensor) -> NDArray[Any]:
        if tensor.value is not None:
            return tensor.value
        if tensor.name not in values:
            raise ValueError(f"missing input {tensor.name!r}")
        return values[tensor.name]

    def _given(self, inputs: Arrays, state: Arrays | None, overrides: Arrays
               ) -> dict[str, NDArray[Any]]:
        """All that a caller gives, checked."""
        states = [s.name for s in self.states]
        if state is not None and (missing := [name for name in states if name not in state]):
            raise ValueError(f"missing state {missing[0]!r}")
        varying = [name for name, t in self.tensors.items() if t.value is None]
        values = {**self._accept("input", inputs, self.inputs),
                  **self._accept("state", state or {}, states),
                  **self._accept("override", overrides, varying)}
        if len(batches := {len(array) for array in values.values()}) > 1:
            raise ValueError(f"different numbers of samples: {sorted(batches)}")
        lengths: dict[int, set[int]] = {}
        for name, array in values.items():
            for want, have in zip(self.tensors[name].shape, array.shape[1:], strict=True):
                if isinstance(want, AtMost):
                    lengths.setdefault(want.maximum, set()).add(have)
        for maximum, found in lengths.items():
            if len(found) > 1:
                raise ValueError(f"different lengths of a dimension <={maximum}: {sorted(found)}")
        return values

    def _accept(self, what: str, arrays: Arrays, names: Sequence[str]) -> dict[str, NDArray[Any]]:
        if unknown := [name for name in arrays if name not in names]:
            raise ValueError(f"unknown {what} {unknown[0]!r}; there are {', '.join(names)}")
        values: dict[str, NDArray[Any]] = {}
        for name in names:
            if name not in arrays:
                continue
            tensor, array = self.tensors[name], np.asarray(arrays[name])
            if array.ndim < 1 or not tensor.accepts(array.shape[1:]):
                shape = ", ".join(["samples", *map(str, tensor.shape)])
                raise ValueError(f"{what} {name!r} has shape {array.shape}, but must be ({shape})")
            tensor.format.check(f"{what} {name!r}", array)
            values[name] = array.astype(tensor.format.dtype)
        return values

    def _targets(self, wanted: Sequence[str] | None) -> list[str]:
        if wanted is None:
            return [*self.outputs, *(s.update for s in self.states)]
        if unknown := [name for name in wanted if name not in self.tensors]:
            raise ValueError(f"no tensor {unknown[0]!r} to compute")
        return list(wanted)

    def _needed(self, given: Collection[str], targets: Sequence[str], *, every: bool
                ) -> list[Node]:
        """The nodes to run; all of them where ``every`` is asked for and none is overridden."""
        if every and not any(name in given for node in self.nodes for name in node.outputs):
            return list(self.nodes)
        wanted = set(targets).difference(given)
        needed: list[Node] = []
        for node in reversed(self.nodes):
            if wanted.intersection(node.outputs):
                needed.append(node)
                wanted |= set(node.inputs).difference(given)
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
            "tensors": [tensor.as_json() for tensor in self.tensors.values()],
            "nodes": [node.as_json() for node in self.nodes],
        }

    @staticmethod
    def from_json(data: object, constants: Arrays) -> Graph:
        """The inverse of :meth:`as_json`, with the constants' values by name; checked.

        Raises
        ------
        GraphError
            If the data do not describe a network.
        """
        if isinstance(data, dict) and data.get("schema") != SCHEMA:
            raise GraphError(f"schema is {data.get('schema')!r}, not {SCHEMA}")
        try:
            plain = require_keys(data, _KEYS)
            name = from_plain("name", str, plain["name"])
            inputs, outputs = (from_plain(role, tuple[str, ...], plain[role])
                               for role in ("inputs", "outputs"))
            states = [from_plain("a state", tuple[str, ...], item)
                      for item in from_plain("states", list, plain["states"])]
            if any(len(state) != 3 for state in states):
                raise ValueError("a state must list its name, initial value and update")
            tensors = [Tensor.from_json(item, constants)
                       for item in from_plain("tensors", list, plain["tensors"])]
            nodes = [Node.from_json(item) for item in from_plain("nodes", list, plain["nodes"])]
        except GraphError:
            raise
        except (TypeError, ValueError) as error:
            raise GraphError(f"not a network: {error}") from error
        return build(name, tensors, nodes, inputs, outputs, [State(*s) for s in states])

    def save(self, folder: Path) -> list[Path]:
        """Write ``graph.json`` and ``graph.npz``; the same network gives the same bytes."""
        text = json.dumps(self.as_json(), indent=1, allow_nan=False) + "\n"
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
        path = folder / "graph.json"
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise GraphError(f"{path}: not JSON ({error})") from error
        try:
            constants = load_arrays(folder / "graph.npz")
        except ValueError as error:
            raise GraphError(f"{folder / 'graph.npz'}: {error}") from error
        try:
            return Graph.from_json(data, constants)
        except GraphError as error:
            raise GraphError(f"{path}: {error}") from error


def build(name: str, tensors: Iterable[Tensor], nodes: Iterable[Node],
          inputs: Iterable[str], outputs: Iterable[str],
          states: Iterable[State] = ()) -> Graph:
    """A checked network from its parts."""
    by_name: dict[str, Tensor] = {}
    for tensor in tensors:
        if by_name.setdefault(tensor.name, tensor) is not tensor:
            raise GraphError(f"tensor {tensor.name!r} is listed twice")
    return Graph(name, by_name, tuple(nodes), tuple(inputs), tuple(outputs),
                 tuple(states)).check()
