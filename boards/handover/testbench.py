"""A testbench in plain Verilog that plays a build's samples and checks every word."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from numpy.typing import NDArray

from sw_model.faults import InputFault
from verif.core import load_core
from verif.manifest import Manifest, Stream
from verif.stimulus import stored_samples
from verif.words import Expectation, expectation

__all__ = ["play", "testbench"]

#: Clock cycles without a word that are no fault, beyond the latency.
_PATIENCE = 1000

#: Clock cycles after the last word in which none may come.
_QUIET = 100

_BENCH = Template("""\
// Plays $samples samples of a build, with random pauses, and compares every word that comes out
// with what the golden model gave. Ends with "PASS", or with "FAIL" and an exit code.
`timescale 1ns / 1ps

module ${top}_tb;
  parameter SEED = 1;  // of the pauses
  parameter PAUSES = 1;  // 0: none

  reg clk = 1'b0, rst = 1'b1;
  always #5 clk = ~clk;
  initial begin
    repeat (4) @(negedge clk);
    rst = 1'b0;
  end

  integer seed = SEED;
  integer idle = 0;  // cycles since a word moved
  integer quiet = 0;  // cycles since the last was there
$declarations
  $top dut (
    .$clock(clk), .$reset(rst),
    $ports);

  always @(posedge clk) begin
    idle <= $moves ? 0 : idle + 1;
    if (idle > $patience) begin
      $$display("FAIL: no word moved in $patience cycles");
      $$fatal(1);
    end
    quiet <= $done ? quiet + 1 : 0;
    if (quiet == $quiet) begin
      $$display("PASS: $name, $samples samples");
      $$finish;
    end
  end
$processes
endmodule
""")

_DECLARED = Template("""
  reg [$high:0] ${name}_words [0:$last];
  initial $$readmemh("${name}_words.mem", ${name}_words);
  integer ${name}_count = 0;
  reg ${name}_driven = 1'b0;
  wire [$high:0] ${name}_payload$source;
  wire ${name}_other;
  wire ${name}_moves = ${name}_driven & ${name}_other & ~rst;
""")

_MASKED = Template("""\
  reg [$high:0] ${name}_masks [0:$last];
  initial $$readmemh("${name}_masks.mem", ${name}_masks);
""")

_INPUT = Template("""
  always @(posedge clk) begin
    if (${name}_moves) ${name}_count <= ${name}_count + 1;
    if (${name}_moves | ~${name}_driven)
      ${name}_driven <= ~rst & (${name}_count + ${name}_moves <= $last)
                        & (PAUSES == 0 || $$random(seed) % 4 != 0);
  end
""")

_OUTPUT = Template("""
  always @(posedge clk) begin
    ${name}_driven <= PAUSES == 0 || $$random(seed) % 4 != 0;
    if (${name}_moves) begin
      if (${name}_count > $last) begin
        $$display("FAIL: $name gave a word too many");
        $$fatal(1);
      end else if ((${name}_payload & $mask) !== (${name}_words[${name}_count] & $mask)) begin
        $$display("FAIL: $name word %0d is %h where %h was expected", ${name}_count,
                 ${name}_payload, ${name}_words[${name}_count]);
        $$fatal(1);
      end
      ${name}_count <= ${name}_count + 1;
    end
  end
""")


def play(folder: Path, samples: int) -> dict[str, Expectation]:
    """What passes every stream of a build in its first samples, by the golden model.

    Raises
    ------
    InputFault
        If the folder lacks its network or its samples.
    """
    if samples < 1:
        raise InputFault(f"samples must be at least 1, not {samples}")
    manifest = Manifest.load(folder)
    core = load_core(folder, manifest)
    inputs = {name: codes[:samples] for name, codes in stored_samples(folder, core).items()}
    outputs, _ = core.run(inputs)
    tensors: Mapping[str, NDArray[Any]] = {**inputs, **outputs}
    return {each.name: expectation(each, tensors) for each in manifest.streams}


def testbench(manifest: Manifest, played: Mapping[str, Expectation]) -> dict[str, str]:
    """The testbench and its images, by name; module ``<top>_tb``.

    Parameters
    ----------
    manifest : Manifest
    played : mapping of str to Expectation
        Of every stream: see :func:`play`.
    """
    files, declarations, processes, ports = {}, [], [], []
    for each in manifest.streams:
        found = played[each.name]
        padded = each.direction == "out" and len(set(found.masks)) > 1
        parts = _parts(each, len(found.words), padded)
        declarations.append(_DECLARED.substitute(parts) + (_MASKED.substitute(parts) if padded
                                                           else ""))
        processes.append((_INPUT if each.direction == "in" else _OUTPUT).substitute(parts))
        near, far = (("valid", "ready") if each.direction == "in" else ("ready", "valid"))
        ports += [f".{each.name}__payload({each.name}_payload), "
                  f".{each.name}__{near}({each.name}_driven), "
                  f".{each.name}__{far}({each.name}_other)"]
        files[f"{each.name}_words.mem"] = _image(found.words, each.width)
        if padded:
            files[f"{each.name}_masks.mem"] = _image(found.masks, each.width)
    latency = manifest.prediction.latency if manifest.prediction else 0
    files[f"{manifest.top}_tb.sv"] = _BENCH.substitute(
        top=manifest.top, name=manifest.name, clock=manifest.clock, reset=manifest.reset,
        samples=next(iter(played.values())).samples, declarations="".join(declarations),
        processes="".join(processes), ports=",\n    ".join(ports), quiet=_QUIET,
        patience=_PATIENCE + latency,
        moves=" | ".join(f"{each.name}_moves" for each in manifest.streams),
        done=" & ".join(f"({each.name}_count == {len(played[each.name].words)})"
                        for each in manifest.streams))
    return files


def _parts(stream: Stream, words: int, padded: bool) -> dict[str, Any]:
    name = stream.name
    mask = f"{name}_masks[{name}_count]" if padded else f"{{{stream.width}{{1'b1}}}}"
    return {"name": name, "high": stream.width - 1, "last": words - 1, "mask": mask,
            "source": f" = {name}_words[{name}_count]" if stream.direction == "in" else ""}


def _image(words: tuple[int, ...], width: int) -> str:
    """For ``$readmemh``."""
    return "".join(f"{word:0{-(-width // 4)}x}\n" for word in words)
