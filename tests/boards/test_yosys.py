# amaranth: UnusedElaboratable=no
"""Figures of designs whose costs are known beforehand, for every target."""

from __future__ import annotations

import gzip
import json
import os
import signal
from collections import Counter
from collections.abc import Callable
from functools import reduce
from operator import add
from pathlib import Path

import pytest
from amaranth import unsigned
from amaranth.lib import wiring

import boards.yosys
from boards.families import FAMILIES
from boards.figures import Figures, Resources
from boards.yosys import Options, synthesise
from hw.memory.rom import RomJob, RomProvider
from hw.verilog import to_verilog
from sw_model.faults import InputFault, Verdict
from tests.boards.designs import Adder, Hierarchy, Multiplier, Roms

Rtl = Callable[[wiring.Component], Path]


@pytest.fixture(scope="module")
def hierarchy(rtl: Rtl) -> Path:
    return rtl(Hierarchy())


def part(figures: Figures, start: str) -> Resources:
    """What one instance of the module of that name costs, without what it places."""
    found = [module.own for module in figures.modules if module.name.startswith(start)]
    assert len(found) == 1, f"{start} is in {[m.name for m in figures.modules]}"
    return found[0]


def cells_of(netlist: dict, module: str) -> Counter[str]:
    """Cell types of a netlist's whole hierarchy, counted instance by instance."""
    count: Counter[str] = Counter()
    for cell in netlist["modules"][module]["cells"].values():
        if cell["type"] in netlist["modules"]:
            count += cells_of(netlist, cell["type"])
        else:
            count[cell["type"]] += 1
    return count


@pytest.mark.parametrize("target", FAMILIES)
def test_modules_add_up(hierarchy: Path, target: str, request: pytest.FixtureRequest) -> None:
    if target == "ihp":
        request.getfixturevalue("data_dir")
    figures = synthesise(hierarchy, "top", target)

    instances = {module.name.partition("_")[0]: module.instances for module in figures.modules}
    assert instances.items() >= {"top": 1, "adder": 2, "multiplier": 1, "roms": 1,
                                 "gatemill": 1}.items()
    assert reduce(add, (m.own * m.instances for m in figures.modules)) == figures.total
    assert figures.modules[0].total == figures.total

    # Counted again in the netlist itself.
    netlist = json.loads(gzip.decompress(Path(figures.netlist).read_bytes()))
    counted = cells_of(netlist, "top")
    total = figures.total
    for kinds in (total.luts, total.other):
        assert {name: counted[name] for name in kinds} == kinds
    assert total.ffs == sum(n for name, n in counted.items()
                            if any(word in name for word in ("FF", "FD", "dfrbp")))

    assert part(figures, "adder").ffs == 12
    if target == "ihp":
        # One flip-flop for each bit of sum and product; the memory is left to a compiler.
        assert total.ffs == 2 * 12 + 32
        assert total.macro_bits == 512 * 36
        assert total.block_rams == 1
        assert total.area > 56 * 45
        assert total.dsps == total.carry == 0
        return
    assert total.dsps == part(figures, "multiplier").dsps == 1
    assert part(figures, "adder").dsps == 0
    # 512 words of 36 bits fill an EBR, BSRAM or RAMB18; of iCE40's 512 x 8 it takes five.
    assert total.block_rams == (5 if target == "ice40" else 1)
    # Flip-flops behind a multiplier disappear into the blocks that have registers.
    assert total.ffs == 2 * 12 + (0 if target in ("nexus", "xilinx") else 32)


def test_ecp5_area(rtl: Rtl) -> None:
    figures = synthesise(rtl(Adder()), "top", "ecp5")
    # Two bits to a CCU2C, and each takes the place of two LUTs.
    assert figures.total.carry == 6
    assert figures.total.area == figures.total.luts.get("LUT4", 0) + 2 * 6
    assert figures.area == "LUT4 + 2 per CCU2C"


def test_ice40_area(rtl: Rtl) -> None:
    figures = synthesise(rtl(Adder()), "top", "ice40")
    assert figures.total.luts == {"SB_LUT4": 12}
    assert figures.total.area == 12
    assert figures.total.carry in (10, 11)


def test_dsp_is_a_choice(rtl: Rtl) -> None:
    assert synthesise(rtl(Multiplier(18)), "top", "ecp5").total == Resources(dsps=1, ffs=36)
    path = rtl(Multiplier(6))
    assert synthesise(path, "top", "ecp5").total.dsps == 1
    without = [synthesise(path, "top", "ecp5", options=Options(dsp=False, fast=fast)).total
               for fast in (False, True)]
    assert [total.dsps for total in without] == [0, 0]
    assert 36 < without[0].area <= without[1].area


def test_ice40_has_dsps_where_told(rtl: Rtl) -> None:
    path = rtl(Multiplier(6))
    assert synthesise(path, "top", "ice40", options=Options(dsp=False)).total.dsps == 0
    assert synthesise(path, "top", "ice40", options=Options(variant="u")).total.dsps == 1


def test_flattened_is_one_module(hierarchy: Path) -> None:
    figures = synthesise(hierarchy, "top", "ecp5", options=Options(flatten=True))
    assert [module.name for module in figures.modules] == ["top"]
    assert figures.total.dsps == 1
    assert figures.total.block_rams == 1


