"""Specs that are wrong, with every line; specs that are right, and the networks they mean."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from boards.devices import DEVICES
from boards.table import BOARDS
from gen.build import Budget
from gen.spec.designs import Request, Spec, read_spec, unit_request
from gen.spec.document import parameters_document
from gen.spec.faults import SpecFault
from gen.units import UNITS
from hw.pe import CONSTANT_KINDS, PE_KINDS
from sw_model.faults import InputFault
from sw_model.ops import RescaleMode

ROOT = Path(__file__).resolve().parents[3]
DIGITS = ROOT / "examples" / "digits" / "digits.onnx"
DEVICE_LIST = ", ".join(DEVICES)
UNIT_LIST = ", ".join(UNITS)
FORMATS = ("formats are spelt like int8, uint4, fixed<8,4>, ufixed<8,4>, float<4,3,bias=8,fn>, "
           "posit<8,0>, codebook<-1,0,0.5,2>, khot<8,5,2>, or named bipolar, ternary, float32, "
           "e5m2, e4m3fn, e3m2, e2m3, e2m1, ue4m3, ue5m3, fp16, bf16, e8m0")
DENSE_KEYS = ("vectors, inputs, outputs, activations, zero_point, weights, weight_format, bias, "
              "bias_format, pe, rows, lanes, memory")


def read(folder: Path, text: str, rounding: RescaleMode | None = None) -> Spec:
    (path := folder / "spec.yaml").write_text(text)
    return read_spec(path, rounding)


def faults(folder: Path, text: str) -> list[str]:
    """Faults of a spec, without the file's name."""
    with pytest.raises(SpecFault) as caught:
        read(folder, text)
    prefix = f"{folder / 'spec.yaml'}:"
    assert all(fault.startswith(prefix) for fault in caught.value.faults)
    return [fault.removeprefix(prefix).replace(f"{folder}/", "") for fault in caught.value.faults]


def only(spec: Spec) -> Request:
    assert not spec.sweep
    (request,) = spec.requests
    return request


UNIT = "unit: argmax\nparams: {length: 4}\n"

