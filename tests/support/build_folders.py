"""Small build folders made by hand, for whatever works on build folders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from verif.manifest import Manifest, digest

__all__ = ["PROBE", "probe_folder", "write_folder"]


def write_folder(folder: Path, manifest: Manifest, files: Mapping[str, str | bytes]) -> Path:
    """Write ``files`` and ``manifest``, with their digests filled in; returns ``folder``."""
    for name, content in files.items():
        (path := folder / name).parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    digests = {path.relative_to(folder).as_posix(): digest(path)
               for path in sorted(folder.rglob("*"))
               if path.is_file() and path.name != "manifest.json"}
    msgspec.structs.replace(manifest, files=digests).save(folder)
    return folder


#: Looks up bytes below 16 in ``probe.mem``. Other bytes make it misbehave: 0x80 hangs, 0x81
#: changes the payload while it waits, 0x82 withdraws the word while it waits, 0x83 gives two
#: words for one. The tap ``wide`` carries what was looked up, first as int8, then as uint4.
PROBE = """
module probe(input clk, input rst,
    input [7:0] i__payload, input i__valid, output i__ready,
    output [7:0] o__payload, output o__valid, input o__ready);
  reg [7:0] words [0:15];
  initial $readmemh("probe.mem", words);
  reg [7:0] command, data;
  reg full, hung, second, parity;
  wire [11:0] wide_payload = parity ? {8'b0, data[3:0]} : {{4{data[7]}}, data};
  wire wide_valid = full;
  wire wide_ready = o__ready;
  assign i__ready = (~full | o__ready & ~second) & ~hung;
  assign o__valid = full;
  assign o__payload = data;
  always @(posedge clk) begin
    if (full & o__ready) begin
      full <= second;
      second <= 0;
      parity <= ~parity;
    end else if (full) begin
      if (command == 8'h81) data <= ~data;
      if (command == 8'h82) full <= 0;
    end
    if (i__valid & i__ready) begin
      command <= i__payload;
      data <= i__payload < 16 ? words[i__payload[3:0]] : i__payload;
      full <= 1;
      hung <= i__payload == 8'h80;
      second <= i__payload == 8'h83;
    end
    if (rst) begin
      full <= 0;
      hung <= 0;
      second <= 0;
      parity <= 0;
    end
  end
endmodule
"""


def probe_folder(folder: Path, words: list[int]) -> Path:
    """A folder of :data:`PROBE` with the bytes ``words`` in its memory."""
    port = {"format": "int8", "lanes": 1, "vector": 2}
    manifest = msgspec.convert({
        "name": "probe", "top": "probe", "verilog": "rtl/probe.v", "gatemill": "0",
        "streams": [{"name": "i", "direction": "in", "tensor": "x", **port},
                    {"name": "o", "direction": "out", "tensor": "y", **port}],
        "taps": [{"signal": "wide", "lanes": 1, "width": 12, "sequence": [
            {"tensor": "first", "format": "int8", "vector": 1},
            {"tensor": "second", "format": "uint4", "vector": 1}]}],
        "prediction": {"interval": 2, "latency": 2},
        "memory": [{"name": "words", "file": "rtl/probe.mem", "width": 8, "depth": 16,
                    "bytes": 16, "sha256": ""}]}, Manifest)
    image = "".join(f"{word & 255:02x}\n" for word in words)
    return write_folder(folder, manifest, {"rtl/probe.v": PROBE, "rtl/probe.mem": image})
