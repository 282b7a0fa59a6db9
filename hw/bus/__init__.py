"""Links and buses by which a host reaches a component: bytes, frames, registers."""

from .registers import RegisterBus, register_request, register_response

__all__ = ["RegisterBus", "register_request", "register_response"]
