"""Lines recorded from failing tools, and what is said of them."""

from __future__ import annotations

import pytest

from boards.logs import important_line, nextpnr_phase, yosys_phase

OVERFULL = """\
Info: Packing LUT-FFs..
Info: Device utilisation:
Info: \t         ICESTORM_LC:    2659/   1280   207%
Info: \t        ICESTORM_RAM:      20/     16   125%
Info: \t               SB_IO:       4/     96     4%
Info: \t               SB_GB:       2/      8    25%
ERROR: Unable to place cell 'design.roms.rom_3.words.0.0_RAM', no BELs remaining to implement \
cell type 'ICESTORM_RAM'
0 warnings, 1 error
"""


@pytest.mark.parametrize(("text", "code", "line"), [
    (OVERFULL, 1, "ran out of logic cells: 2659 of 1280; ran out of block RAM: 20 of 16"),
    ("Info: \t              DP16KD:     231/   208   111%\n"
     "ERROR: Unable to find legal placement for all cells\n", 1,
     "ran out of block RAM: 231 of 208"),
    ("Info: \t               BSRAM:      27/     26   103%\n"
     "Info: \t           OXIDE_EBR:      85/     84   101%\nERROR: Unable to place\n", 1,
     "ran out of block RAM: 27 of 26; ran out of block RAM: 85 of 84"),
    # The last table counts: the first one is from before packing.
    ("Info: \t        TRELLIS_COMB:  90000/  83640   107%\n"
     "Info: \t        TRELLIS_COMB:  80000/  83640    95%\n"
     "ERROR: Failed to route arc 0 of net 'x'\n", 1, "Failed to route arc 0 of net 'x'"),
    # Full is not too full.
    ("Info: \t          MULT18X18D:    156/   156   100%\n"
     "ERROR: timing analysis failed due to presence of combinatorial loops\n", 1,
     "timing analysis failed due to presence of combinatorial loops"),
    ("Parsing Verilog input from `top.v' to AST representation.\n"
     "top.v:1: ERROR: syntax error, unexpected TOK_OUTPUT, expecting ')'\n", 1,
     "top.v:1: syntax error, unexpected TOK_OUTPUT, expecting ')'"),
    ("p.v:2: ERROR:Can not open file `a.mem` for \\$readmemh.\n", 1,
     "p.v:2: Can not open file `a.mem` for \\$readmemh."),
    ("2.3.1. Analyzing design hierarchy..\nERROR: Module `\\foo' is not part of the design.\n", 1,
     "Module `\\foo' is not part of the design."),
    ("terminate called after throwing an instance of 'std::bad_alloc'\n  what():  bad\n", -6,
     "ran out of memory"),
    ("12.3. Executing ABC9 pass\n", -9, "was ended by SIGKILL (out of memory?)"),
    ("12.3. Executing ABC9 pass\n", -11, "was ended by SIGSEGV"),
    ("error while executing at wasm backtrace:\n"
     "wasm trap: wasm `unreachable` instruction executed\nmore\n", 1,
     "wasm trap: wasm `unreachable` instruction executed"),
    ("Traceback (most recent call last):\nOSError: no space left\n\n", 1,
     "OSError: no space left"),
    ("", 1, "said nothing"),
])
def test_the_line_that_matters(text: str, code: int, line: str) -> None:
    assert important_line(text.splitlines(), code) == line


def test_phases() -> None:
    assert yosys_phase("2.34. Executing MEMORY_LIBMAP pass (mapping memories to cells).") == \
        "yosys: mapping memories"
    assert yosys_phase("2.50. Executing ABC9 pass.") == "yosys: mapping LUTs"
    assert yosys_phase("2.50.1. Executing ABC9_OPS pass (helper functions for ABC9).") is None
    assert yosys_phase("Removed 3 unused cells.") is None
    assert nextpnr_phase("Info: Running router2...") == "nextpnr: routing"
    assert nextpnr_phase("Info: Packing IOs..") == "nextpnr: packing"
    assert nextpnr_phase("Warning: no clocks found") is None
