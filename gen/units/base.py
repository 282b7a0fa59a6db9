"""What every unit of the catalogue offers: parameters, a network of one node, choices."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, TypeVar

from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from sw_model.formats import Format, IntFormat
from sw_model.graph import Graph
from sw_model.node import NodeError

from ..spec.fields import NumberFormat
from ..spec.models import MAX_SIZE, Part
from ..spec.values import Numbers, codes_of

__all__ = ["IntegerFormat", "Note", "UnitParameters", "UnsignedFormat", "Wrong", "attempt",
           "find_codes", "vector_shape"]

#: Told the key of a parameter and what is wrong with its value.
Note = Callable[[str, str], None]
T = TypeVar("T")


class Wrong(ValueError):
    """What is wrong with the value of the parameter ``key``."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def _integers(value: Format) -> Format:
    if not isinstance(value, IntFormat):
        raise ValueError(f"must be integers such as int8 or uint4, not {value}")
    return value


def _unsigned(value: Format) -> Format:
    if not isinstance(value, IntFormat) or value.signed:
        raise ValueError(f"must be unsigned integers such as uint8, not {value}")
    return value


#: A number format of integers, and one of unsigned ones.
IntegerFormat = Annotated[NumberFormat, AfterValidator(_integers)]
UnsignedFormat = Annotated[NumberFormat, AfterValidator(_unsigned)]


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
    #: Parameters by the names that specs have for them, where those differ.
    renamed: ClassVar[Mapping[str, str]] = {}

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

    def attempt(self, note: Note, key: str, make: Callable[[], T]) -> T | None:
        """What ``make`` returns; None, and a note, if it raises ValueError: of the parameter with
        whose name the message begins, else of ``key``."""
        try:
            return make()
        except Wrong as error:
            note(error.key, str(error))
        except ValueError as error:
            # The node has the unit's own name.
            text = str(error)
            text = text.partition("): ")[2] if isinstance(error, NodeError) else text
            first, _, rest = text.partition(" ")
            named = self.renamed.get(first, first)
            if named in type(self).model_fields and rest.startswith("must "):
                note(named, rest)
            else:
                note(key, text)
        return None

    def fitting(self, make: Callable[..., T], *keys: str) -> T:
        """What ``make`` returns of the numbers that are called ``keys``.

        Raises
        ------
        Wrong
            If it refuses them, but not a power of two in place of the one farthest from 1, which is
            named with the nearest such power.
        """
        values = {key: getattr(self, key) for key in keys}
        try:
            return make(**values)
        except (ValueError, ArithmeticError):
            far = {key: abs(math.log2(abs(value))) for key, value in values.items() if value}
            if not far:
                raise
            key = max(far, key=lambda name: far[name])
            middle = math.floor(math.log2(abs(values[key])))
            for power, way in ((middle + way * step, way) for step in range(1, 200)
                               for way in (1, -1)):
                try:
                    make(**{**values, key: math.copysign(math.ldexp(1.0, power), values[key])})
                except (ValueError, ArithmeticError):
                    continue
                sign, size = "-" * (values[key] < 0), "larger" if way > 0 else "smaller"
                raise Wrong(key, f"must have a {size} magnitude, such as {sign}2**{power}, not "
                                 f"{values[key]:g}") from None
            raise


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
