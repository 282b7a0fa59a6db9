"""The testbench of streams of any width and number: padding does not count, all else does."""

from __future__ import annotations

import subprocess

import msgspec
import numpy as np
import pytest

from boards.handover.testbench import testbench as bench_of
from verif.manifest import Manifest
from verif.words import expectation

#: Gives words of ``wide`` and ``bit`` back a cycle later; every second word of ``wide`` has three
#: lanes of padding, which come out as noise.
ECHO = """
module echo(input clock, input clear,
    input [39:0] wide__payload, input wide__valid, output wide__ready,
    input bit__payload, input bit__valid, output bit__ready,
    output [39:0] wider__payload, output reg wider__valid, input wider__ready,
    output reg bits__payload, output reg bits__valid, input bits__ready);
  reg odd = 1'b0;
  reg [39:0] word;
  assign wide__ready = ~wider__valid | wider__ready;
  assign bit__ready = ~bits__valid | bits__ready;
  assign wider__payload = odd ? {24'bx, word[15:0]} : word;
  always @(posedge clock) begin
    if (wide__ready) begin
      word <= wide__payload;
      wider__valid <= wide__valid;
    end
    if (wider__valid & wider__ready) odd <= ~odd;
    if (bit__ready) begin
      bits__payload <= bit__payload;
      bits__valid <= bit__valid;
    end
    if (clear) begin
      wider__valid <= 1'b0;
      bits__valid <= 1'b0;
      odd <= 1'b0;
    end
  end
endmodule
"""


@pytest.fixture
def echo(rng, tmp_path):
    """A folder with a module and its testbench."""
    wide = {"format": "int8", "lanes": 5, "vector": 7}
    one = {"format": "uint1", "lanes": 1, "vector": 3}
    manifest = msgspec.convert({
        "name": "echo", "top": "echo", "verilog": "rtl/echo.v", "gatemill": "0",
        "clock": "clock", "reset": "clear",
        "streams": [{"name": name, "direction": way, "tensor": name, **its}
                    for name, way, its in (("wide", "in", wide), ("bit", "in", one),
                                           ("wider", "out", wide), ("bits", "out", one))]},
        Manifest)
    codes = {"wide": rng.integers(-128, 128, (9, 7)), "bit": rng.integers(0, 2, (9, 3))}
    codes |= {"wider": codes["wide"], "bits": codes["bit"]}
    files = bench_of(manifest, {each.name: expectation(each, codes) for each in manifest.streams})
    for name, text in {**files, "echo.v": ECHO}.items():
        (tmp_path / name).write_text(text)
    assert {"wider_masks.mem"} == {name for name in files if "masks" in name}
    return tmp_path


def play(folder, *parameters):
    subprocess.run(["iverilog", "-g2012", "-s", "echo_tb", *(f"-Pecho_tb.{each}"
                    for each in parameters), "-o", "sim", "echo.v", "echo_tb.sv"], cwd=folder,
                   check=True, capture_output=True)
    return subprocess.run(["vvp", "-n", "sim"], cwd=folder, capture_output=True, text=True,
                          check=False)


@pytest.mark.parametrize("parameters", [(), ("SEED=7",), ("PAUSES=0",)])
def test_words_that_are_right_pass(need, echo, parameters):
    need("icarus")
    done = play(echo, *parameters)
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "PASS: echo, 9 samples"


@pytest.mark.parametrize(("name", "line", "bit", "passes"), [
    ("wider", 0, 39, False), ("wider", 17, 15, False), ("wider", 17, 16, True),
    ("wider", 17, 39, True), ("bits", 26, 0, False)])
def test_bits_that_count(need, echo, name, line, bit, passes):
    need("icarus")
    path = echo / f"{name}_words.mem"
    words = np.array(path.read_text().split())
    words[line] = f"{int(words[line], 16) ^ 1 << bit:0{len(words[line])}x}"
    path.write_text("\n".join(words) + "\n")
    done = play(echo)
    assert (done.returncode == 0) == passes
    assert ("PASS" if passes else f"FAIL: {name} word {line} is") in done.stdout


def test_an_image_that_is_not_there_is_seen(need, echo):
    need("icarus")
    (echo / "bits_words.mem").unlink()
    done = play(echo)
    assert done.returncode != 0
    assert "FAIL: bits word 0 is" in done.stdout
