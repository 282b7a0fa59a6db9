"""What a spec may say, as models that check themselves; keys that they do not know are faults."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from boards.devices import DEVICES, device
from boards.table import BOARDS, board
from hw.pe import CONSTANT_KINDS, PE_KINDS
from sw_model.faults import InputFault
from sw_model.ops import RescaleMode

from ..frontends import ROUNDINGS as TFLITE_ROUNDINGS
from ..passes.forms import FORMS
from .fields import Bias, NumberFormat, OneOf, Rate, Scale, Weights

__all__ = [
    "Budget", "Choices", "Common", "DESIGN_NAME", "Folding", "InlineNetwork", "InputTensor",
    "Layer", "MAX_SIZE", "MEMORIES", "ModelNetwork", "NAME", "Named", "Part", "Processing",
    "ROUNDINGS", "Sweep", "SweepItem", "Target", "Unit", "Verify",
]

#: Names of tensors and layers.
NAME = r"^[A-Za-z_][A-Za-z0-9_]{0,62}$"
#: Names of designs, which name folders too.
DESIGN_NAME = r"^[A-Za-z_][A-Za-z0-9_.-]{0,62}$"
#: Longest vector, and most lanes, rows or vectors.
MAX_SIZE = 65_536

MEMORIES = ("auto", "block", "distributed")
ROUNDINGS = tuple(mode.value for mode in RescaleMode)
_TFLITE = tuple(mode.value for mode in TFLITE_ROUNDINGS)


class Part(BaseModel):
    """A mapping of a spec: values of exactly the stated type, no other keys, never changed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True,
                              arbitrary_types_allowed=True)


def _no_device(name: str) -> None:
    try:
        device(name)
    except InputFault as fault:
        raise ValueError(str(fault)) from None


def _no_board(name: str) -> None:
    try:
        board(name)
    except InputFault as fault:
        raise ValueError(str(fault)) from None
    raise ValueError(f"a board of a file, {name!r}, is named on the command line: --board")


class Target(Part):
    """What to build for."""

    device: Annotated[str, OneOf(*DEVICES, but=_no_device)] = Field(
        default="ecp5-85k", description="FPGA.")
    board: Annotated[str, OneOf(*BOARDS, but=_no_board)] | None = Field(
        default=None, description="Board, instead of a device; its oscillator is the clock, "
                                  "unless `clock_mhz` says another.")
    clock_mhz: float = Field(default=50.0, gt=0, le=2000, description="Clock in MHz.")
    rate: Rate = Field(default=None, description="Inferences a second, or as many as fit.")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.board is not None and "device" in self.model_fields_set:
            raise ValueError("board and device exclude one another")
        return self

    @property
    def chip(self) -> str:
        """The device, or the board's."""
        return self.device if self.board is None else board(self.board).device

    @property
    def mhz(self) -> float:
        """The clock that is asked for, or the board's."""
        if self.board is None or "clock_mhz" in self.model_fields_set:
            return self.clock_mhz
        return board(self.board).clock_mhz


class Budget(Part):
    """Shares of the device that the network may take."""

    lut: float = Field(default=1.0, gt=0, le=1, description="Share of the lookup tables.")
    dsp: float = Field(default=1.0, ge=0, le=1, description=(
        "Share of the multipliers; 0 for none, in synthesis too."))
    bram: float = Field(default=1.0, gt=0, le=1, description=(
        "Share of the block RAM that read-only memories may take, unless their `memory` is "
        "distributed."))


class Verify(Part):
    """What `gatemill verify` does by default."""

    samples: int = Field(default=100, ge=1, le=1_000_000, description=(
        "Random inputs that the build folder keeps for the emulator."))
    simulators: list[Annotated[str, OneOf("verilator", "icarus")]] = Field(
        default=["verilator"], min_length=1, description="Simulators of the cocotb suite.")


class Processing(Part):
    """Processing elements of a layer."""

    kind: Annotated[str, OneOf("auto", *PE_KINDS, *CONSTANT_KINDS)] = Field(
        default="auto", description=(
            "Kind of processing element, or of constant matrix: adders to grouped make logic of "
            "the weights, and take whole vectors. auto is parallel."))


class Folding(Part):
    """Size of a layer's array; what is left out follows from the target."""

    rows: int | None = Field(default=None, ge=1, le=MAX_SIZE, description=(
        "Processing elements: rows of the matrix that are served at once."))
    lanes: int | None = Field(default=None, ge=1, le=MAX_SIZE, description=(
        "Columns that each processing element takes at once."))


