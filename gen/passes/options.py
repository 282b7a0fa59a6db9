"""What a user may choose about the passes."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sw_model.faults import LayerFault

from .forms import FORMS

__all__ = ["PassOptions"]


@dataclass(frozen=True)
class PassOptions:
    """Choices for the passes.

    Parameters
    ----------
    forms : mapping of str to str
        For each layer (the name of its matrix product; where there is none, that of the
        function's last node) the form of the function behind it: ``auto``, ``multiply``,
        ``thresholds``, ``table``, ``half_even`` or ``framework``. The layer ``*`` stands for
        all others.

    Raises
    ------
    LayerFault
        If there is no such form.
    """

    forms: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        for layer, form in self.forms.items():
            if form not in FORMS:
                raise LayerFault(layer, f"layer {layer!r}: form must be one of "
                                 f"{', '.join(FORMS)}, not {form!r}")

    def form(self, layer: str) -> str:
        """The form wanted for a layer."""
        return self.forms.get(layer, self.forms.get("*", "auto"))

    def check_layers(self, layers: Collection[str]) -> None:
        """Raise LayerFault if a form is wanted for a layer that is none of ``layers``."""
        for layer in self.forms:
            if layer != "*" and layer not in layers:
                near = difflib.get_close_matches(layer, layers, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else (
                    f"; there are {', '.join(layers)}" if layers else "; there are none")
                raise LayerFault(layer, f"no layer {layer!r} whose form could be chosen{hint}")
