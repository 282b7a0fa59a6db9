"""What a design costs: cells by kind, per module and in all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from .families import Family, Kind

__all__ = ["Figures", "ModuleFigures", "Resources", "figures_of"]

#: Whole wherever it can be; halves are of DSP blocks, areas of standard cells.
Count = int | float

_COUNTED = ("carry", "wide_muxes", "ffs", "dsps", "block_rams", "large_rams", "lut_rams",
            "macro_bits", "area")


class Resources(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Cells of a module or a design.

    Parameters
    ----------
    luts : mapping of str to int
        Lookup tables by cell type, such as ``LUT4``.
    carry, wide_muxes, ffs : int
        Cells.
    dsps : float
        18 x 18 multipliers (a 9 x 9 multiplier is half of one).
    block_rams : float
        Block RAMs in the units of the device table; for ``ihp``, memory macros.
    large_rams : int
        Large memories (SPRAM, LRAM).
    lut_rams : int
        LUTs that are used as memory or shut by it.
    macro_bits : int
        Bits of the memory macros, which the area leaves out (``ihp`` alone).
    other : mapping of str to int
        Everything else, by cell type.
    area : float
        In the unit of the family.
    """

    luts: Mapping[str, int] = msgspec.field(default_factory=dict)
    carry: Count = 0
    wide_muxes: Count = 0
    ffs: Count = 0
    dsps: Count = 0
    block_rams: Count = 0
    large_rams: Count = 0
    lut_rams: Count = 0
    macro_bits: Count = 0
    other: Mapping[str, int] = msgspec.field(default_factory=dict)
    area: Count = 0

    def __add__(self, more: Resources) -> Resources:
        return Resources(luts=_sum(self.luts, more.luts), other=_sum(self.other, more.other),
                         **{name: _number(getattr(self, name) + getattr(more, name))
                            for name in _COUNTED})

    def __mul__(self, times: int) -> Resources:
        return Resources(luts={name: count * times for name, count in self.luts.items()},
                         other={name: count * times for name, count in self.other.items()},
                         **{name: _number(getattr(self, name) * times) for name in _COUNTED})

    @property
    def lut_count(self) -> int:
        """Lookup tables of all sizes."""
        return sum(self.luts.values())


class ModuleFigures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One module, which synthesis made once however often it is placed.

    Parameters
    ----------
    name : str
        As in the Verilog, with its parameters where it has any.
    instances : int
        How often it stands in the whole design.
    own : Resources
        Of one instance, without the modules it places.
    total : Resources
        Of one instance, with them.
    places : mapping of str to int
        Modules placed directly, and how often.
    """

    name: str
    instances: int
    own: Resources
    total: Resources
    places: Mapping[str, int]


class Figures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A synthesised design.

    Parameters
    ----------
    target : str
        The family.
    area : str
        What the area counts.
    top : str
    total : Resources
        Of the whole design; the sum over modules of ``own`` times ``instances``.
    modules : tuple of ModuleFigures
        The top first, then by name.
    yosys : str
        Version.
    netlist : str
        The netlist in JSON, gzipped; in the cache.
    log : str
        What Yosys said.
    cached : bool
        Whether an earlier run's result was taken.
    """

    target: str
    area: str
    top: str
    total: Resources
    modules: tuple[ModuleFigures, ...]
    yosys: str
    netlist: str = ""
    log: str = ""
    cached: bool = False


def figures_of(stat: Mapping[str, Any], netlist: Mapping[str, Any], *, family: Family, top: str,
               yosys: str, areas: Mapping[str, float] | None = None) -> Figures:
    """Figures from Yosys's ``stat -json`` and from the netlist's module headers.

    ``areas`` gives the area of each cell type where the family's own table has none.
    """
    headers = netlist["modules"]
    names = {name: _readable(name, headers.get(name, {})) for name in map(_bare, stat["modules"])}
    if len(set(names.values())) < len(names):
        names = {name: name for name in names}
    own: dict[str, Resources] = {}
    places: dict[str, dict[str, int]] = {}
    for raw, module in stat["modules"].items():
        name = names[_bare(raw)]
        counts = {_bare(kind): count for kind, count in module["num_cells_by_type"].items()}
        places[name] = {names[kind]: n for kind, n in sorted(counts.items()) if kind in names}
        own[name] = _count({kind: n for kind, n in counts.items() if kind not in names}, family,
                           areas=areas or {}, macro_bits=_macro_bits(headers[_bare(raw)]))
    totals: dict[str, Resources] = {}

    def total(name: str) -> Resources:
        if name not in totals:
            result = own[name]
            for child, times in places[name].items():
                result += total(child) * times
            totals[name] = result
        return totals[name]

    instances = _instances(names[top], places)
    order = sorted(instances, key=lambda name: (name != names[top], name))
    modules = tuple(ModuleFigures(name=name, instances=instances[name], own=own[name],
                                  total=total(name), places=places[name]) for name in order)
    return Figures(target=family.name, area=family.area, top=top, total=total(names[top]),
                   modules=modules, yosys=yosys)


def _count(counts: Mapping[str, int], family: Family, *, areas: Mapping[str, float],
           macro_bits: int) -> Resources:
    luts: dict[str, int] = {}
    other: dict[str, int] = {}
    sums = dict.fromkeys(_COUNTED, 0.0) | {"macro_bits": float(macro_bits)}
    for cell_type in sorted(counts):
        cell, number = family.cell(cell_type), counts[cell_type]
        sums["area"] += areas.get(cell_type, cell.area) * number
        if cell.kind is Kind.LUT:
            luts[cell_type] = number
        elif cell.kind is Kind.OTHER:
            other[cell_type] = number
        else:
            sums[cell.kind.value] += cell.units * number
    return Resources(luts=luts, other=other, **{name: _number(v) for name, v in sums.items()})


def _instances(top: str, places: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """How often each module stands in the design; parents are done before their children."""
    order: dict[str, None] = {}

    def visit(name: str) -> None:
        if name not in order:
            for child in places[name]:
                visit(child)
            order[name] = None

    visit(top)
    found = dict.fromkeys(order, 0)
    found[top] = 1
    for name in reversed(order):
        for child, times in places[name].items():
            found[child] += times * found[name]
    return found


def _macro_bits(module: Mapping[str, Any]) -> int:
    """Bits of the memories that synthesis left whole."""
    return sum(int(cell["parameters"]["SIZE"], 2) * int(cell["parameters"]["WIDTH"], 2)
               for cell in module["cells"].values() if cell["type"] == "$mem_v2")


def _sum(one: Mapping[str, int], two: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + two.get(name, 0) for name in sorted({*one, *two})}


def _bare(name: str) -> str:
    return name.removeprefix("\\")


def _number(value: float) -> Count:
    return int(value) if value == int(value) else round(value, 4)


def _readable(name: str, module: Mapping[str, Any]) -> str:
    """``$paramod$5f2a...\\rom`` as ``rom(FILE="a.mem", WIDTH=36)``."""
    if not name.startswith("$paramod"):
        return name
    given = module.get("parameter_default_values", {})
    words = ", ".join(f"{key}={_parameter(value)}" for key, value in sorted(given.items()))
    return f"{name.rpartition(chr(92))[2]}({words})"


def _parameter(value: str) -> str:
    # Yosys writes numbers as binary digits, and adds a blank to text that looks like those.
    return str(int(value, 2)) if re.fullmatch("[01]+", value) else f'"{value.removesuffix(" ")}"'
