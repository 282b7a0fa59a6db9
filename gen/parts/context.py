"""What the makers of units share: names, ports, providers, parameters by channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from boards.devices import Device
from hw.memory.rom import RomJob, RomProvider
from hw.network.netlist import Part
from sw_model.faults import InputFault
from sw_model.formats import Format
from sw_model.node import Node, Tensor
from sw_model.specs import RowJob, VectorJob
from sw_model.tables import pack_fields

from ..design import MemoryImage
from ..mapping.frames import frame_of
from ..mapping.layout import Layout
from ..mapping.plan import Unit

__all__ = ["Context", "Ints", "Provider", "UnitParts", "constant", "padded", "parameters",
           "require_alone", "row_jobs", "same", "spread", "vector_jobs"]

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Provider:
    """A memory that streams into ``member`` of a unit."""

    member: str
    part: Part
    image: MemoryImage


@dataclass(frozen=True)
class UnitParts:
    """A unit's component, its providers, and the constants that are logic in it."""

    part: Part
    providers: tuple[Provider, ...] = ()
    logic: tuple[Tensor, ...] = ()


@dataclass(frozen=True)
class Context:
    """A unit, its jobs' nodes, and the names that its hardware gets."""

    layout: Layout
    unit: Unit
    name: str
    device: Device

    @property
    def multiplier(self) -> str:
        """How run-time products are made."""
        return "inferred" if self.device.dsps else "fabric"

    @property
    def nodes(self) -> list[Node]:
        """The unit's jobs."""
        by_name = {node.name: node for node in self.layout.graph.nodes}
        return [by_name[job] for job in self.unit.jobs]

    @property
    def source(self) -> Format:
        """Format of the input port, of the first if there are several."""
        return self.sources[0]

    @property
    def sources(self) -> tuple[Format, ...]:
        """Formats of the input ports."""
        return self.layout.target_formats[self.unit.name]

    @property
    def target(self) -> Format:
        """Format of the output port, of the first if there are several."""
        return self.layout.source_formats[self.unit.name][0]

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


def padded(array: Ints, multiple: int, axis: int, value: int) -> Ints:
    """``array`` filled up with ``value`` to a multiple along an axis."""
    short = -array.shape[axis] % multiple
    widths = [(0, short if k == axis else 0) for k in range(array.ndim)]
    return np.pad(array, widths, constant_values=value)


def spread(context: Context, node: Node, rows: Ints) -> tuple[Ints, RomJob]:
    """Per-channel parameters as (words, lanes, ...) and how often they are streamed.

    A single row serves all channels: one word, repeated for every data word.
    """
    lanes, vectors, channels = context.unit.lanes, context.vectors(node), context.channels(node)
    words = -(-channels // lanes)
    if len(rows) == 1:
        return np.repeat(rows[None], lanes, axis=1), RomJob(1, words * vectors)
    full = padded(rows, lanes, 0, 0)
    return full.reshape(words, lanes, *rows.shape[1:]), RomJob(words, vectors)


def same(context: Context, values: Sequence[Any], what: str) -> Any:
    """The value that all jobs of a unit share; InputFault if they differ in ``what``."""
    if len(set(values)) > 1:
        raise InputFault(f"plan: the jobs of unit {context.unit.name!r} differ in {what} "
                         f"({', '.join(map(str, dict.fromkeys(values)))}); "
                         "give them units of their own")
    return values[0]


def require_alone(context: Context) -> None:
    """Raise InputFault if a unit that draws at random has several jobs: each begins with its
    own seed, but a unit has one generator."""
    if len(context.nodes) > 1:
        raise InputFault(f"plan: unit {context.unit.name!r} draws at random, for one job alone; "
                         f"give {', '.join(context.unit.jobs)} units of their own")


def vector_jobs(context: Context) -> tuple[VectorJob, ...]:
    """The jobs of a unit that counts the words of vectors."""
    return tuple(VectorJob(context.channels(node), context.vectors(node))
                 for node in context.nodes)


def row_jobs(context: Context, counts: Sequence[int]) -> tuple[RowJob, ...]:
    """The jobs of a unit that holds ``counts`` rows of parameters for each job itself."""
    jobs, first = [], 0
    for node, count in zip(context.nodes, counts, strict=True):
        jobs.append(RowJob(context.channels(node), context.vectors(node), first=first,
                           shared=count == 1))
        first += count
    return tuple(jobs)


def parameters(context: Context, payload: object, rows: Sequence[Ints], widths: Sequence[int],
                layout: str) -> Provider:
    """A provider of the jobs' ``rows``, whose columns are fields of ``widths`` bits."""
    tables, jobs = zip(*(spread(context, node, row)
                         for node, row in zip(context.nodes, rows, strict=True)), strict=True)
    table = np.concatenate(tables)
    words = pack_fields([table[..., k] for k in range(len(widths))], widths)
    return context.provider(
        "parameters", payload, words, sum(widths) * context.unit.lanes, tuple(jobs),
        tuple(t.name for n in context.nodes for t in context.tensors(n)[1:]), layout)
