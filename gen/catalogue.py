"""The catalogue of units: every variant that a user can choose, and its parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .spec.describe import Key, keys_of
from .units import UNITS

__all__ = ["Variant", "catalogue"]


@dataclass(frozen=True)
class Variant:
    """A unit as it can be chosen.

    Parameters
    ----------
    unit : str
        What a spec and ``gatemill unit`` call it.
    kind : str
        Which of its variants; the unit's own name where there is but one.
    choice : str
        The parameter that chooses the variant; empty where there is but one.
    summary, paper : str
        What it does, and where it comes from.
    parameters : tuple of Key
        The chosen parameter's default is this variant.
    """

    unit: str
    kind: str
    choice: str
    summary: str
    paper: str
    parameters: tuple[Key, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"unit": self.unit, "kind": self.kind, "choice": self.choice,
                "summary": self.summary, "paper": self.paper,
                "parameters": [key.as_dict() for key in self.parameters]}


def catalogue() -> list[Variant]:
    """Every variant of every unit."""
    found = []
    for unit, parameters in UNITS.items():
        choice, kinds = parameters.variants
        keys = keys_of(parameters)
        for kind in kinds or (unit,):
            own = tuple(replace(key, default=kind) if key.name == choice else key for key in keys)
            found.append(Variant(unit, kind, choice, parameters.summary, parameters.paper, own))
    return found
