"""Verification of a small folder, whole and tampered with: what does the certificate say?"""

from __future__ import annotations

import json
import re

import msgspec
import numpy as np
import pytest

from sw_model.faults import InputFault
from sw_model.graph import save_arrays
from tests.support.build_folders import LOOKUP, lookup_folder, lookup_graph
from verif.certificate import Certificate, stale
from verif.manifest import Manifest, digest
from verif.verify import verify


@pytest.fixture
def folder(tmp_path, need):
    need("verilator")
    return lookup_folder(tmp_path)


def flip_bit(folder, *, entry, bit):
    """Change one bit of one word of the memory image."""
    path = folder / "rtl" / "first.mem"
    words = path.read_text().split()
    words[entry] = f"{int(words[entry], 16) ^ 1 << bit:02x}"
    path.write_text("\n".join(words) + "\n")


def edit(folder, old, new):
    """Change the Verilog."""
    assert old in LOOKUP
    (folder / "rtl" / "lookup.v").write_text(LOOKUP.replace(old, new))


def all_bytes(folder):
    """Make the stimulus hold every byte, so that every table entry is used."""
    codes = np.arange(-128, 128).reshape(64, 4).astype(np.int8)
    save_arrays(folder / "vectors.npz", {"x": codes})
    manifest = Manifest.load(folder)
    digests = {**manifest.files, "vectors.npz": digest(folder / "vectors.npz")}
    msgspec.structs.replace(manifest, files=digests).save(folder)


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_a_good_folder(folder, need, simulator):
    need(simulator)
    certificate = verify(folder, simulators=[simulator])
    assert certificate.passed, certificate.summary()
    assert certificate.given == 20
    assert certificate.samples == 32
    assert [(run.engine, run.samples, run.passed) for run in certificate.runs] == [
        ("emulator", 32, True), ("emulator", 32, True), (f"cocotb, {simulator}", 4, True)]
    assert [(layer.layer, layer.tensor, layer.observed, layer.elements, layer.differing)
            for layer in certificate.layers] == [
        ("x", "x", True, 0, 0), ("one", "hidden", True, 256, 0), ("two", "y", True, 256, 0)]
    assert (certificate.timing.interval, certificate.timing.latency) == (2, 3)
    assert certificate.measured["emulator_cycles_per_second"] > 0
    assert Certificate.load(folder) == certificate
    assert "lookup: verified bit for bit, 3 tensors, 32 samples" in certificate.summary()
    assert stale(folder) == []


def test_same_certificate_twice(folder):
    first = verify(folder, simulators=[]).as_dict()
    second = verify(folder, simulators=[]).as_dict()
    del first["measured"], second["measured"]
    assert first == second


def test_flipped_memory_bit_is_located(folder):
    all_bytes(folder)
    flip_bit(folder, entry=37, bit=2)
    said = []
    certificate = verify(folder, simulators=[], progress=said.append)
    assert not certificate.passed
    assert said[0] == "rtl/first.mem: differs from the manifest"
    assert certificate.changed == ("rtl/first.mem",)
    # Address 37 is code 37: sample 41, element 1 of the bytes in order.
    difference = certificate.difference
    right = int(lookup_graph().tensors["first"].value[0, 37 + 128])
    assert (difference.layer, difference.tensor, difference.sample, difference.index,
            difference.expected) == ("one", "hidden", 41, (1,), right)
    assert difference.seen & 63 == (right ^ 4) & 63
    assert f"'hidden'[1] of sample 41 is {difference.seen}, but must be {right}" in (
        certificate.summary())
    assert certificate.waveform == "failure.vcd"
    assert "hidden_payload" in (folder / "failure.vcd").read_text()


def test_flipped_bit_is_located_by_cocotb(folder, need):
    need("icarus")
    path = folder / "rtl" / "first.mem"
    words = [f"{int(word, 16) ^ 1:02x}" for word in path.read_text().split()]
    path.write_text("\n".join(words) + "\n")
    certificate = verify(folder, simulators=["icarus"], emulator=False)
    difference = certificate.difference
    assert (difference.layer, difference.operation, difference.tensor) == ("one", "Table", "hidden")
    assert difference.seen == difference.expected ^ 1
    # The suite takes the last sample, which is random, and then the folder's first ones.
    assert (difference.sample, difference.index) == (31, (0,))
    assert difference.source == "cocotb, icarus, idle 0.3, stall 0.3"
    assert certificate.waveform == "failure.fst"
    assert (folder / "failure.fst").stat().st_size > 0


