"""Pooling, means and concatenation as units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from sw_model.formats import IntFormat
from sw_model.graph import Graph, build
from sw_model.node import Node, Tensor
from sw_model.ops import AveragePool, Concatenate, MaxPool, Mean
from sw_model.specs import ConcatSpec, MeanSpec, PoolSpec, RequantiseSpec, WindowAxis

from ..spec.fields import OneOf
from ..spec.models import MAX_SIZE
from .arithmetic import ACTIVATION, Activation
from .base import IntegerFormat, Note, UnitParameters, vector_shape

__all__ = ["ConcatenateParameters", "MeanParameters", "PoolParameters"]

LANES = "Channels served at once; by default what the target allows."
TFLITE = "TensorFlow Lite, reference"
INT8 = IntFormat(8)


class _Channels(UnitParameters):
    """What units of images have in common."""

    channels: int = Field(4, ge=1, le=MAX_SIZE, description="Of a place.")
    lanes: int | None = Field(None, ge=1, description=LANES)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.lanes is not None and self.lanes > self.channels:
            raise ValueError(f"lanes must be at most channels, {self.channels}, not {self.lanes}")
        return self

    def choices(self) -> Mapping[str, Any]:
        return {} if self.lanes is None else {"lanes": self.lanes}

    def of_node(self, name: str, node: Node, x: Tensor) -> Graph:
        """The network of a node from ``x`` to ``y``."""
        ((shape, target),) = node.infer([x])
        return build(name, [x, Tensor("y", shape, target)], [node], ["x"], ["y"])


class PoolParameters(_Channels):
    """Parameters of ``pool``."""

    summary: ClassVar[str] = (
        "The average or the largest of windows over an image, channel by channel, bit for bit as "
        "TensorFlow Lite's: line buffers, a word a cycle. One image is a sample: `vectors` must "
        "be 1.")
    paper: ClassVar[str] = f"{TFLITE}/integer_ops/pooling.h"
    variants: ClassVar[tuple[str, tuple[str, ...]]] = ("operation", ("average", "largest"))

    operation: Annotated[str, OneOf("average", "largest")] = Field("average", description="Which.")
    height: int = Field(8, ge=1, le=MAX_SIZE, description="Rows of the image.")
    width: int = Field(8, ge=1, le=MAX_SIZE, description="Places of a row.")
    kernel: int = Field(2, ge=1, le=256, description="Places of a window along both axes.")
    stride: int = Field(2, ge=1, le=256, description="Places from window to window.")
    padding: Annotated[str, OneOf("valid", "same")] = Field("valid", description=(
        "Whether windows stay within the image, or there is one for each stride."))
    format: IntegerFormat = Field(INT8, description="Of the codes: int8 or int16.")
    activation: Activation = Field("none", description=ACTIVATION)
    scale: float = Field(1.0, gt=0, description="Of the codes, for the activation.")
    zero_point: int = Field(0, description="Code of 0, for the activation.")

    def network(self, name: str, note: Note) -> Graph | None:
        def made() -> Graph:
            if self.vectors != 1:
                raise ValueError(f"vectors must be 1, not {self.vectors}")
            axis = (WindowAxis.same if self.padding == "same" else WindowAxis)
            axes = [axis(size, self.kernel, self.stride) for size in (self.height, self.width)]
            spec = self.fitting(lambda scale: PoolSpec.of(
                self.format, *axes, activation=self.activation,  # type: ignore[arg-type]
                scale=scale, zero_point=self.zero_point), "scale")
            node = (AveragePool if self.operation == "average" else MaxPool)(
                name=name, inputs=("x",), outputs=("y",), spec=spec)
            x = Tensor("x", (self.height, self.width, self.channels), self.format)
            return self.of_node(name, node, x)

        return self.attempt(note, "kernel", made)


class MeanParameters(_Channels):
    """Parameters of ``mean``."""

    summary: ClassVar[str] = (
        "The mean over the places of an image, channel by channel, or of each vector, bit for bit "
        "as TensorFlow Lite's.")
    paper: ClassVar[str] = f"{TFLITE}/reduce.h"
    variants: ClassVar[tuple[str, tuple[str, ...]]] = ("over", ("places", "channels"))

    over: Annotated[str, OneOf("places", "channels")] = Field("places", description="Which.")
    vectors: int = Field(4, ge=1, le=MAX_SIZE, description="Places, vectors of one sample.")
    source: IntegerFormat = Field(INT8, description="Format of the codes: int8 or int16.")
    target: IntegerFormat = Field(INT8, description="Format of the means.")
    scale_in: float = Field(1 / 16, gt=0, description="Of the codes.")
    scale_out: float = Field(1 / 16, gt=0, description="Of the means.")
    zero_in: int = Field(0, description="Code of 0.")
    zero_out: int = Field(0, description="Code of 0 of the means.")

    def network(self, name: str, note: Note) -> Graph | None:
        def made() -> Graph:
            places = self.over == "places"
            spec = self.fitting(lambda **scales: MeanSpec.of(
                self.source, self.target,  # type: ignore[arg-type]
                self.vectors if places else self.channels, **scales, zero_in=self.zero_in,
                zero_out=self.zero_out), "scale_in", "scale_out")
            node = Mean(name=name, inputs=("x",), outputs=("y",), spec=spec,
                        axes=(0,) if places else (1,))
            return self.of_node(name, node, Tensor("x", (self.vectors, self.channels),
                                                   self.source))

        return self.attempt(note, "source", made)


class ConcatenateParameters(UnitParameters):
    """Parameters of ``concatenate``."""

    summary: ClassVar[str] = (
        "The channels of several tensors one behind the other, each brought to the scale of the "
        "result, bit for bit as TensorFlow Lite's.")
    paper: ClassVar[str] = f"{TFLITE}/concatenation.h"

    channels: int = Field(4, ge=1, le=MAX_SIZE, description="Of each input.")
    scales: list[Annotated[float, Field(gt=0)]] = Field(
        [1 / 16, 1 / 12], min_length=1, description="Of the inputs, one for each.")
    scale_out: float = Field(1 / 12, gt=0, description="Of the result.")
    format: IntegerFormat = Field(INT8, description="Of inputs and result: int8 or int16.")
    lanes: int | None = Field(None, ge=1, description="Channels served at once; a divisor.")

    def choices(self) -> Mapping[str, Any]:
        return {"lanes": self.lanes or 1}

    def network(self, name: str, note: Note) -> Graph | None:
        def made() -> Graph:
            if self.lanes is not None and self.channels % self.lanes:
                raise ValueError(f"lanes must divide channels, {self.channels}, "
                                 f"not be {self.lanes}")
            form: Any = self.format
            ways = self.fitting(lambda scale_out: tuple(
                RequantiseSpec.between(form, form, scale_in=scale, scale_out=scale_out)
                for scale in self.scales), "scale_out")
            spec = ConcatSpec(ways=ways, channels=(self.channels,) * len(ways))
            tensors = [Tensor(f"x{k}", vector_shape(self.vectors, self.channels), form)
                       for k in range(len(ways))]
            names = [tensor.name for tensor in tensors]
            node = Concatenate(name=name, inputs=tuple(names), outputs=("y",), spec=spec)
            ((shape, target),) = node.infer(tensors)
            return build(name, [*tensors, Tensor("y", shape, target)], [node], names, ["y"])

        return self.attempt(note, "scales", made)
