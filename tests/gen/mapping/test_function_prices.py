"""What units of functions cost: every one has a price, and synthesis agrees."""

from __future__ import annotations

import pytest

from boards.component import resources
from gen.mapping.function_prices import FUNCTIONS, function_steps, lane_cost
from gen.mapping.kinds import UNIT_KINDS
from gen.spec.build import design_request
from gen.spec.designs import unit_request
from gen.spec.document import parameters_document
from sw_model import ops


@pytest.mark.parametrize("unit", [kind.node for kind in UNIT_KINDS.values()
                                  if getattr(ops, kind.node) in FUNCTIONS])
def test_every_function_has_a_price(unit: str) -> None:
    """Multipliers only where there are DSP blocks, and lookup tables in their place."""
    name = next(name for name, kind in UNIT_KINDS.items() if kind.node == unit)
    request = unit_request(name, parameters_document(name, []))
    (node,) = request.graph.nodes
    tensors = request.graph.input_tensors(node)
    with_dsps, without = (lane_cost(node, tensors, dsps) for dsps in (True, False))
    assert without.multipliers == 0
    assert without.luts >= with_dsps.luts > 0
    assert (without.luts > with_dsps.luts) == (with_dsps.multipliers > 0) == (
        unit not in ("Isqrt", "Divide"))
    assert function_steps(node, tensors[0]) == {"Isqrt": 8, "Divide": 16}.get(unit, 1)


@pytest.mark.parametrize(("unit", "given"), [
    ("exp2", []), ("exp2", ["index_bits=4"]), ("exp2", ["index_bits=8", "interpolation_bits=0"]),
    ("reciprocal", ["source=uint32"]), ("reciprocal", ["source=uint32", "newton_steps=0"]),
    ("rsqrt", ["source=uint32", "newton_steps=1"]), ("isqrt", ["source=uint32"]), ("divide", []),
    ("delta_table", []), ("delta_table", ["activation=silu", "fraction=16"]), ("piecewise", [])],
    ids=str)
def test_estimates_are_near(unit: str, given: list[str]) -> None:
    """Lookup tables within a third of those that synthesis finds and a few, DSP blocks alike."""
    request = unit_request(unit, parameters_document(
        unit, given if unit == "divide" else [*given, "channels=1"]))
    built = design_request(request, request.options, lambda _: None).design
    estimate = built.plan.estimate
    assert estimate is not None
    found = resources(built.component.parts[f"{unit}_unit"], ("ecp5",))["ecp5"]
    assert estimate.dsps == found.dsps
    assert abs(estimate.luts - found.area) <= 0.34 * found.area + 12
    assert estimate.block_rams == found.block_rams
