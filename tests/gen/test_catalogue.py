"""Every variant of the catalogue can be built, and is what it says it is, bit for bit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from _pytest.mark import ParameterSet

from gen.catalogue import Variant, catalogue
from gen.mapping.plan import Plan
from gen.spec.build import build_request
from gen.spec.designs import unit_request
from gen.spec.document import parameters_document
from gen.units import UNITS
from hw.pe import CONSTANT_KINDS, PE_KINDS
from sw_model import ops
from sw_model.formats import BipolarFormat, FixedFormat, IntFormat
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
    "exp2": ["channels=5", "lanes=2", "source=fixed<9,5>", "scale=0.5"],
    "reciprocal": ["channels=5", "lanes=2", "source=uint9", "newton_steps=1"],
    "rsqrt": ["channels=5", "lanes=2", "source=uint10"],
    "isqrt": ["channels=5", "lanes=2", "source=uint9"],
    "divide": ["vectors=3", "source=uint6"],
    "delta_table": ["channels=5", "lanes=2", "source=fixed<9,5>", "step_bits=3", "fraction=8"],
    "piecewise": ["channels=5", "lanes=2", "source=fixed<8,4>", "target=fixed<8,7>"],
    **{norm: ["length=5", "lanes=2", "source=int6", "scale=0.1", "epsilon=0.01",
              "bias=random(2)"] for norm in ("rms_norm", "layer_norm", "l1_norm")},
    "integer_layer_norm": ["length=5", "lanes=2", "source=int6"],
    "l2_norm": ["length=5", "lanes=2", "zero_point=-3"],
    "hadamard": ["channels=8", "size=4", "lanes=2"],
    "top_k": ["length=7", "lanes=2", "k=3"], "absmax_quantise": ["length=5", "lanes=2"],
    "block_quantise": ["length=32", "lanes=2"],
    "sampler": ["length=7", "lanes=2", "k=3", "scale=0.02", "top_p=0.9", "seed=77"],
    "pool": ["height=5", "width=4", "channels=3", "lanes=2", "kernel=3", "padding=same"],
    "mean": ["vectors=3", "channels=5", "lanes=2"], "concatenate": ["channels=6", "lanes=2"],
    "softmax": ["length=5", "lanes=2", "vectors=3"], "shift_gelu": ["length=5", "lanes=2"],
    **{unit: ["channels=5", "lanes=2"] for unit in (
        "shift_rescale", "stochastic_shift", "k_hot_rescale", "residual_add", "add", "multiply",
        "requantise", "gated_product", "sigmoid", "hard_sigmoid", "hard_swish", "swish",
        "integer_gelu")},
}
#: What kinds of processing elements that do not take those are given instead.
INSTEAD = {
    "ternary": {"weight_format": "ternary"}, "ternary_ecp5": {"weight_format": "ternary"},
    "binary": {"weight_format": "bipolar", "activations": "bipolar", "zero_point": "0"},
    **{kind: {"rows": "5", "lanes": "7"} for kind in CONSTANT_KINDS},
}
#: Devices for kinds that are made of a family's cells.
DEVICES = {"ice40": "ice40-up5k"}
#: What serves each way of softmax.
SOFTMAX = {"tflite": "tflite_softmax", "shiftmax": "shiftmax", "repaired_shiftmax": "shiftmax",
           "single_pass": "single_pass_softmax", "two_pass": "two_pass_softmax",
           "online": "online_softmax", "unified": "unified_softmax"}
#: What the plan's unit must be, and what stands in the compiled network.
KINDS = {
    ("multiply_add_shift", "multiply_add_shift"): "multiply_add_shift",
    ("threshold", "parallel"): "threshold",
    ("threshold", "binary"): "binary_threshold", ("table", "table"): "table",
    ("argmax", "argmax"): "argmax",
    ("delta_table", "gelu"): "delta_table", ("delta_table", "silu"): "delta_table",
    **{(name, name): name
       for name in ("exp2", "reciprocal", "rsqrt", "isqrt", "divide", "piecewise", "rms_norm",
                    "layer_norm", "l1_norm", "l2_norm", "integer_layer_norm")},
    **{("softmax", way): kind for way, kind in SOFTMAX.items()},
    ("pool", "average"): "average_pool", ("pool", "largest"): "max_pool",
    ("mean", "channels"): "row_mean", ("mean", "places"): "mean",
    **{("sigmoid", function): "table" for function in ("logistic", "tanh")},
}
VARIANTS = catalogue()

#: Units of which two variants stand for all: they differ in a number, a mode or a format alone.
ALIKE = ("rescale", "block_quantise", "shift_rescale", "requantise")


def cases() -> list[ParameterSet]:
    """Every variant, later ones of units whose variants are alike in ``make test-full``."""
    seen: Counter[str] = Counter()
    found = []
    for variant in VARIANTS:
        seen[variant.unit] += 1
        late = variant.unit in ALIKE and seen[variant.unit] > 2
        found.append(pytest.param(variant, id=f"{variant.unit}-{variant.kind}",
                                  marks=[pytest.mark.full] if late else []))
    return found


def test_the_catalogue_lists_every_variant_once() -> None:
    listed = [(variant.unit, variant.kind) for variant in VARIANTS]
    assert len(set(listed)) == len(listed)
    assert {unit for unit, _ in listed} == set(UNITS)
    assert [kind for unit, kind in listed if unit == "rescale"] == [
        mode.value for mode in RescaleMode]
    assert {variant.unit for variant in VARIANTS if variant.comparison.endswith("--errors")} >= {
        "exp2", "reciprocal", "softmax", "swish", "piecewise", "divide", "table"}
    for variant in VARIANTS:
        assert variant.summary
        plain = variant.as_dict()
        assert [*plain] == ["unit", "kind", "choice", "summary", "paper", "comparison",
                           "parameters"]
        if variant.choice:
            (own,) = [p for p in plain["parameters"] if p["name"] == variant.choice]
            assert own["default"] == variant.kind


@pytest.mark.parametrize("variant", cases())
def test_every_variant_builds_and_is_verified(variant: Variant, tmp_path: Path,
                                              need: Callable[[str], None]) -> None:
    need("icarus")
    given = SMALL[variant.unit] + ([f"{variant.choice}={variant.kind}"] if variant.choice else [])
    if variant.unit == "dense":
        other = INSTEAD.get(variant.kind, {})
        given = [f"{key}={other.get(key, value)}" for key, _, value in
                 (each.partition("=") for each in given)]
    request = unit_request(variant.unit, parameters_document(variant.unit, given))
    family = PE_KINDS[variant.kind].family if variant.kind in PE_KINDS else None
    options = replace(request.options, device=DEVICES.get(family, request.options.device))
    build_request(request, tmp_path / "out", options, lambda _: None)
    (unit,) = Plan.load(tmp_path / "out" / "plan.json").units
    if variant.unit == "dense":
        assert (unit.kind, unit.pe) == ("dense", variant.kind)
    else:
        other = "framework_rescale" if variant.unit == "rescale" else variant.unit
        assert unit.kind == KINDS.get((variant.unit, variant.kind), other)
    whole = (7, 5) if variant.kind in CONSTANT_KINDS else (3, 2)
    assert (unit.lanes, unit.rows) == (whole if variant.unit == "dense" else (2, 1))
    certificate = verify(tmp_path / "out", simulators=("icarus",), emulator=False, samples=6)
    assert certificate.passed
    compiled = Graph.load(tmp_path / "out")
    rng = np.random.default_rng(1)
    sources = [request.graph.tensors[name] for name in request.graph.inputs]
    given = {source.name: rng.integers(source.format.min, source.format.max,
                                       (400, *source.shape), endpoint=True) for source in sources}
    wanted = expected(request.graph, *given.values())
    found = compiled.run(given)[0]
    for name, each in zip(request.graph.outputs, wanted if isinstance(wanted, tuple) else [wanted],
                          strict=True):
        np.testing.assert_array_equal(found[name], each)


def expected(graph: Graph, x: np.ndarray, *others: np.ndarray) -> object:
    """What a unit's network must give, from its constants and the definition alone."""
    (node,) = graph.nodes
    constants = [graph.tensors[name].value for name in node.inputs[1 + len(others):]]
    match type(node).__name__:
        case "MatMul":
            source, weights = (graph.tensors[name].format for name in node.inputs[:2])
            zero_point = 0 if isinstance(source, BipolarFormat) else -2
            return (source.to_fixed(x) - zero_point) @ weights.to_fixed(constants[0]).T \
                + constants[1]
        case "MultiThreshold":
            return (x[:, :, None] >= constants[0]).sum(axis=2)
        case "Table":
            return constants[0][0][x - graph.tensors[node.inputs[0]].format.min]
        case "ArgMax":
            return np.argmax(x, axis=1)[:, None]
        case "Exp2":
            return ops.exp2(x, node.spec(FixedFormat(9, 5)))
        case "Reciprocal":
            return np.stack(ops.reciprocal(x, node.spec(IntFormat(9, False))), -1).reshape(-1, 10)
        case "Rsqrt":
            return np.stack(ops.rsqrt(x, node.spec(IntFormat(10, False))), -1).reshape(-1, 10)
        case "Isqrt":
            return np.floor(np.sqrt(x))
        case "Divide":
            safe = np.maximum(x[..., 1], 1)
            exact = np.stack([x[..., 0] // safe, x[..., 0] % safe], axis=-1)
            return np.where(x[..., 1:] == 0, np.stack([x[..., 0] * 0 + 63, x[..., 0]], -1), exact)
        case "DeltaTable":
            return ops.delta_table(x, node.spec(graph.input_tensors(node)), constants[0])
        case "Piecewise":
            # Proven for every code: within a unit of the last place of the logistic function.
            found = ops.piecewise(x, node.spec(graph.input_tensors(node)))
            assert (np.abs(found / 128 - 1 / (1 + np.exp(-x / 16))) <= 1 / 128).all()
            return found
    if not isinstance(node, ops.Rescale | ops.MultiplyAddShift):
        # A unit of the library: its golden function is the definition.
        return node.run(graph.input_tensors(node), [x, *others, *constants])
    assert isinstance(node.mode, RescaleMode)
    rounded = rescale(x, *constants, node.mode)
    return np.clip(rounded + 3, node.low, 127)
