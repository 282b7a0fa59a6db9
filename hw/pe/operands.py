"""Which formats a kind of processing element takes as an operand, and why no others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sw_model.formats import (
    BipolarFormat,
    CodedFormat,
    Format,
    IntFormat,
    TernaryFormat,
    covering,
)

from ..codec.decode import PLAIN
from ..codec.unpack import unpack
from ..shapes import fixed_shape

__all__ = ["ANY", "BYTES", "MOST_DECODED", "NUMBERS", "NUMBER_WORDS", "PLAIN_ONLY", "SIGNS",
           "Operand", "as_integers", "check_integers", "check_plain"]

#: Most bits of a code's number on its grid that is decoded in front of an element: one more than
#: e4m3fn's have.
MOST_DECODED = 20


@dataclass(frozen=True)
class Operand:
    """What a kind takes as an operand.

    Parameters
    ----------
    legal : str
        In words, as they follow "must be".
    takes : callable
        Whether it takes a format.
    why : str
        Why it takes no other.
    """

    legal: str
    takes: Callable[[Format], bool]
    why: str


def _has_decoder(form: Format) -> bool:
    return unpack.dispatch(type(form)) is not unpack.dispatch(object)


def _is_number(form: Format) -> bool:
    """Whether a format's codes are integers, or are decoded to integers in front."""
    return isinstance(form, PLAIN) or (isinstance(form, CodedFormat) and _has_decoder(form)
                                       and fixed_shape(form).width <= MOST_DECODED)


def as_integers(form: Format) -> Format:
    """The format of what decoders make of codes: integers of as many bits as the grid needs."""
    return covering(form.fixed_min, form.fixed_max) if isinstance(form, CodedFormat) else form


#: Whatever has hardware at all.
ANY = Operand("of a format that has a decoder", _has_decoder,
              "tensors of such values are the host's, no hardware carries them")

NUMBER_WORDS = (f"integers, fixed point, bipolar, ternary, or codes of at most {MOST_DECODED} bits "
                "on their grid")

#: Integers, and what a decoder makes integers of.
NUMBERS = Operand(NUMBER_WORDS, _is_number, (
    "it computes with whole numbers on the grid, which are the dearer the wider they are; an exact "
    "one multiplies significands and shifts"))

#: Such numbers of 8 bits at most.
BYTES = Operand("integers, fixed point, bipolar, ternary, or codes, of at most 8 bits on their "
                "grid", lambda form: _is_number(form) and fixed_shape(form).width <= 8,
                "a DSP block that does two products takes bytes")

#: Integers, or what needs no decoder.
PLAIN_ONLY = Operand("integers, fixed point, bipolar or ternary",
                     lambda form: isinstance(form, PLAIN),
                     "multipliers of numbers on the grid are wider than those of significands; "
                     "an exact one takes it")

#: What adds, takes off, or skips.
SIGNS = Operand("ternary or bipolar", lambda form: isinstance(form, TernaryFormat | BipolarFormat),
                "its lanes add, take off or skip an activation, and multiply nothing")


def check_plain(what: str, **operands: Format) -> None:
    """Refuse codes as operands of what has no decoders in front.

    Raises
    ------
    ValueError
        If one is of another format than :data:`PLAIN_ONLY`; the message names all.
    """
    for name, form in operands.items():
        if not PLAIN_ONLY.takes(form):
            every = ", ".join(f"{each} {operands[each]}" for each in operands)
            raise ValueError(f"{name} of {what} must be {PLAIN_ONLY.legal}, not {form}"
                             + (f" ({every})" if len(operands) > 1 else ""))


def check_integers(name: str, form: Any) -> None:
    """Refuse what is no format of integers: its codes would be added as if they were.

    Raises
    ------
    TypeError
    """
    if not isinstance(form, IntFormat):
        raise TypeError(f"{name} must be an IntFormat, not {form!r}")
