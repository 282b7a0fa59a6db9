"""The runner: failures are seen, named and explained, and nothing leaks in or out."""

from __future__ import annotations

import os
import sys

import pytest

from sw_model.faults import InputFault, ToolMissing
from verif import tools
from verif.simulate import BuildError, build, simulate

#: Counts, and offers every number on the tap ``o`` as the stream rules demand; with a rule
#: broken where FAULT says so.
COUNTER = """
module counter #(parameter FAULT = 0) (input clk, input rst, input o_ready);
  reg o_valid = 1'b0;
  reg [7:0] o_payload = 8'd0;
  wire broken = o_payload[3] & o_valid & ~o_ready;
  always @(posedge clk) begin
    if (o_ready | ~o_valid) begin
      o_valid <= 1'b1;
      o_payload <= o_payload + 8'd1;
    end
    if (FAULT == 1 && broken) o_payload <= o_payload ^ 8'h80;
    if (FAULT == 2 && broken) o_valid <= 1'b0;
    if (FAULT == 3 && broken) o_valid <= 1'bx;
    if (rst) o_valid <= 1'b0;
  end
endmodule
"""

WIRE = """
module wire_ (input clk, input rst, input [7:0] i__payload, input i__valid, output i__ready,
              output [7:0] o__payload, output o__valid, input o__ready);
  assign o__payload = i__payload;
  assign o__valid = i__valid;
  assign i__ready = o__ready;
endmodule
"""


def _counter(folder, fault=0):
    (folder / "counter.v").write_text(COUNTER.replace("FAULT = 0", f"FAULT = {fault}"))
    return [folder / "counter.v"]


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_failures_are_named(tmp_path, need, simulator, monkeypatch):
    need(simulator)
    here = tmp_path / "memories"
    here.mkdir()
    (here / "here.txt").write_text("found")
    # Left over from other work: none of it must matter.
    for name, value in {"COCOTB_TEST_FILTER": "passes", "COCOTB_RANDOM_SEED": "5", "WAVES": "1",
                        "COCOTB_RESULTS_FILE": str(tmp_path / "x"), "GREETING": "bye"}.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ), list(sys.path)
    simulation = build(_counter(tmp_path), "counter", simulator=simulator, work=tmp_path / "work")
    results = simulation.run("tests.verif.suites.mixed", seed=77, cwd=here, path=[tmp_path],
                             env={"GREETING": "hello", "PYTHONWARNINGS": "error"})
    assert (dict(os.environ), list(sys.path)) == before
    assert results.names == ("passes", "fails", "sees_its_surroundings")
    assert (results.ran, results.failed) == (3, 1)
    assert "one is not two" in results.failures["fails"]
    assert "one is not two" in results.log.read_text()
    assert not results.passed
    with pytest.raises(AssertionError, match=r"(?s)^1 of 3 tests failed; see .*\nfails: "):
        results.require_pass()
    assert [path.name for path in here.iterdir()] == ["here.txt"]
    # The same build serves another suite.
    assert simulation.run("tests.verif.suites.watched", seed=1).require_pass().ran == 1


def test_a_suite_that_ran_nothing_fails(tmp_path, need):
    need("icarus")
    for suite in ("empty", "skipped"):
        results = simulate(_counter(tmp_path), "counter", f"tests.verif.suites.{suite}",
                           simulator="icarus", work=tmp_path, seed=1)
        assert (results.ran, results.failed) == (0, 1)
        assert list(results.failures) == ["(none)"]
    assert results.failures["(none)"] == "no test ran"


def test_a_module_that_is_not_there_fails(tmp_path, need):
    need("icarus")
    results = simulate(_counter(tmp_path), "counter", "tests.verif.suites.nowhere",
                       simulator="icarus", work=tmp_path, seed=1)
    assert results.failed
    assert "nowhere" in str(results.failures)


@pytest.mark.parametrize(("fault", "said"), [
    (1, "o: payload changed before ready"), (2, "o: valid fell before ready"),
    (3, "o: valid is X")])
def test_monitor_sees_every_broken_rule(tmp_path, need, fault, said):
    need("icarus")
    results = simulate(_counter(tmp_path, fault), "counter", "tests.verif.suites.watched",
                       simulator="icarus", work=tmp_path, seed=1)
    assert said in results.failures["obeys_the_rules"]


def test_source_and_sink(tmp_path, need):
    need("icarus")
    (tmp_path / "wire.v").write_text(WIRE)
    results = simulate([tmp_path / "wire.v"], "wire_", "tests.verif.suites.looped",
                       simulator="icarus", work=tmp_path, seed=1)
    assert results.require_pass().ran == 4


def test_waves_are_left_where_asked_for(tmp_path, need):
    need("icarus")
    results = simulate(_counter(tmp_path), "counter", "tests.verif.suites.watched",
                       simulator="icarus", work=tmp_path / "work", seed=1, waves=True)
    assert results.passed
    assert results.waves is not None
    assert results.waves.stat().st_size > 100


@pytest.mark.full
def test_waves_of_verilator(tmp_path, need):
    need("verilator")
    results = simulate(_counter(tmp_path), "counter", "tests.verif.suites.watched",
                       simulator="verilator", work=tmp_path / "work", seed=1, waves=True)
    assert results.passed
    assert results.waves is not None
    assert "$enddefinitions" in results.waves.read_text()


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_verilog_that_is_refused(tmp_path, need, simulator):
    need(simulator)
    (tmp_path / "bad.v").write_text("module bad (input clk); assign nothing = ; endmodule\n")
    with pytest.raises(BuildError, match=rf"(?s)^{simulator} refused bad; see .*bad\.v:1"):
        build([tmp_path / "bad.v"], "bad", simulator=simulator, work=tmp_path)


def test_space_in_the_path(tmp_path, need):
    need("verilator")
    with pytest.raises(InputFault, match=r"folder with a space in its path$"):
        build(_counter(tmp_path), "counter", simulator="verilator", work=tmp_path / "my work")


@pytest.fixture
def no_path(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    tools.find_tool.cache_clear()
    yield
    tools.find_tool.cache_clear()


@pytest.mark.parametrize(("simulator", "said"), [
    ("icarus", r"^iverilog is not on PATH; type: apt install iverilog$"),
    ("verilator", r"^perl is not on PATH; type: apt install perl$")])
def test_missing_tool(tmp_path, no_path, simulator, said):
    with pytest.raises(ToolMissing, match=said):
        simulate(_counter(tmp_path), "counter", "tests.verif.suites.mixed", simulator=simulator,
                 work=tmp_path, seed=1)


def test_unknown_simulator(tmp_path):
    with pytest.raises(ValueError, match=r"^simulator must be one of verilator, icarus, not 'x'$"):
        build(_counter(tmp_path), "counter", simulator="x", work=tmp_path)