class Choices(Part):
    """How a layer is built."""

    pe: Processing = Field(default=Processing(), description="Processing elements.")
    folding: Folding = Field(default=Folding(), description="Size of the array.")
    rescale: Annotated[str, OneOf(*FORMS)] = Field(default="auto", description=(
        "Form of what stands between the layer's sums and its output codes; every form gives "
        "the same codes."))
    memory: Annotated[str, OneOf(*MEMORIES)] = Field(default="auto", description=(
        "Where its weights live: in block RAM, in LUT RAM, or where synthesis likes."))


class InputTensor(Part):
    """The input of an inline network."""

    name: str = Field(default="x", pattern=NAME, description="Of the tensor.")
    size: int = Field(ge=1, le=MAX_SIZE, description="Elements of a vector.")
    vectors: int = Field(default=1, ge=1, le=MAX_SIZE, description="Vectors of one sample.")
    format: NumberFormat = Field(description="Of every element.")
    zero_point: int = Field(default=0, description="The code that stands for zero.")


class Layer(Choices):
    """A dense layer of an inline network: `sums = (x - zero point) @ weights.T + bias`, and
    then, if it has a `format`, `clamp(round(sums * scale) + zero_point)`."""

    name: str = Field(pattern=NAME, description="Of the layer.")
    outputs: int = Field(ge=1, le=MAX_SIZE, description="Rows of the matrix.")
    weights: Weights = Field(description=(
        "Matrix of outputs x inputs. A format alone means random weights of seed 1."))
    weight_format: NumberFormat | None = Field(default=None, description=(
        "Format of the weights; by default the narrowest that holds them, int8 for "
        "`random(seed)`."))
    bias: Bias | None = Field(default=None, description=(
        "One integer for each output, added to the sum."))
    bias_format: NumberFormat | None = Field(default=None, description=(
        "Format of the bias; by default the narrowest that holds it, int8 for `random(seed)`."))
    format: NumberFormat | None = Field(default=None, description=(
        "Format of the output; without it the layer gives its sums as they are."))
    scale: Scale = Field(default="auto", description=(
        "Factor from sums to output codes, one or one for each output; auto lets three "
        "standard deviations of the sums fill the format."))
    zero_point: int = Field(default=0, description="The output code that stands for zero.")
    activation: Annotated[str, OneOf("none", "relu")] = Field(default="none", description=(
        "relu: no output below the zero point."))
    rounding: Annotated[str, OneOf(*ROUNDINGS)] = Field(
        default="exact_half_even", description="How sums times scale become integers.")


class Common(Part):
    """Keys that every spec may have."""

    name: str | None = Field(default=None, pattern=DESIGN_NAME, description=(
        "Of the design; by default the model's, the file's or the unit's."))
    target: Target = Field(default=Target(), description="What to build for.")
    budget: Budget | None = Field(default=None, description="Shares of the device.")
    verify: Verify = Field(default=Verify(), description="What `gatemill verify` does by default.")


class Unit(Common):
    """One unit of the catalogue."""

    unit: str = Field(description="Unit of the catalogue.")
    params: dict[str, Any] = Field(default_factory=dict, description="Its parameters.")


class Named(Part):
    """What every item of a sweep may have beside unit and parameters."""

    name: str | None = Field(default=None, pattern=DESIGN_NAME, description=(
        "Of the design and of its folder; by default the unit's and a number."))


class SweepItem(Named):
    """One unit of several."""

    unit: str = Field(description="Unit of the catalogue.")
    params: dict[str, Any] = Field(default_factory=dict, description="Its parameters.")


class Sweep(Common):
    """Several units, each a design in a folder of its own."""

    units: list[SweepItem] = Field(min_length=1, max_length=1000, description="The units.")


class ModelNetwork(Common):
    """A network from a model file."""

    model: str = Field(min_length=1, description="Model file, relative to the spec.")
    rounding: Annotated[str, OneOf(*_TFLITE)] | None = Field(default=None, description=(
        "Rounding of a TFLite model; by default tflite_double."))
    layers: dict[str, Choices] = Field(default_factory=dict, description=(
        "Choices by layer; what `*` says holds for every layer that does not say it itself."))


class InlineNetwork(Common):
    """A network of dense layers that the spec itself describes."""

    input: InputTensor = Field(description="What the first layer reads.")
    layers: list[Layer] = Field(min_length=1, max_length=1000,
                                description="Layers, each reading the one before it.")
