"""A build folder made ready for other people's tools: FuseSoC, LiteX, Vivado, Radiant."""

from .hand_over import INDEX, KEY, changed_since, hand_over

__all__ = ["INDEX", "KEY", "changed_since", "hand_over"]
