"""From a plan's unit to hardware: the component, its providers, their memory images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from amaranth.lib.data import ArrayLayout
from numpy.typing import NDArray

from hw.array.dense import DenseJob, DenseLayer, DenseSpec
from hw.memory.rom import RomJob, RomProvider
from hw.network.netlist import Part
from hw.rescale.multiply_add_shift import MultiplyAddShift
from hw.shapes import vector_of
from sw_model import ops
from sw_model.faults import InputFault
from sw_model.formats import BipolarFormat, Format, IntFormat, covering
from sw_model.node import Node, Tensor
from sw_model.specs import MultiplyAddShiftSpec
from sw_model.tables import pack_fields, pack_words

from .design import MemoryImage
from .mapping.layout import Layout, frame_of, union
from .mapping.plan import Unit

__all__ = ["Provider", "UnitParts", "unit_parts"]

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Provider:
    """A memory that streams into ``member`` of a unit."""

    member: str
    part: Part
    image: MemoryImage


@dataclass(frozen=True)
class UnitParts:
    """A unit's component and its providers."""

    part: Part
    providers: tuple[Provider, ...] = ()


@dataclass(frozen=True)
class Context:
    """A unit, its jobs' nodes, and the names that its hardware gets."""

    layout: Layout
    unit: Unit
    name: str

    @property
    def nodes(self) -> list[Node]:
        """The unit's jobs."""
        by_name = {node.name: node for node in self.layout.graph.nodes}
        return [by_name[job] for job in self.unit.jobs]

    @property
    def source(self) -> Format:
        """Format of the input port."""
        return self.layout.target_format[self.unit.name]

    @property
    def target(self) -> Format:
        """Format of the output port."""
        return self.layout.source_format[self.unit.name]

    def tensors(self, node: Node) -> list[Tensor]:
        """What a job reads."""
        return self.layout.graph.input_tensors(node)

    def vectors(self, node: Node) -> int:
        """Vectors of a job's sample."""
        return frame_of(self.tensors(node)[0]).vectors

    def channels(self, node: Node) -> int:
        """Length of a job's vectors."""
        return frame_of(self.tensors(node)[0]).vector

    def provider(self, member: str, payload: Any, words: Sequence[int], width: int,
                 jobs: tuple[RomJob, ...], tensors: tuple[str, ...], layout: str) -> Provider:
        """A read-only memory that streams into ``member``."""
        places: dict[str, Literal["block_rom", "lut_rom", "rom"]] = {
            "block": "block_rom", "distributed": "lut_rom", "auto": "rom"}
        image = MemoryImage(f"{self.name}_{member}", tuple(words), width, layout, tensors,
                            places[self.unit.memory])
        part = Part(f"{self.name}_{member}", RomProvider,
                    {"payload": payload, "file": image.file, "jobs": jobs,
                     "style": self.unit.memory})
        return Provider(member, part, image)


def constant(tensor: Tensor) -> Ints:
    """Codes of a constant tensor."""
    assert tensor.value is not None
    return tensor.value.astype(np.int64)


def unit_parts(layout: Layout, unit: Unit, name: str) -> UnitParts:
    """The hardware of ``unit``, its instances' names beginning with ``name``.

    Raises
    ------
    InputFault
        If the unit's jobs cannot share it.
    """
    return MAKERS[unit.kind](Context(layout, unit, name))


def _dense(context: Context) -> UnitParts:
    unit, nodes = context.unit, context.nodes
    weights_format = union([context.tensors(n)[1].format for n in nodes],
                           f"unit {unit.name!r}, weights")
    target = context.target
    assert isinstance(target, IntFormat)
    jobs, words, biases, rom_jobs, bias_jobs, used = [], [], [], [], [], []
    for node in nodes:
        weights = constant(context.tensors(node)[1])
        rows, cols = weights.shape
        vectors = context.vectors(node)
        jobs.append(DenseJob(rows, cols, vectors))
        words.append(_weight_words(weights, unit, 1 if isinstance(
            weights_format, BipolarFormat) else 0))
        biases.append(_bias_words(context, node, weights_format))
        rom_jobs.append(RomJob(len(words[-1]), vectors))
        bias_jobs.append(RomJob(len(biases[-1]), vectors))
        used.append(context.tensors(node)[1].name)
    bias = np.concatenate(biases)
    bias_format = covering(int(bias.min()), int(bias.max())) if bias.any() else None
    spec = DenseSpec(context.source, weights_format, target, bias_format,
                     unit.rows, unit.lanes, tuple(jobs), unit.pe)
    providers = [context.provider(
        "weights", ArrayLayout(vector_of(weights_format, unit.lanes), unit.rows),
        pack_words(np.concatenate(words), weights_format.width),
        weights_format.width * unit.rows * unit.lanes, tuple(rom_jobs), tuple(used),
        f"a word for each row fold and vector word: {unit.rows} rows of {unit.lanes} codes of "
        f"{weights_format}, row 0 lane 0 lowest")]
    if bias_format is not None:
        used_bias = tuple(t.name for n in nodes for t in context.tensors(n)[2:])
        providers.append(context.provider(
            "bias", vector_of(bias_format, unit.rows), pack_words(bias, bias_format.width),
            bias_format.width * unit.rows, tuple(bias_jobs), used_bias,
            f"a word for each row fold: {unit.rows} codes of {bias_format}"))
    return UnitParts(Part(context.name, DenseLayer, {"spec": spec}), tuple(providers))