def test_second_run_is_from_the_cache(rtl: Rtl, monkeypatch: pytest.MonkeyPatch,
                                      tmp_path: Path) -> None:
    path = rtl(Roms(3))
    first = synthesise(path, "top", "ecp5")
    assert not first.cached

    def must_not_run(*args: object, **kwargs: object) -> int:
        raise AssertionError("Yosys was started")

    monkeypatch.setattr(boards.yosys, "run", must_not_run)
    again = synthesise(path, "top", "ecp5", log=tmp_path / "y.log")
    assert again.cached
    assert (again.total, again.modules) == (first.total, first.modules)
    assert "synth_lattice" in (tmp_path / "y.log").read_text()

    # Other contents of the memory are another design.
    (image := path.parent / "rom.mem").write_text("0\n" + image.read_text())
    with pytest.raises(AssertionError, match="Yosys was started"):
        synthesise(path, "top", "ecp5")


@pytest.mark.parametrize(("text", "reason"), [
    ("module top(input a output b); endmodule\n", r"top\.v:1: syntax error, unexpected"),
    ("module top(input a, output b);\n  lost part(a, b);\nendmodule\n",
     r"Module `\\lost' referenced in module `\\top'"),
    ("module other(); endmodule\n", r"Module `top' not found!"),
    ('module top(input c, output reg [7:0] q);\n  reg [7:0] m[0:3];\n'
     '  initial $readmemh("gone.mem", m);\n  always @(posedge c) q <= m[q[1:0]];\nendmodule\n',
     r"top\.v:3: Can not open file `gone\.mem`"),
])
def test_broken_verilog_is_one_line(tmp_path: Path, text: str, reason: str) -> None:
    (path := tmp_path / "top.v").write_text(text)
    with pytest.raises(InputFault, match=rf"^Yosys could not synthesise top: {reason}.* "
                       rf"\(log: {tmp_path}/yosys\.log\)$"):
        synthesise(path, "top", "ecp5", log=tmp_path / "yosys.log")
    assert "ERROR" in (tmp_path / "yosys.log").read_text()


def test_a_killed_yosys_is_a_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path := tmp_path / "top.v").write_text("module top(input a, output b); endmodule\n")
    (worker := tmp_path / "worker.py").write_text(
        f"import os\nos.kill(os.getpid(), {signal.SIGKILL:d})\n")
    monkeypatch.setattr(boards.yosys, "_WORKER", worker)
    with pytest.raises(Verdict, match=r"was ended by SIGKILL \(out of memory\?\) \(log: "):
        synthesise(path, "top", "ecp5", log=tmp_path / "yosys.log")


def test_what_cannot_be_asked(tmp_path: Path) -> None:
    with pytest.raises(InputFault, match=r"no target 'ecp'; did you mean ecp5\? there are ecp5,"):
        synthesise(tmp_path / "top.v", "top", "ecp")
    with pytest.raises(InputFault, match=r"top\.v: cannot be read \(No such file"):
        synthesise(tmp_path / "top.v", "top", "ecp5")
    (path := tmp_path / "top.v").write_text("module top(); endmodule\n")
    with pytest.raises(InputFault, match=r"^top must be a Verilog identifier, not 'a; shell x'$"):
        synthesise(path, "a; shell x", "ecp5")


@pytest.mark.parametrize(("style", "blocks"), [("block", 1), ("distributed", 0), ("auto", 0)])
def test_where_a_small_memory_goes(tmp_path: Path, style: str, blocks: int) -> None:
    (tmp_path / "rom.mem").write_text("\n".join(f"{k * 37 % 256:02x}" for k in range(32)) + "\n")
    provider = RomProvider(unsigned(8), "rom.mem", (RomJob(32),), style)
    (path := tmp_path / "top.v").write_text(to_verilog(provider, "top"))
    total = synthesise(path, "top", "ecp5").total
    assert total.block_rams == blocks
    assert total.lut_rams == 0


def test_views_of_vectors(tmp_path: Path) -> None:
    """Amaranth writes ``word[0]`` for a view of ``word``, which is how ABC9 calls a bit."""
    (path := tmp_path / "top.v").write_text("""
module half(input c, input [7:0] i, output reg [7:0] o);
  wire [7:0] \\o[0] ;
  assign \\o[0] = o;
  always @(posedge c) o <= i ^ {8{i[0] & i[1]}};
endmodule
module top(input c, input [7:0] i, output [7:0] o);
  half h(c, i, o);
endmodule
""")
    total = synthesise(path, "top", "ecp5").total
    assert (total.ffs, total.luts) == (8, {"LUT4": 8})


def test_folders_with_spaces(tmp_path: Path) -> None:
    (folder := tmp_path / "a folder").mkdir()
    (path := folder / "a file.v").write_text(
        "module top(input a, b, output c); assign c = a & b; endmodule\n")
    assert synthesise(path, "top", "ecp5", log=folder / "a log").total.luts == {"LUT4": 1}
    assert sorted(os.listdir(folder)) == ["a file.v", "a log"]
