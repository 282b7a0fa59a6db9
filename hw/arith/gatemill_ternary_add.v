// sum = q + w * x modulo 2**WIDTH, where w is 00 for 0, 01 for +1 and 11 for -1.
// On ECP5 (ECP5 = 1) a chain of carry cells alone: each half takes q at A, x at B, w[1] at C and
// w[0] at D, and computes A, A + B or A + ~B; what it generates, its table at C = D = 0, is A,
// which is right for all three. The first cell feeds w[1] into the chain. Simulators know no
// CCU2C: they get the sum itself, as every other family does.
module gatemill_ternary_add #(
  parameter WIDTH = 20,
  parameter ECP5 = 0
) (
  input  wire [WIDTH-1:0] q,
  input  wire [WIDTH-1:0] x,
  input  wire [1:0]       w,
  output wire [WIDTH-1:0] sum
);
`ifdef SYNTHESIS
  localparam CARRY_CELLS = ECP5;
`else
  localparam CARRY_CELLS = 0;
`endif
  localparam PAIRS = (WIDTH + 1) / 2;
  genvar k;
  generate
    if (CARRY_CELLS) begin : chain
      wire [2*PAIRS-1:0] a, b, s;
      wire [PAIRS:0] carry;
      assign a = q;
      assign b = x;
      assign sum = s[WIDTH-1:0];
      CCU2C #(
        .INIT0(16'h0000), .INIT1(16'h000A), .INJECT1_0("NO"), .INJECT1_1("NO")
      ) feed (
        .CIN(1'b0), .A0(1'b0), .B0(1'b0), .C0(1'b0), .D0(1'b0),
        .A1(w[1]), .B1(1'b0), .C1(1'b1), .D1(1'b0), .COUT(carry[0])
      );
      for (k = 0; k < PAIRS; k = k + 1) begin : pair
        CCU2C #(
          .INIT0(16'h96AA), .INIT1(16'h96AA), .INJECT1_0("NO"), .INJECT1_1("NO")
        ) add (
          .CIN(carry[k]), .COUT(carry[k+1]), .S0(s[2*k]), .S1(s[2*k+1]),
          .A0(a[2*k]), .B0(b[2*k]), .C0(w[1]), .D0(w[0]),
          .A1(a[2*k+1]), .B1(b[2*k+1]), .C1(w[1]), .D1(w[0])
        );
      end
    end else begin : plain
      wire [WIDTH-1:0] chosen = (x & {WIDTH{w[0]}}) ^ {WIDTH{w[1]}};
      // A place below the lowest makes the carry; no second adder comes of it.
      wire [WIDTH:0] twice = {q, 1'b1} + {chosen, w[1]};
      assign sum = twice[WIDTH:1];
    end
  endgenerate
endmodule
