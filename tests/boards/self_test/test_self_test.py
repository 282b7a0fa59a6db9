"""The whole: passes on the design as it is, fails with one bit of a weight the other way."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from boards.self_test.coverage import shown
from boards.self_test.vectors import vectors_of
from boards.shell.shells import make_shell
from gen.source import build_source
from sw_model.faults import InputFault
from sw_model.graph import Graph
from sw_model.partition import core_graph
from verif.manifest import Manifest
from verif.serial_design import SerialDesign

IDENTITY = 0x0123456789ABCDEF


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    out = tmp_path_factory.mktemp("digits") / "build"
    build_source(Path("examples/digits/digits.onnx"), out, lambda _: None,
                 device="ice40-up5k", clock=12.0)
    return out


@pytest.fixture(scope="module")
def shell(digits, tmp_path_factory):
    """Shell and Verilog file."""
    made = make_shell(digits, "selftest", clock_mhz=12, identity=IDENTITY)
    (path := tmp_path_factory.mktemp("shell") / "top.v").write_text(made.whole(digits))
    return made, path


def verdict(shell, memories, cycles=200_000):
    """The line that the design says, its LEDs before and after."""
    made, path = shell
    with SerialDesign(path, made.top, made.divisor, memories=memories, receive="",
                      observed=["led"]) as design:
        design.advance(300)
        before, line = design.read("led"), b""
        for _ in range(cycles // 1000):
            _, came = design.advance(1000)
            line += came
            if line.endswith(b"\n"):
                return line.decode(), before, design.read("led")
    raise AssertionError(f"no line in {cycles} cycles, only {line!r}")


def test_passes(digits, shell, need):
    need("verilator")
    line, before, after = verdict(shell, digits / "rtl")
    prediction = Manifest.load(digits).prediction
    found = re.fullmatch(r"gatemill digits: PASS, 16 samples, (\d{8}) cycles, "
                         rf"build {IDENTITY:032x}\r\n", line)
    assert found, line
    # The digest's own registers come on top.
    least = prediction.latency + 15 * prediction.interval
    assert least <= int(found[1]) <= least + 4
    assert (before, after) == (0, 1)


def flipped(folder, out, name, line, bit):
    """A copy of the memory images with one bit the other way."""
    shutil.copytree(folder / "rtl", out)
    lines = (out / name).read_text().split("\n")
    digits = len(lines[line])
    lines[line] = f"{int(lines[line], 16) ^ 1 << bit:0{digits}x}"
    (out / name).write_text("\n".join(lines))
    return out


def test_fails_with_one_bit_of_a_weight_flipped(digits, shell, need, tmp_path, rng):
    """As often as the golden model says that the samples show it."""
    need("verilator")
    manifest = Manifest.load(digits)
    images = [memory for memory in manifest.memory if "weights" in memory.name]
    sizes = np.array([memory.width * memory.depth for memory in images])
    failed = 0
    count = 60
    for number in range(count):
        memory = images[int(rng.choice(len(images), p=sizes / sizes.sum()))]
        out = flipped(digits, tmp_path / str(number), Path(memory.file).name,
                      int(rng.integers(memory.depth)), int(rng.integers(memory.width)))
        line, _, after = verdict(shell, out)
        assert ("FAIL" in line) == (after == 2)
        failed += "FAIL" in line
    coverage = vectors_of(digits, manifest).coverage
    # Three standard deviations of a draw of so many bits.
    assert failed / count >= coverage - 3 * np.sqrt(coverage * (1 - coverage) / count)
    assert coverage > 0.8


def test_a_network_that_hangs_fails(digits, shell, need, tmp_path):
    """No word comes out: the limit ends it."""
    need("verilator")
    made, path = shell
    (stuck := tmp_path / "stuck.v").write_text(
        re.sub(r"module digits\(.*?endmodule", STUCK, path.read_text(), flags=re.DOTALL))
    line, _, after = verdict((made, stuck), digits / "rtl")
    assert "FAIL" in line
    assert after == 2


STUCK = """module digits(input clk, input rst, input [23:0] i__payload, input i__valid,
    output i__ready, output [8:0] o__payload, output o__valid, input o__ready);
  assign i__ready = 1'b1;
  assign o__valid = 1'b0;
  assign o__payload = 9'd0;
endmodule"""


def test_coverage_is_what_simulation_of_the_golden_model_says(digits):
    """Chosen samples show more than as many of the folder's own."""
    from verif.stimulus import stored_samples

    core = core_graph(Graph.load(digits))
    own = {name: codes[:16] for name, codes in stored_samples(digits, core).items()}
    plain = shown(core, own, 400, np.random.default_rng(5)).any(axis=1).mean()
    assert vectors_of(digits, Manifest.load(digits)).coverage > plain


def test_vectors_are_the_same_each_time(digits):
    manifest = Manifest.load(digits)
    assert vectors_of(digits, manifest, 4) == vectors_of(digits, manifest, 4)


def test_refused(digits, tmp_path):
    manifest = Manifest.load(digits)
    with pytest.raises(InputFault, match="samples must be at least 1, not 0"):
        vectors_of(digits, manifest, 0)
    with pytest.raises(InputFault, match="cannot be read"):
        vectors_of(tmp_path, manifest)
