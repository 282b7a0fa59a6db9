# amaranth: UnusedElaboratable=no
"""The whole stream kit in one Verilator build: a second simulator, with another opinion."""

from __future__ import annotations

import pytest

from hw.verilog import to_verilog
from tests.support.bundle import Bundle
from tests.support.stream_cases import CASES
from tests.support.units import check_units
from verif.simulate import build


def test_words_rules_latency_and_rate(rng, need):
    need("verilator")
    check_units([unit for make in CASES.values() for unit in make(rng)],
                simulator="verilator", deadline=2000)


@pytest.mark.full
def test_build_of_many_files(rng, need, tmp_path):
    """With compilers side by side Verilator splits a design and precompiles its header."""
    need("verilator")
    units = [unit for make in CASES.values() for unit in make(rng)]
    (tmp_path / "b.v").write_text(to_verilog(Bundle([unit.component for unit in units]), "b"))
    build([tmp_path / "b.v"], "b", simulator="verilator", work=tmp_path, jobs=3)
    assert (tmp_path / "Vtop__pch.h.fast.gch").exists()