def test_broken_constant_is_located(folder):
    edit(folder, "[5:0]) * 8'sd3 + 8'sd5", "[5:0]) * 8'sd3 + 8'sd4")
    certificate = verify(folder, simulators=[])
    difference = certificate.difference
    assert certificate.changed == ("rtl/lookup.v",)
    assert (difference.layer, difference.operation, difference.tensor, difference.sample,
            difference.index) == ("two", "Table", "y", 0, (0,))
    assert difference.seen == difference.expected - 1
    assert [run.passed for run in certificate.runs] == [False]


def test_harmless_change_fails_all_the_same(folder):
    edit(folder, "endmodule", "// harmless\nendmodule")
    certificate = verify(folder, simulators=[])
    assert certificate.changed == ("rtl/lookup.v",)
    assert (certificate.difference, certificate.faults) == (None, ())
    assert [run.passed for run in certificate.runs] == [True, True]
    assert not certificate.passed
    assert "NOT verified" in certificate.summary()


def test_missing_and_foreign_files(folder):
    (folder / "rtl" / "extra.mem").write_text("00\n")
    (folder / "rtl" / "first.mem").unlink()
    certificate = verify(folder, simulators=[])
    assert certificate.changed == ("rtl/extra.mem", "rtl/first.mem")
    assert any("rtl/first.mem: missing" in fault for fault in certificate.faults)
    assert not certificate.passed


def test_a_design_that_hangs(folder):
    edit(folder, "assign i__ready = ~hidden_valid | hidden_ready", "assign i__ready = 0")
    certificate = verify(folder, simulators=[])
    assert len(certificate.faults) == 1
    assert "i sent 0 of 64 words (in sample 0: a word is offered and not" in certificate.faults[0]
    assert "o seen 0 of 64 words" in certificate.faults[0]
    assert certificate.waveform == "failure.vcd"


def test_cocotb_sees_a_design_that_hangs(folder, need):
    need("icarus")
    edit(folder, "assign i__ready = ~hidden_valid | hidden_ready", "assign i__ready = 0")
    certificate = verify(folder, simulators=["icarus"], emulator=False)
    assert "i 0 of 8 words" in certificate.faults[0]
    assert [run.passed for run in certificate.runs] == [False]


def test_cocotb_sees_an_incomplete_reset(folder, need):
    """The emulator starts from a fresh model, so only a reset in mid-stream can show it."""
    need("icarus")
    edit(folder, "endmodule", """
      reg forgotten = 0, cleared = 0;
      always @(posedge clk) begin
        if (i__valid & i__ready) {forgotten, cleared} <= {~forgotten, ~cleared};
        if (rst) cleared <= 0;
      end
    endmodule""")
    path = folder / "rtl" / "lookup.v"
    path.write_text(path.read_text().replace("first[i__payload[7:0]]}",
                                             "first[i__payload[7:0]] ^ (forgotten ^ cleared)}"))
    certificate = verify(folder, simulators=["icarus"])
    assert [run.passed for run in certificate.runs] == [True, True, False]
    assert certificate.difference.tensor == "hidden"
    assert certificate.difference.seen == certificate.difference.expected ^ 1


def test_verilog_that_no_simulator_takes(folder, need):
    need("icarus")
    edit(folder, "module lookup(", "module lookup((")
    certificate = verify(folder, simulators=["icarus"])
    assert len(certificate.faults) == 2
    assert "rtl/lookup.v: Verilator refuses it: %Error" in certificate.faults[0]
    assert certificate.faults[1].startswith("icarus refuses rtl/lookup.v: ")
    assert "syntax error" in certificate.faults[1]
    assert not any("\n" in fault for fault in certificate.faults)


def test_unknown_bits_are_a_difference(folder, need):
    need("icarus")
    edit(folder, "o__payload <= {high, low}", "o__payload <= {high, low[7:1], 1'bx}")
    certificate = verify(folder, simulators=["icarus"], emulator=False)
    assert certificate.difference.tensor == "y"
    assert certificate.difference.seen[-1] in "xX"


def test_slower_than_predicted(folder):
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text.replace('"interval": 2', '"interval": 1'))
    certificate = verify(folder, simulators=[])
    assert certificate.faults == (
        "interval: 2 cycles from sample to sample, but 1 were predicted",)
    assert not certificate.passed