WRONG = {
    "not a mapping": ("- 1\n", ["1: a spec is a mapping with one of the keys "
                                "unit, units, model, layers"]),
    "no kind": ("target: {}\nmodle: x\n", [
        "1: one of the keys unit, units, model, layers must be there; is 'modle' 'model'?"]),
    "two kinds": ("unit: argmax\nparams: {length: 4}\nmodel: x.onnx\n", [
        "3: keys 'unit' and 'model' exclude one another",
        "3: unknown key 'model'; there are name, target, budget, verify, unit, params"]),
    "unit": ("params: {length: 4}\nunit: armgax\n", [
        f"2: unit: unknown unit 'armgax'; did you mean 'argmax'? there are {UNIT_LIST}"]),
    "unit's kind": ("unit: 3\n", ["1: unit must be a string, not 3"]),
    "unknown keys": (UNIT + "targt: {}\ntarget:\n  device: ecp5-25k\n  clokc_mhz: 5\n", [
        "3: unknown key 'targt'; did you mean 'target'? there are name, target, budget, verify, "
        "unit, params",
        "6: unknown key 'clokc_mhz' in target; did you mean 'clock_mhz'? there are device, "
        "board, clock_mhz, rate"]),
    "device": (UNIT + "target: {device: ecp5-26k}\n", [
        "3: target.device: no device 'ecp5-26k'; did you mean ecp5-25k? there are "
        + DEVICE_LIST]),
    "board": (UNIT + "target:\n  board: icebraker\n", [
        "4: target.board: no board 'icebraker'; did you mean icebreaker? there are "
        f"{', '.join(BOARDS)}, and boards of files, FILE.toml"]),
    "a file's board": (UNIT + "target:\n  board: here.toml\n", [
        "4: target.board: here.toml: cannot be read (No such file or directory)"]),
    "board and device": (UNIT + "target: {board: icebreaker, device: ecp5-25k}\n", [
        "3: target: board and device exclude one another"]),
    "numbers": (UNIT + "target:\n  clock_mhz: fast\n  rate: 0\nbudget:\n  lut: 0\n  dsp: 1.5\n"
                "  bram: .nan\nverify:\n  samples: 1.5\n  simulators: []\n", [
        "4: target.clock_mhz must be a number, not 'fast'",
        "5: target.rate must be max or a positive number of inferences a second, not 0",
        "7: budget.lut must be above 0, not 0", "8: budget.dsp must be at most 1, not 1.5",
        "9: budget.bram must be at most 1, not nan",
        "11: verify.samples must be an integer, not 1.5",
        "12: verify.simulators must have at least 1 entries, not 0"]),
    "kinds of value": (UNIT + "target: 3\nverify:\n  samples: true\n  simulators: icarus\n"
                       "name: 3\nbudget: [1]\n", [
        "3: target must be a mapping, not 3",
        "5: verify.samples must be an integer, not true",
        "6: verify.simulators must be a list, not 'icarus'",
        "7: name must be a string, not 3", "8: budget must be a mapping, not a list"]),
    "names": (UNIT + "name: a/b\nverify: {simulators: [icarus, modelsim]}\n", [
        "3: name must be a name of letters, digits and underscores such as fc1, not 'a/b'",
        "4: verify.simulators[1]: unknown 'modelsim'; there are verilator, icarus"]),
    "parameters": ("unit: dense\nparams:\n  inputs: 0\n  activations: int\n  weights: tenary\n"
                   "  pe: lutt\n  memory: fast\n  lane: 3\n", [
        "2: key 'outputs' in params is missing",
        "3: params.inputs must be at least 1, not 0",
        f"4: params.activations: unknown format 'int'; {FORMATS}",
        f"5: params.weights: unknown format 'tenary'; {FORMATS}; or random(seed), a file.npz, or "
        "a list of rows",
        f"6: params.pe: unknown 'lutt'; did you mean 'lut'? there are auto, "
        f"{', '.join((*PE_KINDS, *CONSTANT_KINDS))}",
        "7: params.memory: unknown 'fast'; there are auto, block, distributed",
        f"8: unknown key 'lane' in params; did you mean 'lanes'? there are {DENSE_KEYS}"]),
    "formats": ("unit: dense\nparams:\n  inputs: 2\n  outputs: 2\n  activations: float32\n"
                "  weight_format: int33\n  bias_format: 8\n", [
        "5: params.activations must be a format of integer codes, not float32",
        "6: params.weight_format must have at most 32 bits, not 33",
        "7: params.bias_format must be a format such as int8 or ternary, not 8"]),
    "parameters together": (
        "unit: dense\nparams:\n  inputs: 4\n  outputs: 2\n  lanes: 5\n", [
            "5: params.lanes must be at most inputs, 4, not 5"]),
    "numbers of a unit": (
        "unit: dense\nparams:\n  inputs: 3\n  outputs: 2\n  weights: [[1, 2], [3, 4]]\n"
        "  bias: none.npz\n", ["6: params.bias: none.npz: cannot be read: No such file or "
                               "directory"]),
    "shapes of a unit": (
        "unit: dense\nparams:\n  inputs: 3\n  outputs: 2\n  weights: [[1, 2], [3, 4]]\n"
        "  bias: [1, 2, 3]\n", [
            "5: params.weights: the list has shape [2, 2], but must have [2, 3]",
            "6: params.bias: the list has shape [3], but must have [2]"]),
    "bias format alone": ("unit: dense\nparams:\n  inputs: 3\n  outputs: 2\n"
                          "  bias_format: int4\n", [
        "5: params.bias_format has no effect without bias"]),
    "two formats": ("unit: dense\nparams:\n  inputs: 3\n  outputs: 2\n  weights: int4\n"
                    "  weight_format: int5\n", [
        "6: params.weight_format stands beside weights: int4, which is a format already; "
        "leave one of them out"]),
    "sums": ("unit: dense\nparams: {inputs: 60, outputs: 1, activations: int32, "
             "weights: int32}\n", [
        "2: params.weights need sums of more than 63 bits; use narrower ones or narrower inputs"]),
    "thresholds": ("unit: threshold\nparams:\n  target: uint2\n  channels: 2\n"
                   "  thresholds: [[1, 2, 3], [3, 2, 1]]\n", [
        "5: params.thresholds must ascend in every row"]),
    "thresholds beyond": ("unit: threshold\nparams: {source: int4, thresholds: [[1, 2, 16]]}\n", [
        "2: params.thresholds: the list holds 16, but int5 holds -16 to 15"]),
    "scale": ("unit: rescale\nparams:\n  channels: 3\n  scale: [0.5, 1]\n", [
        "4: params.scale must be one number or 3, not 2"]),
    "scale's value": ("unit: rescale\nparams:\n  scale: [0.5, -1]\n  mode: up\n  low: 4\n", [
        "3: params.scale must be positive and between 1e-30 and 1e30, not -1",
        "4: params.mode: unknown 'up'; there are tflite_double, tflite_ruy, tflite_single, "
        "float64_half_away, float32_half_even, exact_half_even, exact_half_away, exact_half_up, "
        "exact_half_toward_zero, floor, ceiling, toward_zero, away_from_zero"]),
    "scale and mode": ("unit: rescale\nparams: {scale: 1e-12}\n", [
        "2: params.scale must be between 2**-32 and 2**30 for tflite_double, not 1e-12"]),
    "clamp": ("unit: rescale\nparams: {low: 4, high: 3}\n", [
        "2: params: low and high must be -128 to 127 in this order, not 4 and 3"]),
    "sample": ("unit: argmax\nparams: {length: 65536, vectors: 17}\n", [
        "1: argmax: a sample has 1114112 elements, but at most 1048576 are allowed"]),
    "stimulus": ("unit: argmax\nparams: {length: 1000}\nverify:\n  samples: 40000\n", [
        "4: verify.samples must be at most 33554 for samples of 1000 elements, not 40000"]),
    "sweep": (
        "units:\n- {unit: densee}\n- {unit: dense, params: {inputs: 8, row: 3}}\n"
        "- {unit: argmax, params: {length: 8, lanes: 9}, names: x}\n- 5\n"
        "- {unit: argmax, params: {length: 8}, name: a}\n- unit: argmax\n"
        "  params: {length: 8}\n  name: a\nname: b\n", [
            f"2: units[0].unit: unknown unit 'densee'; did you mean 'dense'? there are {UNIT_LIST}",
            "3: key 'outputs' in units[1].params is missing",
            f"3: unknown key 'row' in units[1].params; did you mean 'rows'? there are {DENSE_KEYS}",
            "4: unknown key 'names' in units[2]; did you mean 'name'? there are name, unit, params",
            "4: units[2].params.lanes must be at most length, 8, not 9",
            "5: units[3] must be a mapping, not 5",
            "9: units[5].name must be unique, but units[4] is called 'a' too"]),
    "sweep's name": ("units: [{unit: argmax, params: {length: 3}}]\nname: b\n", [
        "2: name has no effect on a sweep; name its units"]),
    "empty sweep": ("units: []\n", ["1: units must have at least 1 entries, not 0"]),
    "model": ("model: none.onnx\nrounding: up\nlayers:\n  fc1: 3\n  fc2:\n    folding: {rows: 0}\n"
              "    rescale: tabel\n", [
        "1: model: no file none.onnx",
        "2: rounding: unknown 'up'; there are tflite_double, tflite_single, float64_half_away",
        "4: layers.fc1 must be a mapping, not 3",
        "6: layers.fc2.folding.rows must be at least 1, not 0",
        "7: layers.fc2.rescale: unknown 'tabel'; did you mean 'table'? there are auto, multiply, "
        "thresholds, table, half_even, framework"]),
    "model's layers": ("model: none.onnx\nlayers: [1]\n", [
        "1: model: no file none.onnx", "2: layers must be a mapping, not a list"]),
    "layers without a model": ("name: x\nlayers:\n  fc1: {}\n", [
        "2: layers: a mapping chooses about the layers of a model, but there is no key 'model'; "
        "write a list to describe a network"]),
    "twice": ("model: none.onnx\nlayers:\n  fc1: {}\n  fc1: {}\n", [
        "1: model: no file none.onnx", "4: key 'fc1' is there already, on line 3"]),
    "inline": (
        "input: {size: 4, format: uint4, zero_point: 16}\nlayers:\n- name: a\n  outputs: 3\n"
        "  weights: [[1, 2], [3, 4]]\n  format: int8\n  zero_point: 300\n- name: a\n  outputs: 2\n"
        "  weights: random(1)\n  scale: 0.5\n  folding: {rows: 3, lanes: 4}\n- name: b\n"
        "  outputs: 2\n  weights: ternary\n  format: bipolar\n  activation: relu\n"
        "  bias_format: int4\n", [
            "1: input.zero_point must be 0 to 15, not 16",
            "5: layers[0].weights: the list has shape [2, 2], but must have [3, 4]",
            "7: layers[0].zero_point must be -128 to 127, not 300",
            "8: layers[1].name must be unique, but layer 0 is called 'a' too",
            "11: layers[1].scale has no effect without format",
            "12: layers[1].folding.rows must be at most 2, the layer's outputs, not 3",
            "12: layers[1].folding.lanes must be at most 3, the layer's inputs, not 4",
            "17: layers[2].activation has no effect on bipolar outputs, which are the signs of "
            "the sums", "18: layers[2].bias_format has no effect without bias"]),
    "inline's keys": ("layers:\n- name: 1a\n  outputs: 3\n  format: int8\n  scale: big\n- {}\n", [
        "1: key 'input' is missing",
        "2: key 'weights' in layers[0] is missing",
        "2: layers[0].name must be a name of letters, digits and underscores such as fc1, "
        "not '1a'",
        "5: layers[0].scale must be auto, random(seed), a number or a list of numbers, not 'big'",
        "6: key 'name' in layers[1] is missing", "6: key 'outputs' in layers[1] is missing",
        "6: key 'weights' in layers[1] is missing"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_every_fault_is_told_with_its_line(tmp_path: Path, case: str) -> None:
    text, expected = WRONG[case]
    assert sorted(faults(tmp_path, text)) == sorted(expected)


def test_faults_stand_in_the_order_of_lines_and_have_an_end(tmp_path: Path) -> None:
    text = UNIT + "".join(f"extra{k}: 1\n" for k in range(60))
    with pytest.raises(SpecFault) as caught:
        read(tmp_path, text)
    assert len(caught.value.faults) == 60
    lines = [int(match[1]) for line in str(caught.value).splitlines()
             if (match := re.search(r"spec\.yaml:(\d+):", line))]
    assert lines == list(range(3, 53))
    assert str(caught.value).endswith("\n... and 10 more")


def test_a_unit_is_a_network_of_one_node(tmp_path: Path) -> None:
    request = only(read(tmp_path, """
unit: dense
name: small
params: {inputs: 3, outputs: 2, activations: uint2, weights: [[1, -2, 3], [0, 4, -1]],
         bias: [10, -20], zero_point: 1, rows: 2, lanes: 1, vectors: 2, memory: block}
target: {device: ice40-up5k, clock_mhz: 12, rate: 1e3}
budget: {lut: 0.5}
verify: {samples: 7, simulators: [icarus]}
"""))
    (node,) = request.graph.nodes
    assert (request.name, request.graph.name, node.name) == ("small", "small", "dense")
    x = np.array([[[0, 1, 2], [3, 3, 3]]])
    expected = (x - 1) @ np.array([[1, -2, 3], [0, 4, -1]]).T + [10, -20]
    np.testing.assert_array_equal(request.graph.run({"x": x})[0]["y"], expected)
    options = request.options
    assert options.units == {"dense": {"rows": 2, "lanes": 1, "memory": "block"}}
    assert (options.device, options.clock_mhz, options.rate) == ("ice40-up5k", 12.0, 1000.0)
    assert (options.samples, options.simulators) == (7, ("icarus",))
    assert options.budget == Budget(lut=0.5)
    assert request.model is not None
    assert request.model.file == "spec.yaml"


def test_the_design_s_example_of_a_unit(tmp_path: Path) -> None:
    request = only(read(tmp_path, "unit: dense\nparams: {inputs: 64, outputs: 16, "
                        "activations: int8, weights: ternary, pe: parallel, lanes: 8, rows: 4}\n"))
    weights = request.graph.tensors["dense_weights"]
    assert (str(weights.format), weights.shape) == ("ternary", (16, 64))
    assert request.options.units["dense"]["pe"] == "parallel"


def test_names_of_a_sweep(tmp_path: Path) -> None:
    spec = read(tmp_path, """
units:
- {unit: argmax, params: {length: 3}}
- {unit: argmax, params: {length: 4}, name: argmax_2}
- {unit: argmax, params: {length: 5}}
- {unit: table}
target: {clock_mhz: 25}
""")
    assert spec.sweep
    assert [r.name for r in spec.requests] == ["argmax_1", "argmax_2", "argmax_3", "table_1"]
    assert {r.options.clock_mhz for r in spec.requests} == {25.0}
    assert spec.requests[1].graph.tensors["x"].shape == (4,)


def test_choices_about_a_model(tmp_path: Path) -> None:
    request = only(read(tmp_path, f"""
model: {DIGITS}
layers:
  fc1: {{folding: {{rows: 2}}, pe: {{kind: parallel}}}}
  fc2: {{rescale: multiply}}
  "*": {{folding: {{lanes: 4}}, memory: distributed, pe: {{kind: auto}}}}
"""))
    assert request.name == "digits"
    assert request.options.units == {"fc1": {"rows": 2, "pe": "parallel"},
                                     "*": {"lanes": 4, "memory": "distributed",
                                           "pe": "parallel"}}
    assert request.options.forms == {"fc2": "multiply"}
    spec = tmp_path / "spec.yaml"
    assert request.places == {"fc1": f"{spec}:4", "fc2": f"{spec}:5", "*": f"{spec}:6"}


def test_rounding_is_for_models(tmp_path: Path) -> None:
    with pytest.raises(InputFault, match=r"--rounding: .*spec.yaml names no model"):
        read(tmp_path, UNIT, RescaleMode.TFLITE_SINGLE)
    with pytest.raises(InputFault, match="a choice for TFLite files alone"):
        read(tmp_path, f"model: {DIGITS}\nrounding: tflite_double\n")


def test_an_inline_network_computes_what_it_says(tmp_path: Path, rng: np.random.Generator) -> None:
    hidden, score = rng.integers(-8, 8, (5, 4)), rng.integers(-1, 2, (3, 5))
    bias = rng.integers(-50, 50, 5)
    np.savez(tmp_path / "w.npz", hidden=hidden, hidden_bias=bias)
    request = only(read(tmp_path, f"""
input: {{name: pixels, size: 4, format: uint4, zero_point: 3}}
layers:
- {{name: hidden, outputs: 5, weights: w.npz, weight_format: int4, bias: w.npz, format: int4,
   scale: 0.0625, zero_point: -2, activation: relu, rounding: floor}}
- {{name: score, outputs: 3, weights: {score.tolist()}, weight_format: ternary, format: bipolar}}
"""))
    assert request.name == "spec"
    x = rng.integers(0, 16, (200, 4))
    values = request.graph.trace({"pixels": x})
    sums = (x - 3) @ hidden.T + bias
    codes = np.clip(sums // 16 - 2, -2, 7)
    np.testing.assert_array_equal(values["hidden_out"], codes)
    assert len(np.unique(codes)) > 5
    np.testing.assert_array_equal(values["y"], (codes + 2) @ score.T >= 0)


def test_scales_of_an_inline_network(tmp_path: Path, rng: np.random.Generator) -> None:
    """``auto`` lets three deviations of the sums fill the format; ``random`` differs by channel."""
    text = """
input: {{size: 64, format: int8}}
layers:
- {{name: a, outputs: 32, weights: random(2), weight_format: int4, format: int8, scale: {scale}}}
"""
    auto = only(read(tmp_path, text.format(scale="auto"))).graph
    codes = auto.run({"x": rng.integers(-128, 128, (500, 64))})[0]["y"]
    assert 127 / 3 * 0.9 < codes.std() < 127 / 3 * 1.1
    varied = only(read(tmp_path, text.format(scale="random(4)"))).graph
    assert varied.tensors["a_rescale_multiplier"].shape == (32,)
    listed = only(read(tmp_path, text.format(scale=[0.5] * 32))).graph
    assert set(listed.tensors["a_rescale_multiplier"].value) == {1}
    assert set(listed.tensors["a_rescale_exponent"].value) == {-1}


def test_vectors_add_an_axis(tmp_path: Path) -> None:
    request = only(read(tmp_path, "input: {size: 4, format: int4, vectors: 3}\n"
                        "layers: [{name: a, outputs: 2, weights: int4}]\n"))
    assert request.graph.tensors["y"].shape == (3, 2)


def test_units_of_the_command_line() -> None:
    request = unit_request("argmax", parameters_document("argmax", ["length=6", "lanes=2"]))
    assert (request.name, request.model) == ("argmax", None)
    assert request.options.units == {"argmax": {"lanes": 2}}
    with pytest.raises(InputFault, match="no unit 'argmin'; did you mean 'argmax'"):
        unit_request("argmin", parameters_document("argmin", []))
    with pytest.raises(SpecFault) as caught:
        unit_request("argmax", parameters_document("argmax", ["lanes=0", "source=int"]))
    assert [fault.split(":")[0] for fault in caught.value.faults] == [
        "unit argmax", "-p lanes=0", "-p source=int"]


def test_a_board_is_its_device_and_its_clock(tmp_path: Path) -> None:
    options = only(read(tmp_path, UNIT + "target: {board: orangecrab-25f}\n")).options
    assert (options.device, options.clock_mhz) == ("ecp5-25k", 48)
    options = only(read(tmp_path, UNIT + "target: {board: orangecrab-25f, clock_mhz: 24}\n")
                   ).options
    assert (options.device, options.clock_mhz) == ("ecp5-25k", 24)
