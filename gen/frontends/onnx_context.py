"""What the importers of ONNX operators share: the values so far, checked access to operands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sw_model.faults import InputFault
from sw_model.formats import Float32Format

from .limits import MAX_RANK
from .onnx_builder import Builder
from .onnx_reader import OnnxModel, OnnxNode
from .onnx_values import Constant, Dynamic, Hindrance, Value

__all__ = ["Context", "Handler"]

T = TypeVar("T", int, float, str)


class Context:
    """One import under way.

    Members
    -------
    model : OnnxModel
    build : Builder
        The graph so far.
    values : dict
        What is known of every tensor; None behind a node that is not supported.
    as_onnxruntime : bool
        Whether products are rescaled as ONNX Runtime's fused kernels do it: a model that
        QuantizeLinear alone quantises.
    """

    def __init__(self, model: OnnxModel, *, as_onnxruntime: bool) -> None:
        self.model, self.as_onnxruntime = model, as_onnxruntime
        made = {name for node in model.nodes for name in node.outputs}
        self.build = Builder({*made, *(i.name for i in model.inputs), *model.outputs})
        self.values: dict[str, Value | None] = {}
        self._readers: dict[str, int] = {}
        for name in [*model.outputs, *(i for n in model.nodes for i in n.inputs)]:
            self._readers[name] = self._readers.get(name, 0) + 1
        #: Elements that folding may still make: a small file must not ask for a large job.
        self._allowance = 2**22 + 64 * model.stored

    def fault(self, node: OnnxNode, text: str) -> InputFault:
        """A fault of the file at ``node``."""
        return InputFault(f"{self.model.where}: node {node.name!r} ({node.operator}): {text}")

    def spend(self, node: OnnxNode, elements: int) -> None:
        """Account for ``elements`` made by constant folding.

        Raises
        ------
        InputFault
            If folding makes far more than the file holds.
        """
        self._allowance -= elements
        if self._allowance < 0:
            raise self.fault(node, "constants grow beyond 64 times what the file holds")

    def read_once(self, name: str) -> bool:
        """Whether tensor ``name`` of the file has one reader and is no output."""
        return self._readers.get(name) == 1 and name not in self.model.outputs

    def arity(self, node: OnnxNode, least: int, most: int) -> None:
        """Raise InputFault unless ``node`` has from ``least`` to ``most`` inputs and an output."""
        count = len(node.inputs)
        if not least <= count <= most or "" in node.inputs[:least]:
            allowed = str(least) if least == most else f"{least} to {most}"
            raise self.fault(node, f"needs {allowed} inputs, not "
                                   f"{sum(1 for i in node.inputs if i)}")
        if not node.outputs or not node.outputs[0]:
            raise self.fault(node, "has no output")

    def has(self, node: OnnxNode, index: int) -> bool:
        """Whether the optional input ``index`` is there."""
        return len(node.inputs) > index and bool(node.inputs[index])

    def operand(self, node: OnnxNode, index: int) -> Value:
        """Input ``index``, of which :meth:`arity` has made sure."""
        value = self.values[node.inputs[index]]
        assert value is not None
        return value

    def constant(self, node: OnnxNode, index: int, what: str) -> Constant:
        """Input ``index``, which must be known now.

        Raises
        ------
        Hindrance
            If it is computed at run time.
        """
        value = self.operand(node, index)
        if isinstance(value, Dynamic):
            raise Hindrance(f"{what} {node.inputs[index]!r} is computed at run time",
                            f"make the {what} a constant")
        return value

    def floats(self, node: OnnxNode, index: int, what: str) -> NDArray[np.float32]:
        """Input ``index``: float32 constants, all finite."""
        constant = self.constant(node, index, what)
        self.require_floats(node, what, constant)
        return constant.array

    def require_floats(self, node: OnnxNode, what: str, constant: Constant) -> None:
        """Raise InputFault unless ``constant`` is float32, finite and not empty."""
        if constant.format != Float32Format():
            raise self.fault(node, f"{what} must be float32, not {constant.format}")
        if constant.array.size == 0:
            raise self.fault(node, f"{what} is empty")
        if not np.isfinite(constant.array).all():
            raise self.fault(node, f"{what} holds NaN or infinity")

    def integers(self, node: OnnxNode, index: int, what: str) -> list[int]:
        """Input ``index``: an int64 constant vector or scalar of at most ``MAX_RANK`` + 1."""
        constant = self.constant(node, index, what)
        if constant.array.dtype != np.int64 or constant.array.ndim > 1:
            raise self.fault(node, f"{what} must be a vector of int64, not {constant.format} "
                                   f"of shape {list(constant.array.shape)}")
        if constant.array.size > MAX_RANK + 1:
            raise self.fault(node, f"{what} has {constant.array.size} elements, but at most "
                                   f"{MAX_RANK + 1} are allowed")
        return [int(k) for k in constant.array.ravel()]

    def real(self, node: OnnxNode, index: int) -> Dynamic:
        """Input ``index``: a float32 tensor that is computed at run time."""
        value = self.operand(node, index)
        if isinstance(value, Constant):
            raise Hindrance(f"operand {node.inputs[index]!r} is constant where one computed at "
                            "run time is needed", "fold it in the exporter")
        format_ = self.build.tensors[value.tensor].format
        if format_ != Float32Format():
            raise self.fault(node, f"input {node.inputs[index]!r} is {format_}, but must be "
                                   "float32")
        return value

    def attribute(self, node: OnnxNode, name: str, default: T) -> T:
        """Attribute ``name``, of the type of ``default``."""
        value = node.attributes.get(name, default)
        if type(value) is not type(default):
            raise self.fault(node, f"attribute {name!r} must be of type "
                                   f"{type(default).__name__}")
        if isinstance(value, float) and not np.isfinite(value):
            raise self.fault(node, f"attribute {name!r} is {value}, but must be finite")
        return value

    def integer_list(self, node: OnnxNode, name: str) -> list[int] | None:
        """Attribute ``name``: a short list of integers, or None if it is absent."""
        value = node.attributes.get(name)
        if name not in node.attributes:
            return None
        if not isinstance(value, list) or not all(isinstance(k, int) for k in value):
            raise self.fault(node, f"attribute {name!r} must be a list of integers")
        if len(value) > MAX_RANK + 1:
            raise self.fault(node, f"attribute {name!r} has {len(value)} elements, but at most "
                                   f"{MAX_RANK + 1} are allowed")
        return value

    def axis(self, node: OnnxNode, axis: int, rank: int) -> int:
        """``axis`` counted from the front.

        Raises
        ------
        InputFault
            If there is no such axis.
        """
        if not -rank <= axis < rank:
            raise self.fault(node, f"axis {axis} of a tensor with {rank} axes")
        return axis % rank

    def full_shape(self, value: Value) -> tuple[int, ...]:
        """Shape as ONNX sees it, with the batch axis."""
        if isinstance(value, Constant):
            return tuple(value.array.shape)
        return (self.model.batch, *self.build.shape(value.tensor))

    def per_sample(self, node: OnnxNode, what: str, array: NDArray[Any], shape: Sequence[int]
                   ) -> NDArray[Any]:
        """``array`` without leading axes of length 1, to broadcast to one sample of ``shape``.

        One element comes back in shape (1,), or () where ``shape`` is.

        Raises
        ------
        InputFault
            If it does not broadcast.
        Hindrance
            If it differs from sample to sample, or broadcasting would add to ``shape``.
        """
        if array.ndim > len(shape) + 1:
            raise Hindrance(f"{what} has {array.ndim} axes, more than its operand",
                            "drop its leading axes in the exporter")
        if array.size == 1:
            return array.reshape((1,) if shape else ())
        while array.ndim > len(shape) and array.shape[0] == 1:
            array = array[0]
        if array.ndim == len(shape) + 1 and array.shape[0] == self.model.batch:
            raise Hindrance(f"{what} differs from sample to sample", "give one for all samples")
        try:
            wide = np.broadcast_shapes(array.shape, tuple(shape))
        except ValueError:
            wide = ()
        if not wide:
            raise self.fault(node, f"{what} of shape {list(array.shape)} does not broadcast to "
                                   f"{list(shape)} (one sample)")
        if wide != tuple(shape):
            raise Hindrance(f"{what} of shape {list(array.shape)} would widen {list(shape)} "
                            "(one sample)", "expand the other operand in the exporter")
        return array

    def define(self, node: OnnxNode, value: Value) -> None:
        """Let ``value`` be the first output of ``node``; the others must not be used."""
        for name in node.outputs[1:]:
            if name and (self._readers.get(name) or name in self.model.outputs):
                raise Hindrance(f"output {name!r} is used", "only the first output is supported")
        self.values[node.outputs[0]] = value


Handler = Callable[[Context, OnnxNode], None]
