# amaranth: UnusedElaboratable=no
"""Packets of AXI4-Stream become samples, and samples packets, whatever comes between."""

from __future__ import annotations

import json

import pytest

from hw.bus.axi_stream import AxiStream, AxiStreamInput, AxiStreamOutput, data_width
from hw.verilog import to_verilog
from tests.support.bundle import Bundle
from verif.simulate import build

#: Bits of a word, words of a sample.
SAMPLES = [(8, 1), (1, 5), (9, 10), (32, 7), (33, 2)]


@pytest.mark.parametrize("simulator", ["icarus", pytest.param(
    "verilator", marks=pytest.mark.full)])
def test_packets(tmp_path, need, simulator):
    need(simulator)
    bundle = Bundle([make(*sample) for sample in SAMPLES
                     for make in (AxiStreamInput, AxiStreamOutput)])
    (tmp_path / "top.v").write_text(to_verilog(bundle, "top"))
    simulation = build([tmp_path / "top.v"], "top", simulator=simulator, visible=["*"],
                       work=tmp_path / "work")
    results = simulation.run("tests.hw.bus.suites.axi_stream", seed=1,
                             env={"GATEMILL_SAMPLES": json.dumps(SAMPLES)})
    assert results.require_pass().ran == 16, results.names


def test_words_lie_in_a_power_of_two_of_bytes():
    for width in range(1, 300):
        size = data_width(width) // 8
        assert size & size - 1 == 0
        assert size // 2 * 8 < width <= size * 8 == data_width(width)


def test_parameters():
    for kind in (AxiStreamInput, AxiStreamOutput):
        assert (kind(9, 3).width, kind(9, 3).words) == (9, 3)
        with pytest.raises(ValueError, match=r"^width must be at least 1, not 0$"):
            kind(0, 1)
        with pytest.raises(ValueError, match=r"^words must be at least 1, not 0$"):
            kind(1, 0)
        with pytest.raises(TypeError, match=r"^words must be an integer, not 'a'$"):
            kind(1, "a")
    assert AxiStream(5).width == 5
