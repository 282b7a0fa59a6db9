"""Tensors and nodes: the vocabulary of which a network is made."""

from __future__ import annotations

import dataclasses
import enum
import typing
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from numpy.typing import NDArray

from .formats import Format, as_index, parse_format

__all__ = ["AtMost", "Dimension", "GraphError", "Node", "NodeError", "State", "Tensor",
           "extent", "fixed", "per_channel"]


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
    count = 1
    for dimension in shape:
        count *= dimension.maximum if isinstance(dimension, AtMost) else dimension
    return count


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
        if sum(isinstance(d, AtMost) for d in self.shape) > 1:
            raise GraphError(f"tensor {self.name!r}: more than one run-time dimension")
        if self.value is not None:
            if self.value.shape != self.shape:
                raise GraphError(f"tensor {self.name!r}: value has shape {self.value.shape}, "
                                 f"but the tensor {self.shape}")
            self.format.check(f"tensor {self.name!r}", self.value)
            object.__setattr__(self, "value", self.value.astype(self.format.dtype))

    @property
    def elements(self) -> int:
        """Elements of one sample, a run-time dimension at its longest."""
        return extent(self.shape)

    def accepts(self, shape: Sequence[int]) -> bool:
        """Whether an array of ``shape`` (one sample) can be this tensor."""
        return len(shape) == len(self.shape) and all(
            1 <= have <= want.maximum if isinstance(want, AtMost) else have == want
            for have, want in zip(shape, self.shape, strict=True))


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
    ``graph.json``. Arrays are constant tensors among ``inputs``, never parameters.
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
        Node.registry[cls.__name__] = cls

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

    def arity(self, inputs: Sequence[Tensor], *counts: int) -> None:
        """Raise :class:`NodeError` unless the node has one of ``counts`` inputs."""
        allowed = " or ".join(str(count) for count in counts)
        self.require(len(inputs) in counts, f"needs {allowed} inputs, not {len(inputs)}")

    def as_json(self) -> dict[str, Any]:
        """The node as plain data."""
        data: dict[str, Any] = {"op": type(self).__name__}
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            if isinstance(value, enum.Enum):
                value = value.value
            elif isinstance(value, Format):
                value = str(value)
            elif isinstance(value, tuple):
                value = [str(v) if isinstance(v, AtMost) else v for v in value]
            data[item.name] = value
        return data

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Node:
        """The inverse of :meth:`as_json`.

        Raises
        ------
        GraphError
            If the operation is unknown or a parameter is missing or of the wrong kind.
        """
        rest = dict(data)
        cls = Node.registry.get(rest.pop("op", ""))
        if cls is None:
            raise GraphError(f"unknown operation {data.get('op')!r}; there are "
                             f"{', '.join(sorted(Node.registry))}")
        hints = typing.get_type_hints(cls)
        try:
            return cls(**{key: _from_plain(hints[key], value) for key, value in rest.items()})
        except (KeyError, TypeError, ValueError) as error:
            raise GraphError(f"node {data.get('name')!r} ({cls.__name__}): {error}") from error


def _from_plain(hint: Any, value: Any) -> Any:
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return hint(value)
    if isinstance(hint, type) and issubclass(hint, Format):
        return parse_format(value)
    if isinstance(value, list):
        return tuple(AtMost(int(v[2:])) if isinstance(v, str) and v.startswith("<=") else v
                     for v in value)
    return value


def per_channel(array: NDArray[Any], channels: Dimension) -> bool:
    """Whether a parameter of shape (1,) or (channels,) fits ``channels``."""
    return array.ndim >= 1 and array.shape[0] in (1, channels)


def fixed(tensor: Tensor, codes: NDArray[Any]) -> NDArray[Any]:
    """Values of ``codes`` on their format's grid, without a copy where codes are values."""
    form = tensor.format
    if (form.min, form.max) == (form.fixed_min, form.fixed_max):
        return codes
    return tensor.format.to_fixed(codes)


