# amaranth: UnusedElaboratable=no
"""The same bits through every bus, whatever the pauses; usable after any reset."""

from __future__ import annotations

from pathlib import Path

import pytest

from gen.source import build_source
from tests.support.shells import cases, shell_files
from verif.simulate import build


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An accelerator of 12 inputs of 8 bits on 4 lanes and 3 outputs."""
    out = tmp_path_factory.mktemp("two_layers") / "build"
    build_source(Path("examples/specs/two_layers.yaml"), out, lambda _: None)
    return out


def run(kind, folder, tmp_path, need, rng, simulator, visible=("*",)):
    need(simulator)
    verilog, top = shell_files(folder, kind, tmp_path)
    given = cases(folder, tmp_path, 300, rng)
    simulation = build([verilog], top, simulator=simulator, work=tmp_path / "work",
                       visible=visible)
    results = simulation.run(f"tests.boards.shell.suites.{kind}", seed=1, cwd=folder / "rtl",
                             env={"CASES": str(given)})
    return results.require_pass()


def test_wishbone(folder, tmp_path, need, rng):
    assert run("wishbone", folder, tmp_path, need, rng, "icarus").ran == 3


def test_axi(folder, tmp_path, need, rng):
    assert run("axi", folder, tmp_path, need, rng, "verilator", ["clk", "rst", "s_*", "m_*"]
               ).ran == 6


def test_spi(folder, tmp_path, need, rng):
    assert run("spi", folder, tmp_path, need, rng, "verilator",
               ["clk", "reset", "cs_n", "sck", "copi", "cipo"]).ran == 3
