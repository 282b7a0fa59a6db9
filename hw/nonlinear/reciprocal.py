# amaranth: UnusedElaboratable=no
"""Reciprocals and reciprocal square roots: normalise, look up, and take Newton's steps."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from sw_model.formats import as_index
from sw_model.specs import ReciprocalSpec, RsqrtSpec
from sw_model.specs.reciprocal import NormalisedSpec
from sw_model.tables import reciprocal_table, rsqrt_table

from ..arith.leading import normalise
from ..arith.multiply import MULTIPLIERS, multiply_add, multiply_add_depth
from ..arith.registered import registered
from ..memory.lookup import LookupRom
from ..rescale.lane_unit import Lane
from ..shapes import shape_of, vector_of
from ..streams.pipeline import stalling_pipeline
from ..unique import Unique

__all__ = ["NormalisedLane", "NormalisedUnit", "ReciprocalLane", "RsqrtLane"]


class NormalisedLane(Lane):
    """What reciprocals and their square roots have in common.

    Registers stand behind the normaliser, the table and every product of a step.

    Parameters
    ----------
    spec : ReciprocalSpec or RsqrtSpec
    multiplier : str
        How products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    enable : ``In(1)``
        Clock enable of every register.
    i : ``In(shape_of(spec.source))``
        0 counts as 1.
    o : ``Out(StructLayout({"mantissa": spec.mantissa, "exponent": spec.exponent}))``
        Of what was there ``latency`` enabled cycles ago.
    """

    #: Class of the spec.
    SPEC: ClassVar[type[NormalisedSpec]]
    #: Products one behind the other in a step of Newton's method.
    PRODUCTS: ClassVar[int]

    def __init__(self, spec: NormalisedSpec, multiplier: str = "inferred") -> None:
        if not isinstance(spec, self.SPEC):
            raise TypeError(f"spec must be a {self.SPEC.__name__}, not {spec!r}")
        if multiplier not in MULTIPLIERS:
            raise ValueError(f"multiplier must be one of {', '.join(MULTIPLIERS)}, "
                             f"not {multiplier!r}")
        self._spec, self._kind = spec, multiplier
        # Every product has a mantissa as its second operand.
        self._depth = multiply_add_depth(shape_of(spec.mantissa), multiplier, addend=False)
        self.latency = 2 + spec.newton_steps * self.PRODUCTS * self._depth
        super().__init__(shape_of(spec.source), StructLayout(
            {"mantissa": shape_of(spec.mantissa), "exponent": shape_of(spec.exponent)}), None)

    @property
    def spec(self) -> NormalisedSpec:
        return self._spec

    @abstractmethod
    def table(self) -> tuple[int, ...]:
        """First guesses, by the leading bits of ``m``."""

    @abstractmethod
    def index(self, m: Value) -> Value:
        """The place of the guess for ``m``."""

    @abstractmethod
    def refined(self, module: Module, m: Value, r: Value, name: str) -> Value:
        """A step of Newton's method, ``PRODUCTS`` products later."""

    def held(self, m: Module, value: Value, name: str, products: int = 1) -> Value:
        """``value`` as it was so many products ago."""
        return registered(m, value, enable=self.enable, name=name,
                          stages=products * self._depth)

    def product(self, m: Module, a: Value, b: Value, name: str) -> Value:
        """``a * b`` without its fraction bits beyond ``spec.fraction``; ``b`` is a mantissa."""
        width, fraction = len(a) + len(b) + 1, self._spec.fraction
        return multiply_add(m, a, b, None, width, kind=self._kind, enable=self.enable,
                            name=name)[fraction:-1]

    def elaborate(self, platform: Any) -> Elaboratable:
        m, spec = Module(), self._spec
        mantissa, exponent = self._normalised(m)
        mantissa = registered(m, mantissa, enable=self.enable, name="normalised")
        spare = spec.fraction - spec.entry_bits
        m.submodules.table = rom = LookupRom(spec.entry_bits + 1, self.table())
        m.d.comb += [rom.enable.eq(self.enable), rom.address_0.eq(self.index(mantissa))]
        r = Cat(Const(0, spare), rom.word(0))
        mantissa = registered(m, mantissa, enable=self.enable, name="mantissa")
        for step in range(spec.newton_steps):
            r = self.refined(m, mantissa, r, f"step_{step}")
            if step + 1 < spec.newton_steps:
                mantissa = self.held(m, mantissa, f"mantissa_{step}", self.PRODUCTS)
        m.d.comb += [self.o.mantissa.eq(r), self.o.exponent.eq(registered(
            m, exponent, enable=self.enable, name="exponent", stages=self.latency))]
        return m

    def _normalised(self, m: Module) -> tuple[Value, Value]:
        """``m`` with ``spec.fraction`` fraction bits, and the exponent."""
        spec, x = self._spec, Cat(self.i[0] | ~self.i.any(), self.i[1:])
        top = len(x) - 1
        moved, distance = normalise(m, x, name="x")
        power = Signal(max(1, top.bit_length()), name="power")
        m.d.comb += power.eq(top - distance)
        # Bits below the fraction's are cut off, missing ones are 0.
        bits = spec.fraction + spec.STEP
        whole = Cat(Const(0, bits), moved)[-bits:]
        if spec.STEP == 1:
            return whole, power
        return Mux(power[0], whole, whole >> 1), power[1:] if top > 1 else Const(0, 1)


