"""YAML specs: one unit, several, or a network, and everything that is chosen about it."""

__all__ = ["SPEC_SUFFIXES"]

#: Endings of spec files; everything else is a model.
SPEC_SUFFIXES = (".yaml", ".yml")
