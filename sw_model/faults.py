"""The user's faults: one clear line each, and the exit code that the command ends with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

__all__ = ["Fault", "InputFault", "LayerFault", "Obstacle", "ToolMissing", "Unsupported",
           "Verdict"]


class Fault(Exception):
    """Something that the user can put right; shown without a traceback."""

    exit_code: ClassVar[int] = 2


class InputFault(Fault):
    """An input that is wrong. The message names the file, the place, what was found and
    what is allowed."""


class LayerFault(InputFault):
    """An input that is wrong about one layer: whoever chose can say where that was.

    Parameters
    ----------
    layer : str
        Its name, as it was chosen by.
    message : str
    """

    def __init__(self, layer: str, message: str) -> None:
        super().__init__(message)
        self.layer = layer


class Verdict(Fault):
    """The command ran, and the answer is no: a mismatch, no fit, a missed clock."""

    exit_code = 1


class ToolMissing(Fault):
    """A tool is not there; the message says what to type."""

    exit_code = 3


class Obstacle(NamedTuple):
    """One node that is not supported, or several operators for one reason: their positions in
    the file, of which ``node`` may name the first ones alone."""

    node: str
    reason: str
    remedy: str
    operators: tuple[int, ...] = ()


class Unsupported(InputFault):
    """A model with operations that are not supported: all of them, before anything is built."""

    def __init__(self, subject: str, obstacles: Sequence[Obstacle]) -> None:
        self.obstacles = tuple(obstacles)
        listed = "; ".join(f"{o.node}: {o.reason} ({o.remedy})" for o in obstacles)
        super().__init__(f"{subject}: {len(obstacles)} unsupported: {listed}")
