// Read-only memory with a registered output; contents from a file of hexadecimal words.
// One word a cycle while enable is high; data belongs to the address of the last enabled edge.
// STYLE is a hint to synthesis: "auto", "block" or "logic".
module gatemill_rom #(
  parameter WIDTH = 8,
  parameter DEPTH = 16,
  parameter ADDRESS_WIDTH = 4,
  parameter STYLE = "block",
  parameter FILE = "memory.mem"
) (
  input  wire                     clk,
  input  wire                     enable,
  input  wire [ADDRESS_WIDTH-1:0] address,
  output reg  [WIDTH-1:0]         data
);
  (* ram_style = STYLE, rom_style = STYLE, syn_ramstyle = STYLE *)
  reg [WIDTH-1:0] words [0:DEPTH-1];
  initial $readmemh(FILE, words);
  always @(posedge clk)
    if (enable)
      data <= words[address];
endmodule
