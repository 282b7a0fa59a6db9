"""The bus that stands behind every link: one access to a 32-bit register at a time."""

from __future__ import annotations

from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index

__all__ = ["WORD", "RegisterBus", "register_request", "register_response"]

#: Bits of a register.
WORD = 32


def register_request(address_width: int) -> StructLayout:
    """An access: the register's index (its byte address / 4), whether to write, and what."""
    return StructLayout({"address": address_width, "write": 1, "data": WORD})


def register_response() -> StructLayout:
    """What a register held (0 after a write), and whether the access failed."""
    return StructLayout({"data": WORD, "error": 1})


class RegisterBus(wiring.Signature):
    """Register accesses as the host's side sees them: requests out, responses in.

    Each request has one response, in order; a second request may be offered before the first
    one's response, and waits. An access that must wait (a word that the accelerator does not take
    yet) has its response late; what waits too long fails.

    Parameters
    ----------
    address_width : int
        Bits of a register's index.

    Members
    -------
    request : ``Out(stream.Signature(register_request(address_width)))``
    response : ``In(stream.Signature(register_response()))``
    """

    def __init__(self, address_width: int) -> None:
        self._address_width = as_index("address_width", address_width)
        if self._address_width < 1:
            raise ValueError(f"address_width must be at least 1, not {address_width}")
        super().__init__({
            "request": Out(stream.Signature(register_request(self._address_width))),
            "response": In(stream.Signature(register_response()))})

    @property
    def address_width(self) -> int:
        """Bits of a register's index."""
        return self._address_width
