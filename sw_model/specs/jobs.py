"""Jobs of units that must know where vectors end."""

from __future__ import annotations

from dataclasses import dataclass

from .checks import indices, require_least

__all__ = ["RowJob", "VectorJob"]


@dataclass(frozen=True)
class VectorJob:
    """Vectors of one length that a unit serves in its turn.

    Parameters
    ----------
    length : int
        Elements of a vector.
    vectors : int
        Vectors of one sample.
    """

    length: int
    vectors: int = 1

    def __post_init__(self) -> None:
        indices(self, "length", "vectors")
        require_least("length", self.length, 1)
        require_least("vectors", self.vectors, 1)

    def words(self, lanes: int) -> int:
        """Words of ``lanes`` elements in one vector."""
        return -(-self.length // lanes)


@dataclass(frozen=True)
class RowJob(VectorJob):
    """Vectors whose channels have parameters of their own, rows of a table.

    Parameters
    ----------
    length, vectors : int
        Channels of a vector, and vectors of one sample.
    first : int
        Row of channel 0; the following channels have the following rows.
    shared : bool
        Whether all channels have row ``first`` instead.
    """

    first: int = 0
    shared: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        indices(self, "first")
        require_least("first", self.first, 0)
        if not isinstance(self.shared, bool):
            raise TypeError(f"shared must be a bool, not {self.shared!r}")

    @property
    def rows(self) -> range:
        """Rows that the job uses."""
        return range(self.first, self.first + (1 if self.shared else self.length))
