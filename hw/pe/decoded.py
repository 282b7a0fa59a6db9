# amaranth: UnusedElaboratable=no
"""Decoders in front of processing elements that compute with numbers, not with codes."""

from __future__ import annotations

from typing import Any, ClassVar

from amaranth import Module, Value
from amaranth.hdl import Elaboratable

from sw_model.formats import Format

from ..codec.decode import decoded
from ..unique import Unique
from .base import DotProduct, DotSpec, ElasticDotProduct
from .operands import NUMBERS, Operand, as_integers

__all__ = ["DecodedDotProduct", "DecodedElasticDotProduct", "NumberDotProduct", "number"]


def number(m: Module, form: Format, core: Format, code: Value, name: str) -> Value:
    """What a core that takes ``core`` gets of a code; signals are called ``name_...``."""
    return code if form == core else decoded(form, code, m, name)


class NumberDotProduct(DotProduct):
    """The base of kinds that compute with numbers on the grids of their operands.

    Of other formats than integers, fixed point, bipolar and ternary, an element of such a kind is
    a :class:`DecodedDotProduct`: decoders in front of the same kind's element for integers. So
    look-up, packing, digits and bits serve floats whose grid is narrow; sums are as exact.

    Parameters
    ----------
    spec : DotSpec
        Both formats as :data:`hw.pe.operands.NUMBERS` has them, unless the kind has rules of
        its own.
    """

    operands: ClassVar[dict[str, Operand]] = {"activations": NUMBERS, "weights": NUMBERS}

    def __new__(cls, spec: DotSpec, **parameters: Any) -> Any:
        if (isinstance(spec, DotSpec) and cls.refusal(spec, **parameters) is None
                and cls.core(spec) != spec):
            elastic = issubclass(cls, ElasticDotProduct)
            return (DecodedElasticDotProduct if elastic else DecodedDotProduct)(
                spec, cls, **parameters)
        return super().__new__(cls)

    @classmethod
    def core(cls, spec: DotSpec) -> DotSpec:
        return DotSpec(as_integers(spec.activations), as_integers(spec.weights), spec.lanes)


class DecodedDotProduct(DotProduct):
    """A decoder for each code that is no integer, and an element for the numbers behind them.

    Pairs of formats whose grids are alike share one module of that element. Decoders have no
    registers: the element's first stage is longer by them. NaN and infinities count as zero:
    whoever makes the codes must not make these. See :class:`DotProduct` for the contract and the
    members.

    Parameters
    ----------
    spec : DotSpec
    kind : type of NumberDotProduct
        Of the element, which is for integers on the grids of the formats of ``spec``.
    **parameters
        Of the kind.
    """

    def __init__(self, spec: DotSpec, kind: type[NumberDotProduct], **parameters: Any) -> None:
        super().__init__(spec)
        self._core = kind.core(spec)
        self._element = Unique(kind, self._core, **parameters)
        inner = self._element.component
        self.latency, self.interval = inner.latency, inner.interval

    @property
    def multipliers(self) -> int:
        """The element's, if it declares them."""
        return int(self._element.component.multipliers)

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.element = element = self._element
        m.d.comb += [element.enable.eq(self.enable), element.start.eq(self.start),
                     self.o.eq(element.o)]
        for name, form, core in (
                ("a", self.spec.activations, self._core.activations),
                ("w", self.spec.weights, self._core.weights)):
            m.d.comb += [getattr(element, name)[lane].eq(number(m, form, core, code,
                                                                f"{name}_{lane}"))
                         for lane, code in enumerate(getattr(self, name))]
        for name in self._more_members():
            m.d.comb += getattr(self, name).eq(getattr(element, name))
        return m


class DecodedElasticDotProduct(DecodedDotProduct, ElasticDotProduct):
    """The same, of an element whose time depends on its operands."""
