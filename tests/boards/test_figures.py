"""From Yosys's counts to figures: instances of instances, names, halves and areas."""

from __future__ import annotations

from typing import Any

from boards.families import family
from boards.figures import Figures, Resources, figures_of

STAT: dict[str, Any] = {"modules": {
    "\\top": {"num_cells_by_type": {"pair": 2, "LUT4": 1}},
    "\\pair": {"num_cells_by_type": {"$paramod$ab12\\leaf": 3, "TRELLIS_FF": 5, "GSR": 1}},
    "$paramod$ab12\\leaf": {"num_cells_by_type": {"CCU2C": 4, "LUT4": 2, "MULT18X18D": 1}},
}}

NETLIST: dict[str, Any] = {"modules": {
    "top": {"cells": {}},
    "pair": {"cells": {}},
    "$paramod$ab12\\leaf": {"cells": {}, "parameter_default_values": {
        "WIDTH": "00000000000000000000000000100100", "FILE": "rom.mem", "CODE": "101 "}},
}}

LEAF = 'leaf(CODE="101", FILE="rom.mem", WIDTH=36)'


def figures(stat: dict[str, Any] = STAT, netlist: dict[str, Any] = NETLIST) -> Figures:
    return figures_of(stat, netlist, family=family("ecp5"), top="top", yosys="some")


def test_instances_of_instances() -> None:
    found = figures()
    assert [(m.name, m.instances, dict(m.places)) for m in found.modules] == [
        ("top", 1, {"pair": 2}), (LEAF, 6, {}), ("pair", 2, {LEAF: 3})]
    assert found.total == Resources(luts={"LUT4": 13}, carry=24, ffs=10, dsps=6,
                                    other={"GSR": 2}, area=1 + 6 * (2 + 2 * 4))
    pair = found.modules[2]
    assert pair.own == Resources(ffs=5, other={"GSR": 1})
    assert pair.total == pair.own + found.modules[1].own * 3


def test_names_stay_apart() -> None:
    """Two modules that would read the same keep what Yosys calls them."""
    other = "$paramod$cd34\\leaf"
    stat = {"modules": STAT["modules"] | {
        "\\top": {"num_cells_by_type": {"pair": 2, other: 1}},
        other: {"num_cells_by_type": {"LUT4": 1}}}}
    netlist = {"modules": NETLIST["modules"] | {
        other: NETLIST["modules"]["$paramod$ab12\\leaf"]}}
    assert [m.name for m in figures(stat, netlist).modules] == [
        "top", "$paramod$ab12\\leaf", other, "pair"]


def test_halves_and_areas() -> None:
    stat = {"modules": {"\\top": {"num_cells_by_type": {"MULT9X9": 3, "LUT4": 2}}}}
    netlist = {"modules": {"top": {"cells": {}}}}
    gowin = figures_of(stat, netlist, family=family("gowin"), top="top", yosys="")
    assert gowin.total.dsps == 1.5
    cells = {"modules": {"\\top": {"num_cells_by_type": {"sg13g2_inv_1": 3, "$mem_v2": 2}}}}
    memory = {"type": "$mem_v2", "parameters": {"SIZE": "100000", "WIDTH": "11"}}
    netlist = {"modules": {"top": {"cells": {"a": memory, "b": memory}}}}
    ihp = figures_of(cells, netlist, family=family("ihp"), top="top", yosys="",
                     areas={"sg13g2_inv_1": 5.4432})
    assert ihp.total == Resources(area=16.3296, block_rams=2, macro_bits=2 * 32 * 3,
                                  other={"sg13g2_inv_1": 3})
