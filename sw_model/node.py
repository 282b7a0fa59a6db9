"""Tensors and nodes: the vocabulary of which a network is made."""

from __future__ import annotations

import dataclasses
import math
import typing
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from .formats import Format, as_index, parse_format
from .plain import from_plain, require_keys, to_plain

__all__ = ["AtMost", "Dimension", "GraphError", "Node", "NodeError", "State", "Tensor",
           "channels", "extent", "fixed", "per_channel"]

_Made = TypeVar("_Made")


class GraphError(ValueError):
    """A network that does not make sense."""


class NodeError(GraphError):
    """A node that does not make sense; the message names it."""

    def __init__(self, node: Node, reason: str) -> None:
        super().__init__(f"node {node.name!r} ({type(node).__name__}): {reason}")
        self.node = node


@dataclass(frozen=True)
class AtMost:
    """A dimension whose length is known at run time, 1 to ``maximum``."""

    maximum: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "maximum", as_index("maximum", self.maximum))
        if self.maximum < 1:
            raise ValueError(f"maximum must be at least 1, not {self.maximum}")

    def __str__(self) -> str:
        return f"<={self.maximum}"


Dimension = int | AtMost


def extent(shape: Sequence[Dimension]) -> int:
    """Number of elements of ``shape``, each run-time dimension at its longest."""
    return math.prod(d.maximum if isinstance(d, AtMost) else d for d in shape)


def channels(shape: Sequence[Dimension]) -> Dimension:
    """The last axis of ``shape``; a scalar is one channel."""
    return shape[-1] if shape else 1


