// Two products of bytes, registered: o = {a[15:8] * b[15:8], a[7:0] * b[7:0]}, 16 bits each.
// On iCE40 UltraPlus one SB_MAC16 in its 8 x 8 mode, which Yosys does not infer.
// synth_ice40 -dsp would make a 16 x 16 multiplier of a cell of that name. So it has another one
// until cells are mapped (boards/flows.py renames it); without that, placers know no such cell.
// Simulators know no SB_MAC16: they get the products themselves.
module gatemill_two_products #(
  parameter A_SIGNED = 1,
  parameter B_SIGNED = 1
) (
  input  wire        clk,
  input  wire        enable,
  input  wire [15:0] a,
  input  wire [15:0] b,
  output wire [31:0] o
);
`ifdef SYNTHESIS
  // Outputs select the multipliers' own registers (F and G in the guide).
  gatemill_sb_mac16 #(
    .MODE_8x8(1'b1), .A_SIGNED(A_SIGNED ? 1'b1 : 1'b0), .B_SIGNED(B_SIGNED ? 1'b1 : 1'b0),
    .TOP_8x8_MULT_REG(1'b1), .BOT_8x8_MULT_REG(1'b1),
    .TOPOUTPUT_SELECT(2'b10), .BOTOUTPUT_SELECT(2'b10)
  ) mac (
    .CLK(clk), .CE(enable), .A(a), .B(b), .C(16'b0), .D(16'b0), .O(o),
    .AHOLD(1'b0), .BHOLD(1'b0), .CHOLD(1'b0), .DHOLD(1'b0),
    .IRSTTOP(1'b0), .IRSTBOT(1'b0), .ORSTTOP(1'b0), .ORSTBOT(1'b0),
    .OLOADTOP(1'b0), .OLOADBOT(1'b0), .OHOLDTOP(1'b0), .OHOLDBOT(1'b0),
    .ADDSUBTOP(1'b0), .ADDSUBBOT(1'b0), .CI(1'b0), .ACCUMCI(1'b0), .SIGNEXTIN(1'b0)
  );
`else
  wire signed [8:0] a0 = {A_SIGNED ? a[7] : 1'b0, a[7:0]};
  wire signed [8:0] a1 = {A_SIGNED ? a[15] : 1'b0, a[15:8]};
  wire signed [8:0] b0 = {B_SIGNED ? b[7] : 1'b0, b[7:0]};
  wire signed [8:0] b1 = {B_SIGNED ? b[15] : 1'b0, b[15:8]};
  reg [15:0] low, high;
  always @(posedge clk)
    if (enable) begin
      low <= a0 * b0;
      high <= a1 * b1;
    end
  assign o = {high, low};
`endif
endmodule
