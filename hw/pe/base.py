"""The contract that every processing element keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sw_model.formats import Format, IntFormat, as_index, covering

from ..shapes import shape_between, vector_of
from .operands import ANY, Operand

if TYPE_CHECKING:
    from .rows import DotRows

__all__ = ["FAMILIES", "DotProduct", "DotSpec", "ElasticDotProduct"]

#: Of devices, and of standard cells, for which there may be another form of a kind.
FAMILIES = ("ecp5", "ice40", "gowin", "nexus", "xilinx", "ihp")


@dataclass(frozen=True)
class DotSpec:
    """What a processing element computes: exact dot products of code vectors.

    Parameters
    ----------
    activations, weights : Format
        Of the two operands.
    lanes : int
        Pairs taken at once.
    """

    activations: Format
    weights: Format
    lanes: int

    def __post_init__(self) -> None:
        for name in ("activations", "weights"):
            if not isinstance(getattr(self, name), Format):
                raise TypeError(f"{name} must be a Format, not {getattr(self, name)!r}")
        object.__setattr__(self, "lanes", as_index("lanes", self.lanes))
        if self.lanes < 1:
            raise ValueError(f"lanes must be at least 1, not {self.lanes}")

    @property
    def lsb(self) -> int:
        """Binary exponent of the product grid."""
        return self.activations.lsb + self.weights.lsb

    @property
    def product(self) -> IntFormat:
        """Narrowest integer format of one product on the product grid, if 64 bits hold it."""
        return covering(*self.product_range)

    @property
    def result(self) -> IntFormat:
        """Narrowest integer format of the sum of ``lanes`` products, if 64 bits hold it."""
        return covering(*self.result_range)

    @property
    def result_range(self) -> tuple[int, int]:
        """Least and greatest sum of ``lanes`` products."""
        least, most = self.product_range
        return least * self.lanes, most * self.lanes

    @property
    def product_range(self) -> tuple[int, int]:
        """Least and greatest product on the product grid."""
        a, w = self.activations, self.weights
        corners = [x * y for x in (a.fixed_min, a.fixed_max) for y in (w.fixed_min, w.fixed_max)]
        return min(corners), max(corners)


class DotProduct(wiring.Component):
    """The contract of a processing element: exact dot products of ``lanes`` pairs of codes.

    A kind of processing element subclasses this, sets ``latency`` and ``interval``, and
    elaborates. The operands of an enabled cycle with ``start`` give their dot product at
    ``o`` after ``latency`` enabled cycles. A new pair of operands may be given every
    ``interval`` enabled cycles; while ``enable`` is low everything stands still.

    Parameters
    ----------
    spec : DotSpec
    **parameters
        Those of the kind on which it depends what formats it takes.

    Raises
    ------
    ValueError
        If the kind does not take the formats (:meth:`refusal`).

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    start : ``In(1)``
        Operands are valid. Kinds of interval 1 ignore it.
    a : ``In(vector_of(spec.activations, spec.lanes))``
    w : ``In(vector_of(spec.weights, spec.lanes))``
    o : ``Out(shape_between(*spec.result_range))``
        The dot product on the product grid; never overflows.
    """

    #: Enabled cycles from operands to result.
    latency: int
    #: Enabled cycles between two pairs of operands.
    interval: int = 1
    #: The family whose cells it is made of; None if any will do.
    family: ClassVar[str | None] = None
    #: Whether it is made of DSP blocks, so that its devices must have some.
    multiplied: ClassVar[bool] = False
    #: What messages call it.
    what: ClassVar[str] = "a dot product"
    #: What it takes as ``activations`` and ``weights``, and why no others.
    operands: ClassVar[dict[str, Operand]] = {"activations": ANY, "weights": ANY}
    #: What rows of this kind that take the same activations are, where they gain from it.
    shared: ClassVar[Callable[..., DotRows] | None] = None
    #: What leaves dot products as two numbers, of a spec and a width, where a kind has that form:
    #: it takes integers, fixed point, bipolar and ternary, and has no ``start``.
    unadded: ClassVar[Callable[[DotSpec, int], Any] | None] = None

    def __init__(self, spec: DotSpec, **parameters: Any) -> None:
        if not isinstance(spec, DotSpec):
            raise TypeError(f"spec must be a DotSpec, not {spec!r}")
        if reason := self.refusal(spec, **parameters):
            raise ValueError(reason)
        self._spec = spec
        super().__init__({
            "enable": In(1),
            "start": In(1),
            "a": In(vector_of(spec.activations, spec.lanes)),
            "w": In(vector_of(spec.weights, spec.lanes)),
            "o": Out(shape_between(*spec.result_range)),
            **self._more_members(),
        })

    @classmethod
    def refusal(cls, spec: DotSpec, **parameters: Any) -> str | None:
        """Why this kind does not take ``spec``: both formats, what is legal, and what speaks
        against all others; None if it does. Never raises."""
        for name, operand in cls.operands.items():
            if not operand.takes(form := getattr(spec, name)):
                return (f"{name} of {cls.what} must be {operand.legal}, not {form} (activations "
                        f"{spec.activations}, weights {spec.weights}): {operand.why}")
        return cls._refusal_of_pair(spec, **parameters)

    @classmethod
    def _refusal_of_pair(cls, spec: DotSpec, **parameters: Any) -> str | None:
        """The same of two formats of which each is legal."""
        return None

    @classmethod
    def core(cls, spec: DotSpec) -> DotSpec:
        """What the kind itself computes for ``spec``: behind decoders, dot products of
        integers."""
        return spec

    @classmethod
    def parameters(cls, family: str | None) -> dict[str, Any]:
        """Those that make the most of a family's devices; what suits most if it is None.

        Raises
        ------
        ValueError
            If there is no such family, or it is made of cells of another one.
        """
        if family is not None and family not in FAMILIES:
            raise ValueError(f"family must be one of {', '.join(FAMILIES)}, not {family!r}")
        if family is not None and cls.family not in (None, family):
            raise ValueError(f"{cls.what} of cells of {cls.family} goes on no other family, not on "
                             f"{family}")
        return {}

    @classmethod
    def interval_of(cls, spec: DotSpec) -> int:
        """The interval of an element of this kind for ``spec``, without making one."""
        return cls.interval

    @property
    def spec(self) -> DotSpec:
        return self._spec

    @classmethod
    def _more_members(cls) -> dict[str, Any]:
        """Members that a subclass adds to the contract's."""
        return {}


class ElasticDotProduct(DotProduct):
    """A processing element whose time depends on its operands, as one that skips zeros.

    ``interval`` and ``latency`` are the most that any operands take. Operands are taken in an
    enabled cycle with ``start`` and ``ready``. A result is at ``o`` from the enabled cycle
    with its ``valid`` until that with the next one's, in the order of the operands.

    So whoever gives operands no sooner than every ``interval`` enabled cycles may leave both
    members alone and take results ``latency`` enabled cycles later, as of any other kind: a
    result is never replaced before.

    Members
    -------
    enable, start : ``In(1)``
    a : ``In(vector_of(spec.activations, spec.lanes))``
    w : ``In(vector_of(spec.weights, spec.lanes))``
    o : ``Out(shape_between(*spec.result_range))``
        All as :class:`DotProduct` has them.
    ready : ``Out(1)``
        Operands are taken in this cycle if ``start`` is high.
    valid : ``Out(1)``
        High for the one enabled cycle in which a result is first at ``o``.
    """

    @classmethod
    def _more_members(cls) -> dict[str, Any]:
        return {"ready": Out(1), "valid": Out(1)}