@pytest.mark.parametrize(("samples", "given", "total"), [(5, 5, 17), (30, 20, 32), (50, 20, 50)])
def test_number_of_samples(folder, samples, given, total):
    certificate = verify(folder, simulators=[], samples=samples)
    assert (certificate.given, certificate.samples) == (given, total)
    assert certificate.runs[0].samples == total


def test_nothing_simulated_is_no_proof(folder):
    certificate = verify(folder, simulators=[], emulator=False)
    assert certificate.faults == ("nothing was simulated",)
    assert not certificate.passed


def test_certificate_goes_stale(folder):
    assert stale(folder) is None
    verify(folder, simulators=[], samples=1)
    (folder / "rtl" / "first.mem").write_text("00\n")
    (folder / "rtl" / "new.mem").write_text("00\n")
    (folder / "graph.json").write_text("{}")
    assert stale(folder) == ["graph.json", "rtl/first.mem", "rtl/new.mem"]


def test_broken_certificate(folder):
    (folder / "certificate.json").write_text('{"schema": 9}')
    with pytest.raises(InputFault, match=r"certificate.json: schema is 9, but must be 1"):
        stale(folder)


def test_network_of_another_design(folder):
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text.replace('"tensor": "y"', '"tensor": "z"'))
    certificate = verify(folder, simulators=[])
    assert "outputs carry z, but the network has y" in certificate.faults[0]
    assert not certificate.passed


@pytest.mark.parametrize(("name", "content", "what"), [
    ("graph.json", b"{", "graph.json: "), ("graph.npz", None, "graph.npz: cannot be read"),
    ("graph.npz", b"PK", "graph.npz")])
def test_without_its_network_nothing_can_be_simulated(folder, name, content, what):
    """All the same, changed files are named and the certificate is written."""
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    (folder / "rtl" / "first.mem").write_text("00\n")
    certificate = verify(folder, simulators=[])
    assert certificate.changed == (name, "rtl/first.mem")
    assert what in certificate.faults[0]
    assert certificate.faults[1:] == ("nothing was simulated",)
    assert not certificate.passed
    assert Certificate.load(folder) == certificate
    assert certificate.summary().splitlines()[:2] == [
        f"{name}: differs from the manifest", "rtl/first.mem: differs from the manifest"]


@pytest.mark.parametrize(("content", "what"), [
    (None, "cannot be read"), (b"PK\x03\x04", "not an .npz file"),
    ({"q": np.zeros((1, 4), np.int8)}, "holds q, but the hardware takes x"),
    ({"x": np.zeros((1, 5), np.int8)}, r"'x' has shape \(1, 5\)"),
    ({"x": np.full((1, 4), 200)}, "holds -128 to 127")])
def test_broken_stimulus(folder, content, what):
    path = folder / "vectors.npz"
    path.unlink()
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        save_arrays(path, content)
    certificate = verify(folder, simulators=[], samples=30)
    assert certificate.changed == ("vectors.npz",)
    assert len(certificate.faults) == 1
    assert re.search(what, certificate.faults[0])
    # New samples take its place, and the hardware equals the network on them.
    assert (certificate.given, certificate.samples) == (0, 30)
    assert [run.passed for run in certificate.runs] == [True, True]
    assert not certificate.passed


@pytest.mark.parametrize("content", ["{", "3", '[{"layer": 3}]'])
def test_a_broken_proof_is_a_fault(folder, content):
    (folder / "proof.json").write_text(content)
    certificate = verify(folder, simulators=[], samples=1)
    assert len(certificate.faults) == 1
    assert "proof.json: " in certificate.faults[0]
    assert [run.passed for run in certificate.runs] == [True, True]
    assert not certificate.passed


def test_a_missing_proof_is_a_fault(folder):
    manifest = Manifest.load(folder)
    msgspec.structs.replace(manifest, files={**manifest.files, "proof.json": "0"}).save(folder)
    certificate = verify(folder, simulators=[], samples=1)
    assert certificate.changed == ("proof.json",)
    assert "proof.json: cannot be read (No such file" in certificate.faults[0]


def test_proof_records_are_kept(folder):
    (folder / "proof.json").write_text(json.dumps([{"layer": "one", "form": "table"}]))
    certificate = verify(folder, simulators=[], samples=1)
    assert certificate.proof == [{"layer": "one", "form": "table"}]


def test_wrong_arguments(folder):
    with pytest.raises(ValueError, match=r"^samples must be at least 1, not 0$"):
        verify(folder, samples=0)
    with pytest.raises(ValueError, match="simulator must be one of"):
        verify(folder, simulators=["modelsim"])