@dataclass(frozen=True)
class Tensor:
    """A named array of codes.

    Parameters
    ----------
    name : str
        Unique in its network.
    shape : tuple of int or AtMost
        Per sample: the batch axis is not part of it. At most one run-time dimension.
    format : Format
        Of every element.
    scale : tuple of float or None
        For people and for ``--dequantise``: real = scale * (value - zero_point), one
        scale for all or one for each element of the last axis. None if unknown.
    zero_point : int
        The value, on the format's grid, that stands for real zero.
    value : numpy.ndarray or None
        Codes, if the tensor is constant.
    """

    name: str
    shape: tuple[Dimension, ...]
    format: Format
    scale: tuple[float, ...] | None = None
    zero_point: int = 0
    value: NDArray[Any] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise TypeError(f"the name of a tensor must be a string, not {self.name!r}")
        if not isinstance(self.format, Format):
            raise TypeError(f"tensor {self.name!r}: format must be a Format, not {self.format!r}")
        object.__setattr__(self, "shape", tuple(self._dimension(d) for d in self.shape))
        if sum(isinstance(d, AtMost) for d in self.shape) > 1:
            raise GraphError(f"tensor {self.name!r}: more than one run-time dimension")
        object.__setattr__(self, "zero_point", as_index("zero_point", self.zero_point))
        if self.scale is not None:
            object.__setattr__(self, "scale", tuple(float(s) for s in self.scale))
            if not self.scale or not all(map(math.isfinite, self.scale)):
                raise GraphError(f"tensor {self.name!r}: scale must be finite numbers, "
                                 f"not {self.scale}")
        if self.value is not None:
            object.__setattr__(self, "value", self._frozen(self.value))

    def _dimension(self, dimension: Dimension) -> Dimension:
        if isinstance(dimension, AtMost):
            return dimension
        length = as_index(f"a dimension of tensor {self.name!r}", dimension)
        if length < 0:
            raise GraphError(f"tensor {self.name!r}: a dimension must be at least 0, not {length}")
        return length

    def _frozen(self, value: NDArray[Any]) -> NDArray[Any]:
        """``value`` checked, in the format's own type, and safe from its owner's changes."""
        if not isinstance(value, np.ndarray):
            raise TypeError(f"tensor {self.name!r}: value must be an array, not {value!r}")
        if value.shape != self.shape:
            raise GraphError(f"tensor {self.name!r}: value has shape {value.shape}, "
                             f"but the tensor {_listed(self.shape)}")
        self.format.check(f"tensor {self.name!r}: value", value)
        if value.flags.writeable or not value.flags.owndata or value.dtype != self.format.dtype:
            value = value.astype(self.format.dtype)
            value.flags.writeable = False
        return value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tensor):
            return NotImplemented
        if any(getattr(self, item.name) != getattr(other, item.name)
               for item in dataclasses.fields(self) if item.compare):
            return False
        if self.value is None or other.value is None:
            return self.value is other.value
        return self.value is other.value or np.array_equal(self.value, other.value)

    @property
    def elements(self) -> int:
        """Elements of one sample, a run-time dimension at its longest."""
        return extent(self.shape)

    def accepts(self, shape: Sequence[int]) -> bool:
        """Whether an array of ``shape`` (one sample) can be this tensor."""
        return len(shape) == len(self.shape) and all(
            1 <= have <= want.maximum if isinstance(want, AtMost) else have == want
            for have, want in zip(shape, self.shape, strict=True))

    def as_json(self) -> dict[str, Any]:
        """The tensor as plain data, without its value."""
        data: dict[str, Any] = {
            "name": self.name,
            "shape": [str(d) if isinstance(d, AtMost) else d for d in self.shape],
            "format": str(self.format)}
        if self.scale is not None:
            data["scale"] = list(self.scale)
        if self.zero_point:
            data["zero_point"] = self.zero_point
        if self.value is not None:
            data["constant"] = True
        return data

    @staticmethod
    def from_json(data: object, constants: Mapping[str, NDArray[Any]]) -> Tensor:
        """The inverse of :meth:`as_json`, with the values of constants by name.

        Raises
        ------
        GraphError
            If a field is missing, unknown or of the wrong kind, or the value is missing.
        """
        name = data.get("name") if isinstance(data, dict) else None
        try:
            plain = require_keys(data, frozenset({"name", "shape", "format"}),
                                 frozenset({"scale", "zero_point", "constant"}))
            name, scale = from_plain("name", str, name), plain.get("scale")
            constant = from_plain("constant", bool, plain.get("constant", False))
            if constant and name not in constants:
                raise ValueError("its value is missing")
            return Tensor(
                name, tuple(_length(d) for d in from_plain("shape", list, plain["shape"])),
                parse_format(plain["format"]),
                None if scale is None else from_plain("scale", tuple[float, ...], scale),
                from_plain("zero_point", int, plain.get("zero_point", 0)),
                constants[name] if constant else None)
        except (TypeError, ValueError) as error:
            what = f"tensor {name!r}: "
            raise GraphError(what + str(error).removeprefix(what)) from error


def _length(plain: object) -> Dimension:
    """A dimension as :meth:`Tensor.as_json` has it."""
    if isinstance(plain, str):
        if not (plain.startswith("<=") and plain[2:].isascii() and plain[2:].isdigit()):
            raise ValueError(f"a dimension must be a number or like '<=8', not {plain!r}")
        return AtMost(int(plain[2:]))
    return as_index("a dimension", plain)


def _listed(shape: Sequence[Dimension]) -> str:
    return f"[{', '.join(map(str, shape))}]"


@dataclass(frozen=True)
class State:
    """A tensor that lives between calls.

    Parameters
    ----------
    name : str
        The tensor that nodes read: the value before this step.
    initial : str
        Constant tensor that it holds after a reset.
    update : str
        Tensor whose value at the end of a step becomes the next one's state.
    """

    name: str
    initial: str
    update: str


