"""Every variant of the catalogue can be built, and is what it says it is, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gen.catalogue import Variant, catalogue
from gen.mapping.plan import Plan
from gen.spec.build import build_request
from gen.spec.designs import unit_request
from gen.spec.document import parameters_document
from gen.units import UNITS
from sw_model.formats import BipolarFormat
from sw_model.graph import Graph
from sw_model.ops import RescaleMode, rescale
from verif.verify import verify

#: Small parameters for every unit, beside the variant's own.
SMALL = {
    "dense": ["inputs=7", "outputs=5", "rows=2", "lanes=3", "weights=random(4)",
              "weight_format=int4", "bias=random(5)", "activations=int4", "zero_point=-2"],
    "multiply_add_shift": ["channels=5", "lanes=2", "source=int14", "scale=random(2)",
                           "zero_point=3", "rounding=tflite_double"],
    "rescale": ["channels=5", "lanes=2", "source=int14", "scale=random(2)", "zero_point=3",
                "low=-100"],
    "threshold": ["channels=5", "lanes=2", "source=int9", "target=uint3", "thresholds=random(3)"],
    "table": ["channels=5", "lanes=2", "source=int5", "target=uint7"],
    "argmax": ["length=7", "lanes=2", "source=int6"],
}
#: What kinds of processing elements that do not take those are given instead.
INSTEAD = {
    "ternary": {"weight_format": "ternary"}, "ternary_ecp5": {"weight_format": "ternary"},
    "binary": {"weight_format": "bipolar", "activations": "bipolar", "zero_point": "0"},
}
#: What the plan's unit must be, and what stands in the compiled network.
KINDS = {
    ("multiply_add_shift", "multiply_add_shift"): "multiply_add_shift",
    ("threshold", "parallel"): "threshold",
    ("threshold", "binary"): "binary_threshold", ("table", "table"): "table",
    ("argmax", "argmax"): "argmax",
}
VARIANTS = catalogue()


def test_the_catalogue_lists_every_variant_once() -> None:
    listed = [(variant.unit, variant.kind) for variant in VARIANTS]
    assert len(set(listed)) == len(listed)
    assert {unit for unit, _ in listed} == set(UNITS)
    assert [kind for unit, kind in listed if unit == "rescale"] == [
        mode.value for mode in RescaleMode]
    for variant in VARIANTS:
        assert variant.summary
        plain = variant.as_dict()
        assert [*plain] == ["unit", "kind", "choice", "summary", "paper", "parameters"]
        if variant.choice:
            (own,) = [p for p in plain["parameters"] if p["name"] == variant.choice]
            assert own["default"] == variant.kind


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: f"{v.unit}-{v.kind}")
def test_every_variant_builds_and_is_verified(variant: Variant, tmp_path: Path,
                                              need: Callable[[str], None]) -> None:
    need("icarus")
    given = SMALL[variant.unit] + ([f"{variant.choice}={variant.kind}"] if variant.choice else [])
    if variant.unit == "dense":
        other = INSTEAD.get(variant.kind, {})
        given = [f"{key}={other.get(key, value)}" for key, _, value in
                 (each.partition("=") for each in given)]
    request = unit_request(variant.unit, parameters_document(variant.unit, given))
    build_request(request, tmp_path / "out", request.options, lambda _: None)
    (unit,) = Plan.load(tmp_path / "out" / "plan.json").units
    if variant.unit == "dense":
        assert (unit.kind, unit.pe) == ("dense", variant.kind)
    else:
        assert unit.kind == KINDS.get((variant.unit, variant.kind), "framework_rescale")
    assert (unit.lanes, unit.rows) == ((3, 2) if variant.unit == "dense" else (2, 1))
    certificate = verify(tmp_path / "out", simulators=("icarus",), emulator=False, samples=6)
    assert certificate.passed
    compiled = Graph.load(tmp_path / "out")
    rng = np.random.default_rng(1)
    source = request.graph.tensors["x"]
    x = rng.integers(source.format.min, source.format.max, (400, *source.shape), endpoint=True)
    np.testing.assert_array_equal(compiled.run({"x": x})[0]["y"], expected(request.graph, x))


def expected(graph: Graph, x: np.ndarray) -> np.ndarray:
    """What a unit's network must give, from its constants and the definition alone."""
    (node,) = graph.nodes
    constants = [graph.tensors[name].value for name in node.inputs[1:]]
    match type(node).__name__:
        case "MatMul":
            source, weights = (graph.tensors[name].format for name in node.inputs[:2])
            zero_point = 0 if isinstance(source, BipolarFormat) else -2
            return (source.to_fixed(x) - zero_point) @ weights.to_fixed(constants[0]).T \
                + constants[1]
        case "MultiThreshold":
            return (x[:, :, None] >= constants[0]).sum(axis=2)
        case "Table":
            return constants[0][0][x + 16]
        case "ArgMax":
            return np.argmax(x, axis=1)[:, None]
    assert isinstance(node.mode, RescaleMode)
    rounded = rescale(x, *constants, node.mode)
    return np.clip(rounded + 3, node.low, 127)
