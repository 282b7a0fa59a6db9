"""Small build folders made by hand, for whatever works on build folders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np

from sw_model.formats import parse_format
from sw_model.graph import Graph, Tensor, build, save_arrays
from sw_model.ops import Table
from verif.manifest import Manifest, digest

__all__ = ["LOOKUP", "PROBE", "lookup_folder", "lookup_graph", "probe_folder", "write_folder"]


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


#: Vectors of four bytes on two lanes: a table from ``first.mem``, then three times that plus
#: five; the stream between the two is the tap ``hidden``.
LOOKUP = """
module lookup(input clk, input rst,
    input [15:0] i__payload, input i__valid, output i__ready,
    output reg [15:0] o__payload, output reg o__valid, input o__ready);
  reg [5:0] first [0:255];
  initial $readmemh("first.mem", first);
  reg [11:0] hidden_payload;
  reg hidden_valid;
  wire hidden_ready = ~o__valid | o__ready;
  assign i__ready = ~hidden_valid | hidden_ready;
  wire signed [7:0] low = $signed(hidden_payload[5:0]) * 8'sd3 + 8'sd5;
  wire signed [7:0] high = $signed(hidden_payload[11:6]) * 8'sd3 + 8'sd5;
  always @(posedge clk) begin
    if (i__ready) begin
      hidden_valid <= i__valid;
      hidden_payload <= {first[i__payload[15:8]], first[i__payload[7:0]]};
    end
    if (hidden_ready) begin
      o__valid <= hidden_valid;
      o__payload <= {high, low};
    end
    if (rst) begin
      hidden_valid <= 0;
      o__valid <= 0;
    end
  end
endmodule
"""


def lookup_graph() -> Graph:
    """The network that :data:`LOOKUP` computes: layers ``one`` and ``two``."""
    byte, narrow = parse_format("int8"), parse_format("int6")
    first = np.random.default_rng(1).integers(-32, 31, (1, 256), endpoint=True)
    tensors = [Tensor("x", (4,), byte), Tensor("hidden", (4,), narrow), Tensor("y", (4,), byte),
               Tensor("first", (1, 256), narrow, value=first),
               Tensor("second", (1, 64), byte, value=3 * np.arange(-32, 32)[None] + 5)]
    nodes = [Table(name="one", inputs=("x", "first"), outputs=("hidden",), format=narrow),
             Table(name="two", inputs=("hidden", "second"), outputs=("y",), format=byte)]
    return build("lookup", tensors, nodes, ["x"], ["y"])


def lookup_folder(folder: Path, samples: int = 20) -> Path:
    """A build folder of :data:`LOOKUP`, stimulus included."""
    graph = lookup_graph()
    table = graph.tensors["first"].value
    assert table is not None
    image = "".join(f"{int(table[0, (k + 128) % 256]) & 63:02x}\n" for k in range(256))
    port = {"format": "int8", "lanes": 2, "vector": 4}
    manifest = msgspec.convert({
        "name": "lookup", "top": "lookup", "verilog": "rtl/lookup.v", "gatemill": "0",
        "streams": [{"name": "i", "direction": "in", "tensor": "x", **port},
                    {"name": "o", "direction": "out", "tensor": "y", **port}],
        "taps": [{"signal": "hidden", "lanes": 2, "width": 6, "sequence": [
            {"tensor": "hidden", "format": "int6", "vector": 4}]}],
        "prediction": {"interval": 2, "latency": 3},
        "memory": [{"name": "first", "file": "rtl/first.mem", "width": 6, "depth": 256,
                    "bytes": 192, "sha256": ""}]}, Manifest)
    folder.mkdir(parents=True, exist_ok=True)
    graph.save(folder)
    stimulus = np.random.default_rng(2).integers(-128, 127, (samples, 4), endpoint=True)
    save_arrays(folder / "vectors.npz", {"x": stimulus.astype(np.int8)})
    return write_folder(folder, manifest, {"rtl/lookup.v": LOOKUP, "rtl/first.mem": image})
