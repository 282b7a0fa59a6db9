# amaranth: UnusedElaboratable=no
"""What all variants of softmax have in common: stages between rows, some of which are passes."""

from __future__ import annotations

from typing import Any, ClassVar

from amaranth import Module
from amaranth.hdl import Elaboratable
from amaranth.lib.wiring import connect, flipped

from ..arith.multiply import MULTIPLIERS
from ..rows import RowUnit
from ..rows.annotate import Annotate

__all__ = ["SoftmaxUnit", "words_of"]


def words_of(lanes: int, longest: int) -> int:
    """Words of the longest row."""
    return -(-longest // lanes)


class SoftmaxUnit(RowUnit):
    """Stages one behind the other: pipelines, and passes in which a row waits for what is found.

    Takes and gives a word every cycle, without a bubble between rows of at least ``row_gap``
    words; shorter ones wait.

    Parameters
    ----------
    spec : dataclass
    lanes, longest : int
    stages : tuple of components
        With streams ``i`` and ``o``, of which each takes what the one before it gives.

    Members
    -------
    i : ``In(stream.Signature(row_layout(spec.source, lanes)))``
    o : ``Out(stream.Signature(row_layout(spec.target, lanes)))``
    """

    #: Class of the spec.
    SPEC: ClassVar[type[Any]]

    def __init__(self, spec: Any, lanes: int, longest: int, stages: tuple[Any, ...]) -> None:
        self._spec, self._stages = spec, stages
        source, target = (payload.shape()["data"].shape.elem_shape for payload in (
            stages[0].i.payload, stages[-1].o.payload))
        super().__init__(source, target, lanes, longest)
        self.latency = sum(stage.latency for stage in stages)
        self.row_gap = max(getattr(stage, "row_gap", 1) for stage in stages)
        self.passes = sum(isinstance(stage, Annotate) for stage in stages)

    @classmethod
    def require(cls, spec: object, multiplier: object) -> None:
        """Raise TypeError unless ``spec`` is of the right class, ValueError unless there is such
        a way to multiply."""
        if not isinstance(spec, cls.SPEC):
            raise TypeError(f"spec must be of {cls.SPEC.__name__}, not {spec!r}")
        if multiplier not in MULTIPLIERS:
            raise ValueError(f"multiplier must be one of {', '.join(MULTIPLIERS)}, "
                             f"not {multiplier!r}")

    @staticmethod
    def require_tile(tile: int, lanes: int) -> None:
        """Raise ValueError unless the spec's tile is a word."""
        if tile != lanes:
            raise ValueError(f"lanes must be the spec's tile, {tile}, not {lanes}")

    @property
    def spec(self) -> Any:
        return self._spec

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        rows: Any = flipped(self.i)
        for number, stage in enumerate(self._stages):
            m.submodules[f"{type(stage).__name__.lower()}_{number}"] = stage
            connect(m, rows, stage.i)
            rows = stage.o
        connect(m, rows, flipped(self.o))
        return m
