"""The stream kit: buffers, width changes, forks and merges, each a component of its own."""

from .drain import Drain
from .fork import Fork
from .join import Join
from .pipeline import stalling_pipeline, valid_chain
from .queue import Queue
from .register import Register
from .route import Route
from .select import Select
from .skid import Skid
from .width_down import WidthDown
from .width_up import WidthUp

__all__ = [
    "Drain", "Fork", "Join", "Queue", "Register", "Route", "Select", "Skid", "WidthDown",
    "WidthUp", "stalling_pipeline", "valid_chain",
]
