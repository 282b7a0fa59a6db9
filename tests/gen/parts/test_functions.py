"""Units of functions in networks: one behind the other, shared, and refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gen.assemble import assemble
from gen.build import BuildOptions, build_graph
from gen.mapping.plan import Unit
from gen.spec.designs import unit_request
from gen.spec.document import parameters_document
from gen.units import UNITS
from gen.units import functions as units
from hw.nonlinear.exp2 import Exp2
from sw_model import ops
from sw_model.faults import InputFault
from sw_model.formats import FixedFormat, IntFormat
from tests.support.cores import plan_of
from tests.support.graphs import NetworkBuilder
from verif.verify import verify

UINT10 = IntFormat(10, signed=False)
NORMALISED = {"index_bits": 4, "entry_bits": 8, "newton_steps": 1, "fraction": 12}
POWER = {"multiplier": 94548, "index_bits": 4, "fraction": 8, "constant_fraction": 16,
         "interpolation_bits": 8}


def test_one_behind_the_other(tmp_path: Path, need) -> None:
    """Roots, their reciprocals of twice as many lanes, and quotients of these: units that are
    busy for several cycles, and adapters between lanes."""
    need("verilator")
    builder = NetworkBuilder("chain")
    x = builder.input("x", (6,), UINT10)
    roots = builder.node(ops.Isqrt, "root", x)
    pairs = builder.node(ops.Reciprocal, "turned", roots, **NORMALISED)
    ratios = builder.node(ops.Divide, "ratio", builder.reshape("pairs", pairs, (6, 2)))
    graph = builder.build(ratios)
    options = BuildOptions(units={"root": {"lanes": 3}, "turned": {"lanes": 2}}, samples=40)
    build_graph(graph, tmp_path / "out", options, lambda _: None)
    certificate = verify(tmp_path / "out", simulators=(), samples=40)
    assert certificate.passed


def two(first, second=None, format_=None):
    """Two functions side by side."""
    builder = NetworkBuilder("two")
    formats = (FixedFormat(9, 4), format_ or FixedFormat(9, 4))
    outputs = [builder.node(ops.Exp2, f"f{k}", builder.input(f"x{k}", (3,), form), **each)
               for k, (form, each) in enumerate(zip(formats, (first, second or first),
                                                    strict=True))]
    return builder.build(*outputs)


def test_shared_by_two_jobs() -> None:
    unit = Unit(name="u", kind="exp2", jobs=("f0", "f1"), lanes=2)
    design = assemble(two(POWER), plan_of(unit), "top")
    assert isinstance(design.component.parts["u"], Exp2)
    with pytest.raises(InputFault, match=r"^plan: the jobs of unit 'u' differ in function \("):
        assemble(two(POWER, {**POWER, "index_bits": 5}), plan_of(unit), "top")
    with pytest.raises(InputFault, match=r"^plan: the jobs of unit 'u' differ in format \(fixed"):
        assemble(two(POWER, format_=FixedFormat(9, 5)), plan_of(unit), "top")


def test_lanes_of_a_divider() -> None:
    builder = NetworkBuilder("one")
    graph = builder.build(builder.node(ops.Divide, "f", builder.input("x", (3, 2), UINT10)))
    with pytest.raises(InputFault, match=r"^plan: unit 'u' must have 2 lanes, a numerator and a "
                                         r"denominator, not 1$"):
        assemble(graph, plan_of(Unit(name="u", kind="divide", jobs=("f",), lanes=1)), "top")


@pytest.mark.parametrize(("unit", "given", "message"), [
    ("exp2", "source=uint8", "source must be a signed integer or fixed point, not uint8"),
    ("exp2", "scale=0", "must be above 0, not 0"),
    ("reciprocal", "source=int8", "source must be unsigned integers such as uint8, not int8"),
    ("rsqrt", "entry_bits=20", "entry_bits must be at most the fraction's 16, not 20"),
    ("isqrt", "source=fixed<8,4>", "must be unsigned integers such as uint8, not fixed<8,4>"),
    ("divide", "source=int8", "source must be unsigned integers such as uint8, not int8"),
    ("delta_table", "step_bits=12", None),
    ("delta_table", "source=fixed<8,4>", "step_bits must be at most the fraction bits of "
                                         "fixed<8,4>, not 5"),
    ("piecewise", "function=sine", "unknown 'sine'; did you mean 'sin'?"),
    ("piecewise", "source=int20", "source must have at most 16 bits"),
    ("piecewise", "bound=0.0000001", "no form keeps a bound of 1e-07 in fixed<12,10>: the best, "
                                     "4096 constants, is off by 0.000488043 at -2.20703"),
    ("exp2", "lanes=17", "lanes must be at most channels, 16, not 17")])
def test_parameters_that_make_no_sense(unit: str, given: str, message: str | None) -> None:
    if message is None:
        assert unit_request(unit, parameters_document(unit, [given])).graph.nodes
        return
    with pytest.raises(InputFault) as fault:
        unit_request(unit, parameters_document(unit, [given]))
    assert message in str(fault.value)


def test_units_are_in_the_catalogue() -> None:
    assert {UNITS[name] for name in ("exp2", "reciprocal", "rsqrt", "isqrt", "divide",
                                     "delta_table", "piecewise")} == {
        getattr(units, name) for name in units.__all__ if name != "FunctionParameters"}


def test_folded_scale() -> None:
    """exp(x/2) and not exp(x)."""
    request = unit_request("exp2", parameters_document("exp2", ["scale=0.5"]))
    x = np.full((1, 16), -512)
    (y,) = request.graph.run({"x": x})[0].values()
    assert abs(y[0, 0] / 2**15 - np.exp(-1)) < 6e-5
