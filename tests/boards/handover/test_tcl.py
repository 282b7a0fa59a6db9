"""Scripts and constraints for vendors' tools, run by Tcl with stand-ins for their commands."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

STAND_IN = Path(__file__).with_name("stand_in.tcl")

#: Commands that the tools have, of those that scripts need.
VIVADO = """create_project add_files get_files set_property current_fileset get_runs
    update_compile_order launch_runs wait_on_run get_property open_run report_utilization
    report_timing_summary create_clock get_ports"""
RADIANT = """prj_create prj_add_source prj_set_impl_opt prj_save prj_run prj_close create_clock
    get_ports ldc_set_location ldc_set_port"""

DONE = "get_property 100%"


@pytest.fixture
def run(need, tmp_path):
    """Run a script in an empty folder; the calls that it makes, as lists of words."""
    need("tclsh")

    def call(commands, answers, script, *arguments):
        return subprocess.run(["tclsh", str(STAND_IN), commands, answers, str(script), *arguments],
                              cwd=tmp_path, capture_output=True, text=True, check=False)
    return call


def calls(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return [line.split("\t") for line in done.stdout.splitlines()]


def named(made, command):
    return [words[1:] for words in made if words[0] == command]


def rtl(delivery, *endings):
    return sorted(str(path) for path in (delivery / "rtl").iterdir() if path.suffix in endings)


def test_vivado_has_every_source(run, delivery):
    made = calls(run(VIVADO, DONE, delivery / "digits_vivado.tcl"))
    added = [words[-1] for words in named(made, "add_files")]
    assert sorted(added) == sorted([*rtl(delivery, ".v", ".mem"),
                                    str(delivery / "digits_vivado.xdc")])
    assert ["-fileset", "constrs_1", "-norecurse", str(delivery / "digits_vivado.xdc")] \
        in named(made, "add_files")
    images = [words[-1] for words in named(made, "get_files")]
    assert sorted(images) == [Path(name).name for name in rtl(delivery, ".mem")]
    assert len([words for words in named(made, "set_property")
                if words[:2] == ["file_type", "Memory Initialization Files"]]) == len(images)
    order = [words[0] for words in made]
    assert order.index("create_project") < order.index("add_files") < order.index("launch_runs") \
        < order.index("wait_on_run") < order.index("open_run")


def test_vivado_takes_part_and_top(run, delivery, tmp_path):
    for arguments, part, top in (
            ((), "xc7a35ticsg324-1L", "digits_axi"), (("xc7z020clg400-1",), "xc7z020clg400-1",
                                                      "digits_axi"),
            (("xcku5p", "digits"), "xcku5p", "digits")):
        made = calls(run(VIVADO, DONE, delivery / "digits_vivado.tcl", *arguments))
        assert named(made, "create_project") == [
            ["-force", "digits_vivado", str(tmp_path / "digits_vivado"), "-part", part]]
        assert [words[1] for words in named(made, "set_property") if words[0] == "top"] == [top]


def test_vivado_stops_where_synthesis_failed(run, delivery):
    done = run(VIVADO, "get_property 40%", delivery / "digits_vivado.tcl")
    assert done.returncode != 0
    assert "synthesis failed: see digits_vivado" in done.stderr
    assert "report_utilization" not in done.stdout


def test_radiant_has_every_source(run, delivery, tmp_path):
    made = calls(run(RADIANT, "", delivery / "digits_radiant.tcl"))
    added = [words[-1] for words in named(made, "prj_add_source")]
    assert added == [str(delivery / "rtl" / name) for name in (
        "digits.v", "digits_wishbone.v", "digits_axi.v")] + [str(delivery / "digits_radiant.pdc")]
    for folder in (tmp_path / "digits_radiant", tmp_path / "digits_radiant/impl_1"):
        there = {path.name: path.read_bytes() for path in folder.glob("*.mem")}
        assert there == {Path(name).name: Path(name).read_bytes()
                         for name in rtl(delivery, ".mem")}
    order = [words[0] for words in made]
    assert order[0] == "prj_create"
    assert order[-3:] == ["prj_save", "prj_run", "prj_close"]


def test_radiant_takes_part_grade_and_top(run, delivery):
    script = delivery / "digits_radiant.tcl"
    for arguments, part, grade, top in (
            ((), "LIFCL-40-7BG400I", "7_High-Performance_1.0V", "digits_wishbone"),
            (("LFD2NX-40-8BG196C", "8_High-Performance_1.0V", "digits"), "LFD2NX-40-8BG196C",
             "8_High-Performance_1.0V", "digits")):
        made = calls(run(RADIANT, "", script, *arguments))
        (words,) = named(made, "prj_create")
        assert words == ["-name", "digits_radiant", "-impl", "impl_1", "-dev", part,
                         "-performance", grade, "-synthesis", "lse"]
        assert named(made, "prj_set_impl_opt") == [["-impl", "impl_1", "top", top]]


@pytest.mark.parametrize(("name", "commands", "stubs"), [
    ("digits_vivado.xdc", VIVADO, 2), ("digits_radiant.pdc", RADIANT, 3)])
def test_constraints(run, delivery, tmp_path, name, commands, stubs):
    """The clock is there, and what is to be completed is good Tcl once it is."""
    (first,) = named(calls(run(commands, "get_ports port", delivery / name)), "create_clock")
    assert first[first.index("-period") + 1] == "40.000"
    assert first[first.index("-name") + 1] == "clk"
    text = (delivery / name).read_text()
    (whole := tmp_path / name).write_text(re.sub(r"^# (?=(set|ldc)_)", "", text, flags=re.M))
    made = calls(run(commands, "get_ports port", whole))
    assert len([words for words in made if re.match("set_|ldc_", words[0])]) == stubs


def test_every_module_is_a_top(gathered):
    """Tops that scripts name are modules of the Verilog."""
    for name in ("digits", "digits_axi", "digits_wishbone"):
        assert re.search(rf"^module {name}\(", gathered.files[f"{name}.v"].decode(), re.M)


def test_a_command_that_is_not_there_is_seen(run, delivery):
    """The stand-ins are no more than there are."""
    done = run(VIVADO.replace("wait_on_run", ""), DONE, delivery / "digits_vivado.tcl")
    assert done.returncode != 0
    assert 'invalid command name "wait_on_run"' in done.stderr
