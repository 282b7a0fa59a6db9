# amaranth: UnusedElaboratable=no
"""Rows of processing elements that take the same activations: a matrix times a vector."""

from __future__ import annotations

from typing import Any

from amaranth import Module
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index

from ..shapes import shape_between, vector_of
from ..unique import Unique
from .base import DotProduct, DotSpec
from .decoded import number

__all__ = ["DecodedRows", "DotRows", "SeparateRows", "rows_of"]


class DotRows(wiring.Component):
    """The contract of rows that share activations: :class:`DotProduct`'s, for every row at once.

    Kinds of processing elements that gain from sharing (tables of activations, packed
    multipliers) have a subclass of their own in :attr:`DotProduct.shared`; of all others
    :class:`SeparateRows` places as many as there are rows.

    Parameters
    ----------
    spec : DotSpec
        What each row computes.
    rows : int

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    start : ``In(1)``
        Operands are valid.
    a : ``In(vector_of(spec.activations, spec.lanes))``
    w : ``In(ArrayLayout(vector_of(spec.weights, spec.lanes), rows))``
    o : ``Out(ArrayLayout(shape_between(*spec.result_range), rows))``
        The dot products on the product grid.
    """

    #: As :class:`DotProduct` has them.
    latency: int
    interval: int = 1

    def __init__(self, spec: DotSpec, rows: int) -> None:
        if not isinstance(spec, DotSpec):
            raise TypeError(f"spec must be a DotSpec, not {spec!r}")
        self._spec, self._rows = spec, as_index("rows", rows)
        if self._rows < 1:
            raise ValueError(f"rows must be at least 1, not {rows}")
        super().__init__({
            "enable": In(1),
            "start": In(1),
            "a": In(vector_of(spec.activations, spec.lanes)),
            "w": In(ArrayLayout(vector_of(spec.weights, spec.lanes), self._rows)),
            "o": Out(ArrayLayout(shape_between(*spec.result_range), self._rows)),
            **self._more_members(),
        })

    @property
    def spec(self) -> DotSpec:
        return self._spec

    @property
    def rows(self) -> int:
        return self._rows

    @classmethod
    def _more_members(cls) -> dict[str, Any]:
        """Members that a subclass adds to the contract's."""
        return {}


class SeparateRows(DotRows):
    """Rows that share nothing but the wires of their activations.

    Parameters
    ----------
    kind : type of DotProduct
    spec, rows
        As of :class:`DotRows`.
    **parameters
        Of the kind.
    """

    def __init__(self, kind: type[DotProduct], spec: DotSpec, rows: int, **parameters: Any
                 ) -> None:
        super().__init__(spec, rows)
        self._elements = [Unique(kind, spec, **parameters) for _ in range(self.rows)]
        one = self._elements[0].component
        self.latency, self.interval = one.latency, one.interval

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        for row, element in enumerate(self._elements):
            m.submodules[f"pe_{row}"] = element
            m.d.comb += [element.enable.eq(self.enable), element.start.eq(self.start),
                         element.a.eq(self.a), element.w.eq(self.w[row]),
                         self.o[row].eq(element.o)]
        return m


class DecodedRows(DotRows):
    """Decoders in front of rows for integers: one for all of each activation that is a code.

    See :class:`DotRows` for the contract and the members, and
    :class:`~.decoded.DecodedDotProduct` for what decoders do.

    Parameters
    ----------
    spec : DotSpec
    inner : DotRows
        For integers on the grids of the formats of ``spec``.
    """

    def __init__(self, spec: DotSpec, inner: DotRows) -> None:
        self._inner = inner
        super().__init__(spec, inner.rows)
        self.latency, self.interval = inner.latency, inner.interval

    def _more_members(self) -> dict[str, Any]:  # type: ignore[override]
        """Those of the rows inside: of kinds that say themselves when they are ready."""
        return self._inner._more_members()

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        spec, core = self.spec, self._inner.spec
        m.submodules.inner = inner = self._inner
        m.d.comb += [inner.enable.eq(self.enable), inner.start.eq(self.start)]
        m.d.comb += [inner.a[lane].eq(number(m, spec.activations, core.activations, code,
                                             f"a_{lane}"))
                     for lane, code in enumerate(self.a)]
        m.d.comb += [getattr(self, name).eq(getattr(inner, name)) for name in self._more_members()]
        for row, (codes, result) in enumerate(zip(self.w, self.o, strict=True)):
            m.d.comb += result.eq(inner.o[row])
            m.d.comb += [inner.w[row][lane].eq(number(m, spec.weights, core.weights, code,
                                                      f"w_{row}_{lane}"))
                         for lane, code in enumerate(codes)]
        return m


def rows_of(kind: type[DotProduct], spec: DotSpec, rows: int, *, family: str | None = None
            ) -> DotRows:
    """The cheapest rows of a kind of processing element.

    Parameters
    ----------
    family : str, optional
        Of the device, for kinds that depend on it (:meth:`DotProduct.parameters`).

    Raises
    ------
    ValueError
        If the kind does not take the formats, or ``rows`` is less than 1.
    """
    parameters = kind.parameters(family)
    if reason := kind.refusal(spec, **parameters):
        raise ValueError(reason)
    core = kind.core(spec)
    inner = (SeparateRows(kind, core, rows, **parameters) if kind.shared is None
             else kind.shared(core, rows, **parameters))
    return inner if core == spec else DecodedRows(spec, inner)
