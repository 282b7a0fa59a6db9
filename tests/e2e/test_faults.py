"""Faults put into a built network: simulation must catch each, and say where it is."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from gen.assemble import assemble
from gen.mapping.plan import Plan
from gen.spec.build import build_spec
from hw.verilog import to_verilog
from sw_model.graph import Graph
from sw_model.partition import core_graph
from tests.conftest import ROOT
from verif.certificate import stale
from verif.manifest import Manifest
from verif.verify import verify


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The inline network of the examples: two dense layers, a multiply-add-shift between."""
    out = tmp_path_factory.mktemp("faults") / "built"
    build_spec(ROOT / "examples" / "specs" / "two_layers.yaml", out, lambda options: options,
               lambda _: None)
    return out


@pytest.fixture
def folder(built, tmp_path, need):
    need("verilator")
    return shutil.copytree(built, tmp_path / "build")


def with_constant(graph, name, value):
    """``graph`` with another value of a constant tensor."""
    tensor = graph.tensors[name]
    return replace(graph, tensors={**graph.tensors, name: replace(tensor, value=value)})


def flip_weight_bit(folder, layer, row, column, bit):
    """Change one bit of one weight in the memory image, and return the changed matrix.

    The image has a word for each row fold and vector word; in it row 0, lane 0 is lowest.
    """
    core = core_graph(Graph.load(folder))
    node = next(n for n in core.nodes if n.name == layer)
    weights = core.tensors[node.inputs[1]]
    unit = next(u for u in Plan.load(folder / "plan.json").units if layer in u.jobs)
    width, words = weights.format.width, -(-weights.shape[1] // unit.lanes)
    path = folder / "rtl" / f"{unit.name}_weights.mem"
    image = path.read_text().split()
    number = row // unit.rows * words + column // unit.lanes
    place = ((row % unit.rows) * unit.lanes + column % unit.lanes) * width + bit
    image[number] = f"{int(image[number], 16) ^ 1 << place:0{len(image[number])}x}"
    path.write_text("\n".join(image) + "\n")
    changed = weights.value.astype(np.int64)
    bits = weights.format.to_bits(changed[row, column]) ^ np.uint64(1 << bit)
    changed[row, column] = weights.format.from_bits(bits)
    return path, with_constant(core, weights.name, changed.astype(weights.value.dtype))


@pytest.mark.parametrize(("layer", "row", "column", "bit"), [
    ("hidden", 0, 0, 0), ("hidden", 5, 10, 3), ("hidden", 7, 11, 1), ("score", 2, 7, 2)])
def test_flipped_weight_bit(folder, layer, row, column, bit):
    core = core_graph(Graph.load(folder))
    path, faulty = flip_weight_bit(folder, layer, row, column, bit)
    certificate = verify(folder, simulators=[], samples=30)
    assert not certificate.passed
    assert certificate.changed == (f"rtl/{path.name}",)
    difference = certificate.difference
    assert (difference.layer, difference.operation) == (layer, "MatMul")
    assert difference.index == (row,)
    # What was seen is what the changed weight gives, in the first sample that it changes.
    with np.load(folder / "vectors.npz") as file:
        stimulus = {name: file[name][:30] for name in file.files}
    right, wrong = (graph.trace(stimulus)[difference.tensor] for graph in (core, faulty))
    assert difference.sample == np.flatnonzero((right != wrong).any(axis=1))[0]
    assert (difference.expected, difference.seen) == (
        right[difference.sample, row], wrong[difference.sample, row])
    assert certificate.waveform == "failure.vcd"


def test_broken_rescale_constant(folder):
    """Hardware made with one bit of the rescale's offset wrong, beside the right network."""
    core = core_graph(Graph.load(folder))
    node = next(n for n in core.nodes if n.name == "hidden_rescale")
    offset = core.tensors[node.inputs[2]]
    broken = with_constant(core, offset.name, offset.value ^ 1 << offset.format.width - 1)
    manifest = Manifest.load(folder)
    design = assemble(broken, Plan.load(folder / "plan.json"), manifest.top)
    (folder / manifest.verilog).write_text(to_verilog(design.component, design.name))

    certificate = verify(folder, simulators=[], samples=30)
    assert not certificate.passed
    assert certificate.changed == (manifest.verilog,)
    difference = certificate.difference
    assert (difference.layer, difference.operation, difference.tensor) == (
        "hidden_rescale", "MultiplyAddShift", "hidden_out")
    assert abs(difference.seen - difference.expected) == 1
    by_layer = {record.tensor: record.differing for record in certificate.layers}
    assert by_layer["hidden_acc"] == 0
    assert by_layer["hidden_out"] > 0


def test_cocotb_locates_a_flipped_bit(folder, need):
    need("icarus")
    flip_weight_bit(folder, "hidden", 3, 4, 2)
    certificate = verify(folder, simulators=["icarus"], emulator=False)
    assert not certificate.passed
    difference = certificate.difference
    assert (difference.layer, difference.index) == ("hidden", (3,))
    assert abs(difference.seen - difference.expected) % 4 == 0


def test_the_network_as_built(folder, need):
    need("icarus")
    certificate = verify(folder, simulators=["icarus"])
    assert certificate.passed, certificate.summary()
    assert all(layer.observed for layer in certificate.layers)
    assert certificate.timing.interval == certificate.timing.predicted_interval
    assert stale(folder) == []
