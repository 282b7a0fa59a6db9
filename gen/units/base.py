"""What every unit of the catalogue offers: parameters, a network of one node, choices."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from numpy.typing import NDArray
from pydantic import Field

from sw_model.formats import Format
from sw_model.graph import Graph

from ..spec.models import MAX_SIZE, Part
from ..spec.values import Numbers, codes_of

__all__ = ["Note", "UnitParameters", "attempt", "find_codes", "vector_shape"]

#: Told the key of a parameter and what is wrong with its value.
Note = Callable[[str, str], None]
T = TypeVar("T")


class UnitParameters(Part):
    """Parameters of a unit; each kind of unit subclasses this.

    A unit is built, verified and measured as a network of one node, so that everything
    that works on networks works on units.
    """

    #: What it does and what is worth knowing about it, for people.
    summary: ClassVar[str]
    #: Where it comes from.
    paper: ClassVar[str] = ""
    #: The parameter whose values are variants of the unit, if one is, and these values.
    variants: ClassVar[tuple[str, tuple[str, ...]]] = ("", ())

    vectors: int = Field(1, ge=1, le=MAX_SIZE, description="Vectors of one sample.")

    @abstractmethod
    def network(self, name: str, note: Note) -> Graph | None:
        """A network whose only node is called ``name``; None if faults were noted."""

    def choices(self) -> Mapping[str, Any]:
        """Fields of the plan's unit that the parameters decide."""
        return {}

    def form(self) -> str:
        """Form that the compiler is to give the node."""
        return "auto"


def vector_shape(vectors: int, length: int) -> tuple[int, ...]:
    """Shape of a sample's tensor: an axis for the vectors only if there are several."""
    return (length,) if vectors == 1 else (vectors, length)


def attempt(note: Note, key: str, make: Callable[[], T]) -> T | None:
    """What ``make`` returns; None, and a note, if it raises ValueError."""
    try:
        return make()
    except ValueError as error:
        note(key, str(error))
        return None


def find_codes(note: Note, key: str, numbers: Numbers, shapes: Sequence[tuple[int, ...]],
               format_: Format | None, *, names: Sequence[str] = (), default: Format
               ) -> tuple[NDArray[Any], Format] | None:
    """:func:`gen.spec.values.codes_of` the parameter ``key``; None if it has a fault."""
    return attempt(note, key, lambda: codes_of(numbers, shapes, format_, keys=(*names, key),
                                               default=default))
