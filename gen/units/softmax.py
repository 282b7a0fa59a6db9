"""Softmax as units: one interface, several ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from sw_model.formats import IntFormat
from sw_model.graph import Graph
from sw_model.node import Node
from sw_model.ops import (
    OnlineSoftmax,
    Shiftmax,
    SinglePassSoftmax,
    TfliteSoftmax,
    TwoPassSoftmax,
    UnifiedSoftmax,
    softmax_parameters,
)
from sw_model.specs import (
    ExtendedExponentialSpec,
    OnlineSoftmaxSpec,
    ShiftmaxSpec,
    SinglePassSoftmaxSpec,
    TfliteSoftmaxSpec,
    TwoPassSoftmaxSpec,
    UnifiedSoftmaxSpec,
)

from ..spec.fields import NumberFormat, OneOf
from .base import Note, Wrong
from .rows import RowParameters

__all__ = ["SoftmaxParameters"]


class SoftmaxParameters(RowParameters):
    """Parameters of ``softmax``."""

    summary: ClassVar[str] = (
        "exp(x) over its sum in each row: bit for bit as TensorFlow Lite has it, I-ViT's Shiftmax "
        "as published and repaired, Edge-MoE's running maximum and sum, two passes over mantissas "
        "and exponents, base 2 with an integer running maximum, or FlashDecoding++'s unified "
        "maximum.")
    paper: ClassVar[str] = (
        "Jacob et al., CVPR 2018; Li and Gu, I-ViT, ICCV 2023; Sarkar et al., Edge-MoE, ICCAD "
        "2023; Dukhan and Ablavatski, Two-pass softmax, 2020; Milakov and Gimelshein, Online "
        "normalizer calculation, 2018; Hong et al., FlashDecoding++, MLSys 2024")

    way: Annotated[str, OneOf("tflite", "shiftmax", "repaired_shiftmax", "single_pass",
                              "two_pass", "online", "unified")] = Field(
        "online", description="How it is computed.")
    source: NumberFormat = Field(IntFormat(8), description="Format of the elements, integers.")
    scale: float = Field(0.0625, gt=0, description="Real size of the source's unit.")
    bits: int = Field(8, ge=2, le=24, description=(
        "Of the results: unsigned, in units of 2**-bits; of Shiftmax signed, in units of "
        "2**-(bits - 1); of TensorFlow Lite 8 or 16, in units of 2**-bits from the least code."))
    maximum: int = Field(0, description="The unified maximum, a code.")
    reach: float = Field(6.5, gt=0, description=(
        "How far, in reals, elements may be above the unified maximum; below it all may be, but "
        "none nearer than that."))

    variants: ClassVar[tuple[str, tuple[str, ...]]] = (
        "way", ("tflite", "shiftmax", "repaired_shiftmax", "single_pass", "two_pass", "online",
                "unified"))

    renamed: ClassVar[Mapping[str, str]] = {"input": "source"}

    def network(self, name: str, note: Note) -> Graph | None:
        def made() -> Graph:
            ports: dict[str, Any] = {"name": name, "inputs": ("x",), "outputs": ("y",)}
            return self.of_node(name, self._node(ports), self.source, [])

        return self.attempt(note, "way", made)

    @property
    def _tile(self) -> int:
        """Elements that are summed with one maximum: those of a word."""
        return self.lanes or 1

    def choices(self) -> dict[str, Any]:
        return {"lanes": self._tile}

    def _node(self, ports: dict[str, Any]) -> Node:
        return _NODES[self.way](self, ports)

    def _tflite(self, ports: dict[str, Any]) -> Node:
        if self.bits not in (8, 16):
            raise Wrong("bits", f"must be 8 or 16 for tflite, not {self.bits}")
        longest = TfliteSoftmaxSpec.LONGEST
        if self.length > longest:
            raise Wrong("length", f"must be at most {longest} for tflite, not {self.length}")
        multiplier, shift, diff_min = self.fitting(
            lambda scale: softmax_parameters(scale), "scale")
        return TfliteSoftmax(**ports, spec=TfliteSoftmaxSpec(
            multiplier=multiplier, shift=shift, diff_min=diff_min, target=IntFormat(self.bits)))

    def _published(self, ports: dict[str, Any]) -> Node:
        return Shiftmax(**ports, spec=self.fitting(lambda scale: ShiftmaxSpec.published(
            self._integers, scale, width=self.bits), "scale"))

    def _repaired(self, ports: dict[str, Any]) -> Node:
        return Shiftmax(**ports, spec=self.fitting(lambda scale: ShiftmaxSpec.repaired(
            self._integers, scale, width=self.bits), "scale"))

    def _single_pass(self, ports: dict[str, Any]) -> Node:
        return SinglePassSoftmax(**ports, spec=self.fitting(
            lambda scale: SinglePassSoftmaxSpec.from_scale(
                self._integers, scale, target=self._target, tile=self._tile), "scale"))

    def _two_pass(self, ports: dict[str, Any]) -> Node:
        return TwoPassSoftmax(**ports, spec=self.fitting(
            lambda scale: TwoPassSoftmaxSpec.from_scale(
                self.source, scale, target=self._target, tile=self._tile), "scale"))

    def _online(self, ports: dict[str, Any]) -> Node:
        return OnlineSoftmax(**ports, spec=self._online_spec)

    def _unified(self, ports: dict[str, Any]) -> Node:
        form, online = self.source, self._online_spec
        if not form.min <= self.maximum <= form.max:
            raise Wrong("maximum", f"must be a code of {form}, {form.min} to {form.max}, not "
                                   f"{self.maximum}")
        return UnifiedSoftmax(**ports, spec=self.fitting(lambda reach: UnifiedSoftmaxSpec.around(
            online, maximum=self.maximum, below=-reach, above=reach, scale=self.scale), "reach"))

    @property
    def _target(self) -> IntFormat:
        return IntFormat(self.bits, signed=False)

    @property
    def _integers(self) -> IntFormat:
        if not isinstance(self.source, IntFormat):
            raise Wrong("source", f"must be integers for {self.way}, not {self.source}")
        return self.source

    @property
    def _online_spec(self) -> OnlineSoftmaxSpec:
        return self.fitting(lambda scale: OnlineSoftmaxSpec(
            power=ExtendedExponentialSpec.from_scale(self.source, scale),
            target=self._target, tile=self._tile), "scale")


_NODES: dict[str, Callable[[SoftmaxParameters, dict[str, Any]], Node]] = {
    "tflite": SoftmaxParameters._tflite,
    "shiftmax": SoftmaxParameters._published,
    "repaired_shiftmax": SoftmaxParameters._repaired,
    "single_pass": SoftmaxParameters._single_pass,
    "two_pass": SoftmaxParameters._two_pass,
    "online": SoftmaxParameters._online,
    "unified": SoftmaxParameters._unified,
}
