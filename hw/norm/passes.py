# amaranth: UnusedElaboratable=no
"""Units as passes over rows: find something in a row, then change its elements by it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, ClassVar

from amaranth import Module
from amaranth.hdl import Elaboratable
from amaranth.lib import stream
from amaranth.lib.wiring import In, connect, flipped

from ..rows import RowUnit
from ..rows.annotate import Annotate
from .lanes import RowLanes
from .statistic import Statistic

__all__ = ["Pass", "RowPasses"]


@dataclass(frozen=True, eq=False)
class Pass:
    """What is found in a row, by stages of a :class:`Statistic`, and the lanes that use it: the
    class of a :class:`RowLane` with its arguments."""

    statistic: tuple[Any, ...]
    lane: tuple[Any, ...]


class RowPasses(RowUnit):
    """Passes one behind the other, the last of which may take parameters of the channels.

    Parameters
    ----------
    spec : dataclass
    lanes : int
    longest : int or None
        Elements of the longest row; by default, and at most, as many as the spec says, if it does.
    *passes : Pass

    Members
    -------
    i : ``In(stream.Signature(row_layout(source, lanes)))``
    parameters : ``In(stream.Signature(ArrayLayout(parameters, lanes)))``
        Only if the last pass has parameters: a word for each word that comes out.
    o : ``Out(stream.Signature(row_layout(target, lanes)))``
    """

    #: Class of the spec.
    SPEC: ClassVar[type[Any]]

    def __init__(self, spec: Any, lanes: int, longest: int | None, *passes: Pass) -> None:
        most = getattr(spec, "longest", longest)
        longest = most if longest is None else longest
        if longest > most:
            raise ValueError(f"longest must be at most {most}, not {longest}")
        self._spec, words = spec, -(-longest // lanes)
        self._passes = [(Annotate(Statistic(*one.statistic), words), RowLanes(lanes, *one.lane))
                        for one in passes]
        parts = [part for pair in self._passes for part in pair]
        self.latency, self.passes = sum(part.latency for part in parts), len(passes)
        self.row_gap = max(found.row_gap for found, _ in self._passes)
        first, last = self._passes[0][0].i.payload.shape(), parts[-1]
        super().__init__(first["data"].shape.elem_shape,
                         last.o.payload.shape()["data"].shape.elem_shape, lanes, longest,
                         **{name: In(stream.Signature(getattr(last, name).payload.shape()))
                            for name in last.signature.members if name == "parameters"})

    @classmethod
    def require(cls, spec: Hashable) -> None:
        """Raise TypeError unless ``spec`` is of the right class."""
        if not isinstance(spec, cls.SPEC):
            raise TypeError(f"spec must be a {cls.SPEC.__name__}, not {spec!r}")

    @property
    def spec(self) -> Any:
        return self._spec

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        rows: Any = flipped(self.i)
        for number, (annotate, lanes) in enumerate(self._passes):
            m.submodules[f"found_{number}"], m.submodules[f"lanes_{number}"] = annotate, lanes
            connect(m, rows, annotate.i)
            connect(m, annotate.o, lanes.i)
            rows = lanes.o
        if "parameters" in self.signature.members:
            connect(m, flipped(self.parameters), lanes.parameters)
        connect(m, rows, flipped(self.o))
        return m
