"""The peripheral stands in a LiteX system, and its bus gives what the golden model gives."""

from __future__ import annotations

import dataclasses
import json
import runpy
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from boards.beats import to_beats
from boards.handover.litex import class_name
from sw_model.graph import Graph
from sw_model.partition import core_graph
from verif.manifest import Manifest
from verif.simulate import simulate
from verif.stimulus import stored_samples

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def module(delivery):
    """The names of the module that was handed over."""
    return runpy.run_path(str(delivery / "digits_litex.py"))


def test_inferences_in_a_system(need, digits, delivery, tmp_path):
    need("icarus")
    done = subprocess.run([sys.executable, "-B", str(HERE / "litex_system.py"), str(delivery),
                           str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    gateware, out = tmp_path / "gateware", (tmp_path / "sources.txt").read_text().splitlines()
    script = (gateware / "system.ys").read_text()
    assert all(f"read_verilog {name}" in script for name in out)

    manifest, core = Manifest.load(digits), core_graph(Graph.load(digits))
    inputs = {name: codes[:20] for name, codes in stored_samples(digits, core).items()}
    outputs, _ = core.run(inputs)
    (given,), (wanted,) = manifest.inputs, manifest.outputs
    beats = [to_beats(given, inputs[given.tensor]), to_beats(wanted, outputs[wanted.tensor])]
    registers = json.loads((delivery / "handover.json").read_text())["shells"]["wishbone"]
    job = {"origin": 0x9000_0000, "identity": 0x1234,
           "registers": {each["name"]: each["address"] for each in registers["registers"]},
           "samples": list(zip(beats[0].tolist(), beats[1].tolist(), strict=True))}
    results = simulate([Path(name) for name in out], "system",
                       "tests.boards.handover.suites.litex", simulator="icarus",
                       work=tmp_path / "work", cwd=gateware, seed=1,
                       env={"GATEMILL_LITEX": json.dumps(job)})
    assert results.require_pass().ran == 2


def test_registers_are_those_of_the_shell(delivery, module):
    shell = json.loads((delivery / "handover.json").read_text())["shells"]["wishbone"]
    kind = module["Digits"]
    assert {each["name"]: each["address"] for each in shell["registers"]} == kind.REGISTERS
    assert max(kind.REGISTERS.values()) < kind.SIZE
    assert kind.SIZE & kind.SIZE - 1 == 0


def test_images_can_be_laid_anywhere(delivery, module, tmp_path):
    module["Digits"].copy_images(tmp_path / "new")
    there = {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()}
    assert there == {path.name: path.read_bytes() for path in (delivery / "rtl").glob("*.mem")}
    assert there


def test_the_class_is_called_after_the_network(gathered):
    for top, name in (("face_detector", "FaceDetector"), ("digits", "Digits"),
                      ("_2d", "Network2d")):
        manifest = msgspec.structs.replace(gathered.manifest, top=top)
        assert class_name(dataclasses.replace(gathered, manifest=manifest)) == name
