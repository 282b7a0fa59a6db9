"""The device table: complete, consistent, and helpful to those who cannot spell."""

from __future__ import annotations

import pytest

from boards.devices import DEVICES, MemoryBlocks, device
from boards.families import FAMILIES, Kind, family
from boards.place import find_tool
from sw_model.faults import InputFault

NAMES = [f"ecp5-{size}" for size in ("12k", "25k", "45k", "85k")] + [
    "ice40-hx1k", "ice40-hx8k", "ice40-up5k", "gowin-gw1nr9", "gowin-gw2a18", "gowin-gw5a25",
    "nexus-lifcl17", "nexus-lifcl40", "xilinx-xc7a35t", "xilinx-xc7a100t"]


def test_every_device_is_there() -> None:
    assert list(DEVICES) == NAMES
    for name in NAMES:
        assert device(name.upper()).name == name
        assert device(name).family in FAMILIES


def test_well_known_numbers() -> None:
    big = device("ecp5-85k")
    assert (big.luts, big.dsps, big.block_rams) == (83_640, 156, MemoryBlocks(208, 18_432))
    assert big.block_rams.total_bits == 3_833_856
    small = device("ice40-up5k")
    assert (small.luts, small.dsps) == (5_280, 8)
    assert small.block_rams.total_bits == 120 * 1024
    assert small.large_rams.total_bits == 1024 * 1024
    # 1,800 kbit of block RAM, as Xilinx says it: 50 RAMB36.
    assert device("xilinx-xc7a35t").block_rams.total_bits == 1800 * 1024


def test_an_unknown_name_gets_help() -> None:
    with pytest.raises(InputFault) as caught:
        device("ecp5-58k")
    assert str(caught.value) == ("no device 'ecp5-58k'; did you mean ecp5-85k? there are "
                                 + ", ".join(NAMES))
    with pytest.raises(InputFault, match=r"^no device 'zzz'; there are ecp5-12k, "):
        device("zzz")


def test_devices_to_place_on_have_a_tool() -> None:
    for entry in DEVICES.values():
        if entry.nextpnr:
            assert find_tool(entry.family).version
        else:
            with pytest.raises(InputFault, match="placed on ecp5, ice40, gowin and nexus only"):
                find_tool(entry.family)


@pytest.mark.parametrize(("target", "cell", "kind", "units"), [
    ("ecp5", "CCU2C", Kind.CARRY, 1), ("ecp5", "TRELLIS_DPR16X4", Kind.LUT_RAM, 6),
    ("ice40", "SB_DFFESR", Kind.FF, 1), ("ice40", "SB_SPRAM256KA", Kind.LARGE_RAM, 1),
    ("gowin", "MULT9X9", Kind.DSP, 0.5), ("gowin", "DFFRE", Kind.FF, 1),
    ("gowin", "DPX9B", Kind.BLOCK_RAM, 1), ("nexus", "MULT18X36", Kind.DSP, 2),
    ("nexus", "PDPSC512K", Kind.LARGE_RAM, 1), ("nexus", "PDPSC16K", Kind.BLOCK_RAM, 1),
    ("xilinx", "RAMB36E1", Kind.BLOCK_RAM, 2), ("xilinx", "FDRE", Kind.FF, 1),
    ("xilinx", "RAM32M", Kind.LUT_RAM, 4), ("xilinx", "RAM64X1D", Kind.LUT_RAM, 2),
    ("xilinx", "DSP48E1", Kind.DSP, 1), ("xilinx", "BUFG", Kind.OTHER, 1),
])
def test_what_cells_count_as(target: str, cell: str, kind: Kind, units: float) -> None:
    found = family(target).cell(cell)
    assert (found.kind, found.units) == (kind, units)
