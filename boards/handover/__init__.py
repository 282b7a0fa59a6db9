"""A build folder made ready for other people's tools: FuseSoC, LiteX, Vivado, Radiant."""

from .hand_over import INDEX, KEY, hand_over

__all__ = ["INDEX", "KEY", "hand_over"]
