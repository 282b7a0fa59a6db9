"""What a component takes: see :mod:`boards.component`."""

from boards.component import placement, resources

__all__ = ["placement", "resources"]