def _padded(array: Ints, multiple: int, axis: int, value: int) -> Ints:
    """``array`` filled up with ``value`` to a multiple along an axis."""
    short = -array.shape[axis] % multiple
    widths = [(0, short if k == axis else 0) for k in range(array.ndim)]
    return np.pad(array, widths, constant_values=value)


def _weight_words(weights: Ints, unit: Unit, padding: int) -> Ints:
    """Weights in the order of use: (folds * words, rows * lanes)."""
    full = _padded(_padded(weights, unit.rows, 0, padding), unit.lanes, 1, padding)
    folds, words = full.shape[0] // unit.rows, full.shape[1] // unit.lanes
    tiles = full.reshape(folds, unit.rows, words, unit.lanes).transpose(0, 2, 1, 3)
    return tiles.reshape(folds * words, unit.rows * unit.lanes)


def _bias_words(context: Context, node: Node, weights_format: Format) -> Ints:
    """Biases by row fold: (folds, rows). Takes off what bipolar padding adds."""
    tensors = context.tensors(node)
    rows, cols = constant(tensors[1]).shape
    bias = (tensors[2].format.to_fixed(constant(tensors[2])) if len(tensors) == 3
            else np.zeros(rows, np.int64))
    if isinstance(weights_format, BipolarFormat) and isinstance(context.source, BipolarFormat):
        bias = bias - (-cols % context.unit.lanes)
    return _padded(bias, context.unit.rows, 0, 0).reshape(-1, context.unit.rows)


def _spread(context: Context, node: Node, rows: Ints) -> tuple[Ints, RomJob]:
    """Per-channel parameters as (words, lanes, ...) and how often they are streamed.

    A single row serves all channels: one word, repeated for every data word.
    """
    lanes, vectors, channels = context.unit.lanes, context.vectors(node), context.channels(node)
    words = -(-channels // lanes)
    if len(rows) == 1:
        return np.repeat(rows[None], lanes, axis=1), RomJob(1, words * vectors)
    full = _padded(rows, lanes, 0, 0)
    return full.reshape(words, lanes, *rows.shape[1:]), RomJob(words, vectors)


def _same(context: Context, values: Sequence[Any], what: str) -> Any:
    if len(set(values)) > 1:
        raise InputFault(f"plan: the jobs of unit {context.unit.name!r} differ in {what} "
                         f"({', '.join(map(str, dict.fromkeys(values)))}); "
                         "give them units of their own")
    return values[0]


def _multiply_add_shift(context: Context) -> UnitParts:
    nodes = [node for node in context.nodes if isinstance(node, ops.MultiplyAddShift)]
    shift = max(node.shift for node in nodes)
    rows = [_scaled(context, node, shift) for node in nodes]
    signs = max(row.shape[1] for row in rows) - 1
    rows = [np.concatenate([row, row[:, -1:]], axis=1) if row.shape[1] <= signs else row
            for row in rows]
    every = np.concatenate(rows)
    spec = MultiplyAddShiftSpec(
        source=context.source, target=context.target, shift=shift,
        low=_same(context, [node.low for node in nodes], "their lower clamp"),
        high=_same(context, [node.high for node in nodes], "their upper clamp"),
        multiplier=covering(int(every[:, 0].min()), int(every[:, 0].max())),
        offset=covering(int(every[:, 1:].min()), int(every[:, 1:].max())), signs=signs)
    operand = spec.operand_for([int(m) for m in every[:, 0]], every[:, 1:].tolist())
    spec = MultiplyAddShiftSpec(**{**vars(spec), "operand": operand})
    lanes = context.unit.lanes
    arguments = {"spec": spec, "lanes": lanes}
    if len(every) == 1:
        constants = (int(every[0, 0]), tuple(int(b) for b in every[0, 1:]))
        return UnitParts(Part(context.name, MultiplyAddShift,
                              {**arguments, "constants": constants}))
    widths = [spec.multiplier.width] + [spec.offset.width] * signs
    tables, jobs = zip(*(_spread(context, n, row) for n, row in zip(nodes, rows, strict=True)),
                       strict=True)
    table = np.concatenate(tables)
    words = pack_fields([table[..., k] for k in range(signs + 1)], widths)
    provider = context.provider(
        "parameters", MultiplyAddShift.parameter_layout(spec, lanes), words,
        sum(widths) * lanes, tuple(jobs),
        tuple(t.name for n in nodes for t in context.tensors(n)[1:]),
        f"{lanes} lanes of multiplier {spec.multiplier} and {signs} offsets {spec.offset}")
    return UnitParts(Part(context.name, MultiplyAddShift, arguments), (provider,))


def _scaled(context: Context, node: ops.MultiplyAddShift, shift: int) -> Ints:
    """Rows of multiplier and offsets for the common ``shift``: exact, as both are doubled."""
    multiplier, offset = (constant(t) for t in context.tensors(node)[1:])
    channels = max(len(multiplier), len(offset))
    columns = np.concatenate([np.broadcast_to(multiplier[:, None], (channels, 1)),
                              np.broadcast_to(offset, (channels, offset.shape[1]))], axis=1)
    return np.unique(columns, axis=0) << (shift - node.shift) if len(
        np.unique(columns, axis=0)) == 1 else columns << (shift - node.shift)


#: What makes a unit of each kind.
MAKERS: dict[str, Callable[[Context], UnitParts]] = {
    "dense": _dense,
    "multiply_add_shift": _multiply_add_shift,
}
