"""From specs to build folders: choices have their effect, the command line comes first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gen.mapping.plan import Plan, Unit
from gen.source import build_source
from gen.spec.build import design_request
from gen.spec.designs import read_spec
from sw_model.faults import InputFault, Verdict

DIGITS = Path(__file__).resolve().parents[3] / "examples" / "digits" / "digits.onnx"
DENSE = """
unit: dense
params: {inputs: 6, outputs: 4, weights: random(3), weight_format: int3, rows: 2, lanes: 3}
target: {device: ecp5-12k, clock_mhz: 20}
"""


def quiet(_: str) -> None:
    """Report nothing."""


def write(folder: Path, text: str) -> Path:
    (path := folder / "spec.yaml").write_text(text)
    return path


def plan_of(folder: Path, text: str) -> Plan:
    """The plan of the only design of a spec."""
    (request,) = read_spec(write(folder, text)).requests
    return design_request(request, request.options, quiet).design.plan


def dense_units(plan: Plan) -> dict[str, Unit]:
    return {unit.jobs[0]: unit for unit in plan.units if unit.kind == "dense"}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*") if path.is_file()}


def test_the_same_spec_gives_the_same_bytes(tmp_path: Path) -> None:
    spec = write(tmp_path, DENSE + "verify: {samples: 5, simulators: [icarus]}\n")
    for name in ("one", "two"):
        (built,) = build_source(spec, tmp_path / name, quiet)
        assert (built.folder, built.sweep) == (tmp_path / name, False)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert built.manifest.model is not None
    assert built.manifest.model.file == "spec.yaml"
    assert "verify.json" in built.manifest.files
    assert json.loads((tmp_path / "one" / "verify.json").read_text()) == {"simulators": ["icarus"]}


def test_the_command_line_comes_first(tmp_path: Path) -> None:
    spec = write(tmp_path, DENSE)
    build_source(spec, tmp_path / "a", quiet)
    plan = Plan.load(tmp_path / "a" / "plan.json")
    assert (plan.device, plan.clock_mhz) == ("ecp5-12k", 20.0)
    assert "verify.json" not in contents(tmp_path / "a")
    build_source(spec, tmp_path / "b", quiet, device="ice40-up5k", clock=10.0)
    plan = Plan.load(tmp_path / "b" / "plan.json")
    assert (plan.device, plan.clock_mhz) == ("ice40-up5k", 10.0)
    with pytest.raises(Verdict, match="6e\\+07 inferences a second need"):
        build_source(spec, tmp_path / "c", quiet, rate="6e7")
    slow = write(tmp_path, DENSE.replace("clock_mhz: 20", "clock_mhz: 20, rate: 60e6"))
    build_source(slow, tmp_path / "d", quiet, rate="max")
    edited = (tmp_path / "a" / "plan.json").read_text().replace('"rows": 2', '"rows": 4')
    (tmp_path / "edited.json").write_text(edited)
    build_source(spec, tmp_path / "e", quiet, plan=tmp_path / "edited.json", rate="max")
    assert Plan.load(tmp_path / "e" / "plan.json").units[0].rows == 4
    with pytest.raises(InputFault, match="--rounding"):
        build_source(spec, tmp_path / "f", quiet, rounding="tflite_single")


def test_a_sweep_is_built_into_folders(tmp_path: Path) -> None:
    spec = write(tmp_path, """
units:
- {unit: argmax, params: {length: 4, source: int4, lanes: 2}}
- {unit: table, name: square, params: {channels: 2, source: uint2, entries: [[0, 1, 4, 9]]}}
""")
    built = build_source(spec, out := tmp_path / "out", quiet, clock=12.0)
    assert [each.folder for each in built] == [out / "argmax_1", out / "square"]
    assert [each.manifest.top for each in built] == ["argmax_1", "square"]
    assert Plan.load(out / "square" / "plan.json").clock_mhz == 12.0
    assert json.loads((out / "sweep.json").read_text()) == {"designs": [
        {"folder": "argmax_1", "unit": "argmax"}, {"folder": "square", "unit": "table"}]}
    # An earlier sweep is replaced as a whole; anything else is left alone.
    write(tmp_path, "units: [{unit: argmax, params: {length: 3, source: int4}}]\n")
    build_source(spec, out, quiet)
    assert sorted(path.name for path in out.iterdir()) == ["argmax_1", "sweep.json"]
    with pytest.raises(InputFault, match=r"holds no sweep.json"):
        build_source(spec, out / "argmax_1", quiet)
    plan = out / "argmax_1" / "plan.json"
    with pytest.raises(InputFault, match=r"--plan: .* describes 1 designs"):
        build_source(spec, tmp_path / "planned", quiet, plan=plan)


def test_choices_reach_the_plan(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, f"""
model: {DIGITS}
layers:
  fc1: {{folding: {{rows: 2, lanes: 16}}}}
  fc2: {{memory: block}}
  fc1_rescale: {{folding: {{lanes: 2}}, memory: distributed}}
  "*": {{folding: {{rows: 3, lanes: 64}}}}
