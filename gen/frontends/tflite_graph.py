"""What a TFLite file's operators are drawn on: tensors and nodes of the graph to be."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from sw_model.faults import InputFault
from sw_model.formats import Float32Format, Format, IntFormat
from sw_model.node import Node, Tensor
from sw_model.ops import RescaleMode

from .names import Names, printable, readable
from .tflite_reader import ModelFile, OperatorFile, Quantisation, TensorFile

__all__ = ["Drawing", "Refusal"]

#: Formats of the activations that can be read, by TFLite's type.
ACTIVATIONS: dict[str, Format] = {
    "INT8": IntFormat(8), "UINT8": IntFormat(8, signed=False), "FLOAT32": Float32Format(),
}


class Refusal(Exception):
    """An operator that is not supported: why, and what the user can do about it."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy


class Drawing:
    """The graph as it grows, operator by operator.

    Parameters
    ----------
    model : ModelFile
    rounding : RescaleMode
        Of FULLY_CONNECTED.

    Members
    -------
    tensors : dict of str to Tensor
    nodes : list of Node
    """

    def __init__(self, model: ModelFile, rounding: RescaleMode) -> None:
        self.model, self.rounding = model, rounding
        self.tensors: dict[str, Tensor] = {}
        self.nodes: list[Node] = []
        self._node_names, self._tensor_names = Names(), Names()
        self._names: dict[int, str] = {}
        self._constants: dict[int, str] = {}
        self._unnamed: Counter[str] = Counter()
        # The ends of the model come first: users know them by the names in the file.
        for kind, numbers in (("in", model.inputs), ("out", model.outputs)):
            for place, number in enumerate(numbers):
                if number not in self._names:
                    name = printable(model.tensor(number).name) or f"{kind}{place}"
                    self._names[number] = self._tensor_names.unique(name)

    def fault(self, operator: OperatorFile, message: str) -> InputFault:
        """The fault to raise for ``operator``."""
        return self.model.fault(f"{operator}: {message}")

    def ends(self, operator: OperatorFile, *counts: int) -> tuple[TensorFile, TensorFile]:
        """The first input and the only output of an operator of ``counts`` inputs."""
        inputs, outputs = operator.inputs, operator.outputs
        if len(inputs) not in counts or len(outputs) != 1:
            allowed = " or ".join(map(str, counts))
            raise self.fault(operator, f"{len(inputs)} inputs and {len(outputs)} outputs, "
                             f"but it must have {allowed} and 1")
        if inputs[0] == -1:
            raise self.fault(operator, "its first input is left out")
        x, y = self.model.tensor(inputs[0]), self.model.tensor(outputs[0])
        if x.data is not None:
            raise Refusal("its input is a constant", "fold constants before the export")
        for tensor in (x, y):
            self.check_activation(tensor)
        if x.shape[0] != y.shape[0]:
            raise Refusal(f"it changes the batch axis: {list(x.shape)} becomes {list(y.shape)}",
                          "keep axis 0, which is the batch, as it is")
        return x, y

    def check_activation(self, tensor: TensorFile) -> None:
        """Raise :class:`Refusal` unless ``tensor`` can be a tensor of the graph."""
        if tensor.kind not in ACTIVATIONS:
            raise Refusal(f"{tensor} is {tensor.kind}", "quantise the model to int8")
        if tensor.special:
            raise Refusal(f"{tensor} {tensor.special}", "export without it")
        if len(tensor.shape) < 2:
            raise Refusal(f"{tensor} has shape {list(tensor.shape)}, no batch axis and others",
                          "give every activation a batch axis 0")
        if any(length < 0 for length in tensor.signature[1:]):
            raise Refusal(f"{tensor} has lengths that are known at run time, "
                          f"{list(tensor.signature)}", "export with fixed shapes")

    def one_scale(self, operator: OperatorFile, tensor: TensorFile) -> tuple[float, int]:
        """Scale and zero point of an activation."""
        quantisation = self.quantised(operator, tensor)
        if quantisation.scales.size != 1:
            raise self.fault(operator, f"{tensor} has {quantisation.scales.size} scales, "
                             "but an activation must have one")
        return float(quantisation.scales[0]), int(quantisation.zero_points[0])

    def quantised(self, operator: OperatorFile, tensor: TensorFile) -> Quantisation:
        """The quantisation that ``tensor`` must have."""
        if tensor.quantisation is None:
            raise self.fault(operator, f"{tensor} is {tensor.kind}, but has no scale")
        return tensor.quantisation

    def layer_name(self, operator: OperatorFile, *tensors: TensorFile) -> str:
        """A short, unique name for the node: what the file calls its tensors, or its kind."""
        for tensor in tensors:
            if name := readable(tensor.name):
                return self._node_names.unique(name)
        short = {"FULLY_CONNECTED": "fc"}.get(operator.kind, operator.kind.lower())
        count = self._unnamed[short]
        self._unnamed[short] += 1
        return self._node_names.unique(f"{short}{count}")

    def name_of(self, tensor: TensorFile, instead: str = "") -> str:
        """The name of ``tensor`` in the graph; ``instead`` where the file has none to show."""
        if tensor.number not in self._names:
            name = readable(tensor.name) or instead or f"t{tensor.number}"
            self._names[tensor.number] = self._tensor_names.unique(name)
        return self._names[tensor.number]

    def activation(self, tensor: TensorFile, instead: str = "") -> str:
        """Draw ``tensor`` if it is not there yet; returns its name."""
        name = self.name_of(tensor, instead)
        if name not in self.tensors:
            scale, zero_point = None, 0
            if tensor.quantisation is not None and tensor.kind != "FLOAT32":
                scale = tuple(float(s) for s in tensor.quantisation.scales)
                zero_point = int(tensor.quantisation.zero_points[0])
            self.tensors[name] = Tensor(name, tensor.shape[1:], ACTIVATIONS[tensor.kind],
                                        scale, zero_point)
        return name

    def between(self, name: str, shape: tuple[int, ...], format_: Format,
                scale: tuple[float, ...], zero_point: int = 0) -> str:
        """Draw a tensor that the file does not have; returns its name."""
        return self._add(Tensor(self._tensor_names.unique(name), shape, format_, scale, zero_point))

    def constant(self, name: str, value: NDArray[np.generic], format_: Format,
                 scale: tuple[float, ...] | None = None) -> str:
        """Draw a constant; returns its name."""
        value = np.asarray(value)
        unique = self._tensor_names.unique(name)
        return self._add(Tensor(unique, value.shape, format_, scale, 0, value))

    def shared(self, tensor: TensorFile, name: str, value: NDArray[np.generic], format_: Format
               ) -> str:
        """Draw a constant of the file, once for all that read it; returns its name."""
        if tensor.number not in self._constants:
            self._constants[tensor.number] = self.constant(name, value, format_)
        return self._constants[tensor.number]

    def _add(self, tensor: Tensor) -> str:
        self.tensors[tensor.name] = tensor
        return tensor.name
