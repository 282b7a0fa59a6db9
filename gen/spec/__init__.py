"""YAML specs: one unit, several, or a network, and everything that is chosen about it."""

__all__: list[str] = []
