"""Cases of a test in parts, so that none compiles and simulates for long."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

__all__ = ["in_parts"]

Case = TypeVar("Case")


def in_parts(cases: Iterable[Case], size: Callable[[Case], int], largest: int
             ) -> list[list[Case]]:
    """The cases in their order, a list for as many as ``largest`` holds by their ``size``."""
    parts: list[list[Case]] = []
    room = 0
    for case in cases:
        room -= size(case)
        if room < 0:
            parts.append([])
            room = largest - size(case)
        parts[-1].append(case)
    return parts
