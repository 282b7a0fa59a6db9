# amaranth: UnusedElaboratable=no
"""Build folders are whole or not there, and hold what they were given."""

from __future__ import annotations

import json

import numpy as np
import pytest

import gen.emit
from boards.devices import device
from gen.assemble import assemble
from gen.design import MemoryImage
from gen.emit import VERIFY, emit
from gen.mapping.default import default_plan
from sw_model.faults import InputFault
from sw_model.formats import IntFormat
from tests.support.graphs import NetworkBuilder
from verif.manifest import Host, Manifest, Model, changed_files


@pytest.fixture(scope="module")
def core():
    builder = NetworkBuilder("one layer")
    x = builder.input("x", (3,), IntFormat(8))
    return builder.build(builder.matmul("fc", x, np.array([[1, -2, 3], [-4, 5, -6]]), [7, -8]))


@pytest.fixture
def write(core):
    """Emit the network into a folder."""
    design = assemble(core, default_plan(core, device("ecp5-25k"), clock_mhz=50), "one_layer")

    def write(out, **changes):
        return emit(design, out, **{
            "graph": core, "imported": core, "host": Host(head=(), tail=()),
            "proof": [{"node": "fc"}], "model": None,
            "stimulus": {"x": np.zeros((2, 3), np.int8)}, **changes})
    return write


def test_what_was_given_is_there(write, tmp_path):
    out = tmp_path / "out"
    model = Model(file="one.onnx", sha256="0" * 64)
    manifest = write(out, model=model, simulators=("icarus",))
    assert Manifest.load(out) == manifest
    assert (manifest.name, manifest.top, manifest.verilog) == (
        "one layer", "one_layer", "rtl/one_layer.v")
    assert manifest.model == model
    assert json.loads((out / VERIFY).read_text()) == {"simulators": ["icarus"]}
    assert json.loads((out / "proof.json").read_text()) == [{"node": "fc"}]
    verilog = (out / manifest.verilog).read_text()
    assert "module one_layer(" in verilog
    # Signals have the names that they have in the source.
    assert "$signal" not in verilog
    assert set(manifest.tools) >= {"amaranth", "pyosys"}
    assert not changed_files(out, manifest)


def test_no_simulators_no_file(write, tmp_path):
    write(tmp_path / "out")
    assert not (tmp_path / "out" / VERIFY).exists()


def test_a_failure_leaves_the_earlier_build(write, tmp_path, monkeypatch):
    out = tmp_path / "out"
    write(out)
    before = {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()}

    def fails(component, name):
        raise KeyboardInterrupt

    monkeypatch.setattr(gen.emit, "to_verilog", fails)
    for place in (out, tmp_path / "new"):
        with pytest.raises(KeyboardInterrupt):
            write(place)
    assert {p.name: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_is_no_build_stays(write, tmp_path):
    (tmp_path / "thesis.tex").write_text("four years")
    with pytest.raises(InputFault, match=r"is there already and holds no manifest\.json of Gat"):
        write(tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "four years"


def test_memory_images_are_padded_hexadecimal():
    image = MemoryImage("weights", (0, 0x2B, 0x1FF), 9, "words", ("w",), "block_rom")
    assert image.file == "weights.mem"
    assert image.text() == "000\n02b\n1ff\n"
    assert image.bytes == 4
