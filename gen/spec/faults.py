"""The faults of a spec: all of them at once, each with its line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sw_model.faults import InputFault

__all__ = ["Faults", "SpecFault"]

#: Faults that are told; the rest is counted.
MOST = 50


class SpecFault(InputFault):
    """A spec that is wrong: every fault of it, one a line.

    Parameters
    ----------
    faults : sequence of str
        Each begins with file and line.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        rest = len(self.faults) - MOST
        super().__init__("\n".join(
            [*self.faults[:MOST], *([f"... and {rest} more"] if rest > 0 else [])]))


class Faults:
    """Collects faults.

    Parameters
    ----------
    label : callable
        What stands before a fault, by its line: file and line, as the user knows them.
    """

    def __init__(self, label: Callable[[int], str]) -> None:
        self._label = label
        self._found: dict[tuple[int, str], None] = {}

    def add(self, line: int, message: str) -> None:
        """Note a fault; the same one is noted once."""
        self._found[line, message] = None

    def check(self) -> None:
        """Raise :class:`SpecFault`, in the order of lines, if anything was noted."""
        if self._found:
            raise SpecFault([f"{self._label(line)}: {message}"
                             for line, message in sorted(self._found, key=lambda f: f[0])])
