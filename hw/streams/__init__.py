"""The stream kit: buffers, width changes, forks and merges, each a component of its own."""

from .pipeline import stalling_pipeline, valid_chain

__all__ = ["stalling_pipeline", "valid_chain"]
