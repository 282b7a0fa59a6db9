"""What both changes of width share."""

from __future__ import annotations

from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.shapes import vector_of
from sw_model.formats import Format, as_index

from .sequence import checked_pairs

__all__ = ["WidthChange"]


class WidthChange(wiring.Component):
    """A stream of vectors whose lanes change: checked parameters and their properties."""

    def __init__(self, format: Format, wide: int, narrow: int,
                 jobs: tuple[tuple[int, int], ...], *, down: bool) -> None:
        if not isinstance(format, Format):
            raise TypeError(f"format must be a Format, not {format!r}")
        self._format = format
        self._wide, self._narrow = as_index("wide", wide), as_index("narrow", narrow)
        if self._narrow < 1:
            raise ValueError(f"narrow must be at least 1, not {narrow}")
        if self._wide < 1 or self._wide % self._narrow:
            raise ValueError(f"wide must be a multiple of narrow ({narrow}), not {wide}")
        self._jobs = checked_pairs("jobs", jobs, first="vector", second="vectors")
        words = {lanes: stream.Signature(vector_of(format, lanes)) for lanes in (wide, narrow)}
        super().__init__({"i": In(words[wide if down else narrow]),
                          "o": Out(words[narrow if down else wide])})

    @property
    def format(self) -> Format:
        return self._format

    @property
    def wide(self) -> int:
        return self._wide

    @property
    def narrow(self) -> int:
        return self._narrow

    @property
    def jobs(self) -> tuple[tuple[int, int], ...]:
        return self._jobs

    @property
    def ratio(self) -> int:
        """Narrow words in a full wide word."""
        return self._wide // self._narrow
