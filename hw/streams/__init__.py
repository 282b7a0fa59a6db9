"""The stream kit: buffers, width changes, forks and merges, each a component of its own."""

from .pipeline import stalling_pipeline, valid_chain
from .register import Register

__all__ = ["Register", "stalling_pipeline", "valid_chain"]