@dataclass(frozen=True, kw_only=True)
class Node(ABC):
    """One operation: frozen parameters, shape and format inference, and a golden ``run``.

    Every subclass registers itself under its class name, which is how it is spelt in
    ``graph.json``, unless that begins with an underscore: a base of several. Arrays are
    constant tensors among ``inputs``, never parameters.
    """

    #: Every operation there is, by name.
    registry: ClassVar[dict[str, type[Node]]] = {}
    #: Whether a unit of the hardware exists that can run it on integer tensors.
    synthesisable: ClassVar[bool] = False

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__name__.startswith("_"):
            return
        known = Node.registry.setdefault(cls.__name__, cls)
        if known is not cls:
            raise TypeError(f"there are two operations called {cls.__name__}, in "
                            f"{known.__module__} and {cls.__module__}")

    def __post_init__(self) -> None:
        for role in ("inputs", "outputs"):
            names = getattr(self, role)
            if isinstance(names, str) or not all(isinstance(name, str) for name in names):
                raise TypeError(f"{role} must be names of tensors, not {names!r}")
            object.__setattr__(self, role, tuple(names))

    @abstractmethod
    def infer(self, inputs: Sequence[Tensor]) -> tuple[tuple[tuple[Dimension, ...], Format], ...]:
        """Shape and format of every output.

        Raises
        ------
        NodeError
            If the inputs do not fit the operation.
        """

    @abstractmethod
    def run(self, inputs: Sequence[Tensor], values: Sequence[NDArray[Any]]
            ) -> tuple[NDArray[Any], ...]:
        """Codes of every output, from codes with a leading batch axis (constants have none)."""

    def require(self, condition: bool, reason: str) -> None:
        """Raise :class:`NodeError` with ``reason`` unless ``condition``."""
        if not condition:
            raise NodeError(self, reason)

    def checked(self, make: Callable[[], _Made]) -> _Made:
        """What ``make`` returns; :class:`NodeError` if it raises TypeError or ValueError."""
        try:
            return make()
        except (TypeError, ValueError) as error:
            raise NodeError(self, str(error)) from error

    def arity(self, inputs: Sequence[Tensor], *counts: int) -> None:
        """Raise :class:`NodeError` unless the node has one of ``counts`` inputs."""
        allowed = " or ".join(str(count) for count in counts)
        noun = "input" if counts == (1,) else "inputs"
        self.require(len(inputs) in counts, f"needs {allowed} {noun}, not {len(inputs)}")

    def as_json(self) -> dict[str, Any]:
        """The node as plain data."""
        return {"op": type(self).__name__, **{
            item.name: to_plain(getattr(self, item.name)) for item in dataclasses.fields(self)}}

    @staticmethod
    def from_json(data: object) -> Node:
        """The inverse of :meth:`as_json`.

        Raises
        ------
        GraphError
            If the operation is unknown or a parameter is missing, unknown or of the wrong
            kind.
        """
        rest = dict(data) if isinstance(data, dict) else {}
        operation = rest.pop("op", None)
        cls = Node.registry.get(operation) if isinstance(operation, str) else None
        if cls is None:
            raise GraphError(f"unknown operation {operation!r}; there are "
                             f"{', '.join(sorted(Node.registry))}")
        hints = typing.get_type_hints(cls)
        items = dataclasses.fields(cls)
        try:
            require_keys(rest, *(
                frozenset(i.name for i in items if (i.default is dataclasses.MISSING) == needed)
                for needed in (True, False)))
            return cls(**{key: from_plain(key, hints[key], rest[key]) for key in rest})
        except (TypeError, ValueError) as error:
            raise GraphError(f"node {rest.get('name')!r} ({operation}): {error}") from error


def per_channel(array: NDArray[Any], count: Dimension) -> bool:
    """Whether a parameter has one row for all channels or one for each of ``count``."""
    return array.ndim >= 1 and array.shape[0] in (1, count)


def fixed(tensor: Tensor, codes: NDArray[Any]) -> NDArray[Any]:
    """Values of ``codes`` on their format's grid, without a copy where codes are values."""
    form = tensor.format
    if (form.min, form.max) == (form.fixed_min, form.fixed_max):
        return codes
    return form.to_fixed(codes)