class ReciprocalLane(NormalisedLane):
    """``1/i = o.mantissa * 2**-(fraction + o.exponent)``, a number every enabled cycle.

    Source: M. J. Flynn, "On division by functional iteration", IEEE Trans. Computers C-19, 1970.
    """

    SPEC = ReciprocalSpec
    PRODUCTS = 2

    def table(self) -> tuple[int, ...]:
        return reciprocal_table(self._spec)

    def index(self, m: Value) -> Value:
        # Behind the leading one.
        return m[self._spec.fraction - self._spec.index_bits:-1]

    def refined(self, module: Module, m: Value, r: Value, name: str) -> Value:
        fraction = self._spec.fraction
        close = self.product(module, m, r, f"{name}_close")
        rest = ((2 << fraction) - close)[:fraction + 2]
        return self.product(module, rest, self.held(module, r, f"{name}_r"),
                            f"{name}_r_next")[:fraction + 1]


class RsqrtLane(NormalisedLane):
    """``1/sqrt(i) = o.mantissa * 2**-(fraction + o.exponent)``, a number every enabled cycle.

    Source: C. V. Ramamoorthy et al., "Some properties of iterative square-rooting methods using
    high-speed multiplication", IEEE Trans. Computers C-21, 1972.
    """

    SPEC = RsqrtSpec
    PRODUCTS = 3

    def table(self) -> tuple[int, ...]:
        # With a copy of the first entries in front, the leading bits of m are the address.
        entries = rsqrt_table(self._spec)
        return entries[:len(entries) // 3] + entries

    def index(self, m: Value) -> Value:
        return m[self._spec.fraction - self._spec.index_bits:]

    def refined(self, module: Module, m: Value, r: Value, name: str) -> Value:
        fraction = self._spec.fraction
        square = self.product(module, r, r, f"{name}_square")[:fraction + 1]
        close = self.product(module, self.held(module, m, f"{name}_m"), square, f"{name}_close")
        rest = ((3 << fraction) - close)[:fraction + 2]
        twice = self.product(module, rest, self.held(module, r, f"{name}_r", 2),
                             f"{name}_r_next")
        return twice[1:fraction + 2]


class NormalisedUnit(wiring.Component):
    """Reciprocals, or their square roots, of each lane, between streams.

    Takes a word every cycle while the consumer is ready; never drops or reorders.

    Parameters
    ----------
    spec : ReciprocalSpec or RsqrtSpec
        Which says what is computed.
    lanes : int
    multiplier : str
        How products are made, one of :data:`hw.arith.multiply.MULTIPLIERS`.

    Members
    -------
    i : ``In(stream.Signature(vector_of(spec.source, lanes)))``
    o : ``Out(stream.Signature(vector_of(spec.mantissa, 2 * lanes)))``
        Mantissa and exponent of each lane, side by side.
    """

    #: Cycles between two words.
    interval = 1

    def __init__(self, spec: NormalisedSpec, lanes: int, multiplier: str = "inferred") -> None:
        lanes = as_index("lanes", lanes)
        if lanes < 1:
            raise ValueError(f"lanes must be at least 1, not {lanes}")
        make = {ReciprocalSpec: ReciprocalLane, RsqrtSpec: RsqrtLane}.get(type(spec))
        if make is None:
            raise TypeError(f"spec must be a ReciprocalSpec or an RsqrtSpec, not {spec!r}")
        if spec.exponent.width > spec.mantissa.width:
            raise ValueError(f"exponents of {spec.source} do not fit lanes of {spec.mantissa}")
        self._spec = spec
        self._pipelines = [Unique(make, spec, multiplier) for _ in range(lanes)]
        super().__init__({"i": In(stream.Signature(vector_of(spec.source, lanes))),
                          "o": Out(stream.Signature(vector_of(spec.mantissa, 2 * lanes)))})

    @property
    def spec(self) -> NormalisedSpec:
        return self._spec

    @property
    def latency(self) -> int:
        """Cycles from taking a word to offering its result."""
        return self._pipelines[0].component.latency

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        enable = stalling_pipeline(m, self.i, self.o, depth=self.latency)
        for number, pipeline in enumerate(self._pipelines):
            m.submodules[f"lane_{number}"] = pipeline
            m.d.comb += [pipeline.enable.eq(enable), pipeline.i.eq(self.i.payload[number]),
                         self.o.payload[2 * number].eq(pipeline.o.mantissa),
                         self.o.payload[2 * number + 1].eq(pipeline.o.exponent)]
        return m
