"""Block formats: elements that share a scale."""

from .base import BlockFormat, Fields

__all__ = ["BlockFormat", "Fields"]