""")
    units = {unit.jobs[0]: unit for unit in plan.units}
    assert (units["fc1"].rows, units["fc1"].lanes) == (2, 16)
    # The star is for what a layer does not say itself, and is cut to its size.
    assert (units["fc2"].rows, units["fc2"].lanes) == (3, 32)
    assert (units["fc3"].rows, units["fc3"].lanes) == (3, 16)
    assert (units["fc2"].memory, units["fc3"].memory) == ("block", "auto")
    assert (units["fc1_rescale"].lanes, units["fc1_rescale"].memory) == (2, "distributed")


def test_what_is_left_open_keeps_the_pace(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, f"model: {DIGITS}\n"
                             "layers: {fc1: {folding: {rows: 2, lanes: 16}}}\n")
    assert plan.prediction is not None
    assert plan.prediction.interval == 64
    second = dense_units(plan)["fc2"]
    assert -(-16 // second.rows) * -(-32 // second.lanes) <= 64
    assert second.rows * second.lanes <= 8


def test_the_form_of_a_rescale(tmp_path: Path) -> None:
    (request,) = read_spec(write(tmp_path, f"""
model: {DIGITS}
layers: {{fc2: {{rescale: multiply}}, "*": {{rescale: thresholds}}}}
""")).requests
    report = design_request(request, request.options, quiet).compiled.report
    assert {entry["layer"]: entry["form"] for entry in report} == {
        "fc1": "thresholds", "fc2": "multiply"}


@pytest.mark.parametrize(("layer", "line", "message"), [
    ("fc_2: {}", 4, "no layer 'fc_2'; did you mean 'fc2'? there are fc1, fc1_rescale, "
     "fc2, fc2_rescale, fc3"),
    ("fc1: {folding: {rows: 33}}", 4, "layer 'fc1': rows must be at most 32, not 33"),
    ("fc2: {folding: {lanes: 33}}", 4, "layer 'fc2': lanes must be at most 32, not 33"),
    ("fc1_rescale: {pe: {kind: parallel}}", 4,
     "layer 'fc1_rescale' is no matrix product and has no pe"),
    ("fc2: {rescale: framework}", 4, "layer 'fc2': form 'framework' is not possible: "),
    ("fc3: {rescale: multiply}", 4, "no layer 'fc3' whose form could be chosen"),
    ("fc9: {rescale: multiply}", 4, "no layer 'fc9' whose form could be chosen"),
])
def test_faults_about_layers_name_the_line(tmp_path: Path, layer: str, line: int, message: str
                                           ) -> None:
    spec = write(tmp_path, f"model: {DIGITS}\nlayers:\n  fc1_rescale: {{}}\n  {layer}\n"
                 if "fc1_rescale" not in layer else f"model: {DIGITS}\nlayers:\n\n  {layer}\n")
    with pytest.raises(InputFault) as caught:
        build_source(spec, tmp_path / "out", quiet)
    assert str(caught.value).startswith(f"{spec}:{line}: {message}")
    assert not (tmp_path / "out").exists()


def test_faults_about_all_layers_name_the_star(tmp_path: Path) -> None:
    spec = write(tmp_path, f"model: {DIGITS}\nlayers:\n  '*':\n    rescale: framework\n")
    with pytest.raises(InputFault, match=r"spec.yaml:3: layer 'fc1': form 'framework' is not"):
        build_source(spec, tmp_path / "out", quiet)


def test_a_budget_of_multipliers_and_tables(tmp_path: Path) -> None:
    text = "unit: dense\nparams: {{inputs: 32, outputs: 32{more}}}\ntarget: {{device: ecp5-12k}}\n"
    free = dense_units(plan_of(tmp_path, text.format(more="")))["dense"]
    assert 14 < free.rows * free.lanes <= 28
    few = dense_units(plan_of(tmp_path, text.format(more="") + "budget: {dsp: 0.5}\n"))["dense"]
    assert 7 < few.rows * few.lanes <= 14
    small = dense_units(plan_of(tmp_path, text.format(more="") + "budget: {lut: 0.02}\n"))["dense"]
    assert 1 <= small.rows * small.lanes <= 0.02 * 12288 / 12
    # What is chosen must fit the budget too; without one it may be too large.
    wide = text.format(more=", rows: 8, lanes: 8")
    assert dense_units(plan_of(tmp_path, wide))["dense"].rows == 8
    with pytest.raises(Verdict, match=r"needs 64 multipliers, about \d+ lookup tables and 0 "
                                      "block RAMs, but the budget has 28, 10240 and 32"):
        plan_of(tmp_path, wide + "budget: {dsp: 1}\n")


def test_a_budget_of_block_ram(tmp_path: Path) -> None:
    text = ("unit: dense\nparams: {{inputs: 64, outputs: 32, memory: {memory}}}\n"
            "target: {{device: ice40-up5k}}\nbudget: {{bram: {bram}}}\n")
    # 64 x 32 weights of 8 bits, in 30 blocks of 4,096 bits.
    plan_of(tmp_path, text.format(memory="block", bram=0.15))
    plan_of(tmp_path, text.format(memory="distributed", bram=0.1))
    with pytest.raises(Verdict, match="tables and 4 block RAMs, but the budget has 8, 4400 and 3"):
        plan_of(tmp_path, text.format(memory="block", bram=0.1))
