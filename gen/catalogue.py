"""The catalogue of units: every variant that a user can choose, and its parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .spec.describe import Key, keys_of
from .tradeoffs.variants import variants as ways
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

    @property
    def comparison(self) -> str:
        """The command whose table sets it beside other ways; empty if there is none."""
        if self.unit == "dense":
            return "gatemill units --atlas"
        return "gatemill units --errors" if self.unit in {way.unit for way in ways()} else ""

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"unit": self.unit, "kind": self.kind, "choice": self.choice,
                "summary": self.summary, "paper": self.paper, "comparison": self.comparison,
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
