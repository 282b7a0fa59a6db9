"""Area of ad01_int8's rescale units on ECP5: the compiler's form and the framework's own.

``python -m bench.rescale_area [--json]`` compiles the model twice, once as always and once with the
framework's rounding kept, and synthesises the rescale units of both at the same sharing: as
the ten units of the default plan, with their constants built in, and as one unit for all
layers, whose parameters arrive with the data. Area is LUT4 + 2 for each CCU2C. The framework's
form is measured in full (32-bit accumulator, 31-bit multiplier, two roundings) and trimmed to
the layers' accumulators and multipliers, which is what Gatemill would build.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from boards.component import resources
from boards.devices import device
from boards.yosys import version
from gen.build import BuildOptions, design_graph
from gen.frontends import import_model
from gen.mapping.default import default_plan
from gen.mapping.layout import lay_out
from gen.mapping.plan import Plan, Unit
from gen.parts import unit_parts
from hw.network.netlist import Part
from sw_model.formats import IntFormat
from sw_model.graph import Graph

from .record import finish, model_file, tell

__all__ = ["cases", "lines", "measure"]

MODEL = "mlperf_tiny/ad01_int8.tflite"
DEVICE = "ecp5-85k"

#: Kinds of units by form of the rescale that is asked for.
KINDS = {"multiply": "multiply_add_shift", "framework": "framework_rescale"}

#: Parts by name of the layer, or of what they serve.
Parts = dict[str, Part]


def area(part: Part, *, fast: bool = False) -> float:
    """Area of ``part``, all of it in look-up tables and carry chains."""
    return resources(part.make(**part.arguments), ["ecp5"], dsp=False, fast=fast)["ecp5"].area


def in_full(part: Part) -> Part:
    """The framework's form as its sources have it: nothing is trimmed to the layer."""
    spec = replace(part.arguments["spec"],
                   source=IntFormat(32), multiplier=IntFormat(31, signed=False))
    return replace(part, arguments={**part.arguments, "spec": spec})


def parts_of(core: Graph, kind: str, *, shared: bool, dsps: bool) -> Parts:
    """The rescale units of a network: one for each layer, or one for all."""
    chip = device(DEVICE)
    plan = default_plan(core, chip, clock_mhz=50)
    if shared:
        plan = _shared(plan, kind)
    layout = lay_out(core, plan)
    return {unit.name.removesuffix("_rescale_unit"):
            unit_parts(layout, unit, unit.name, chip if dsps else replace(chip, dsps=0)).part
            for unit in plan.units if unit.kind == kind}


def _shared(plan: Plan, kind: str) -> Plan:
    """All dense layers on one unit, and all rescaling on one."""
    jobs = {each: tuple(job for unit in plan.units if unit.kind == each for job in unit.jobs)
            for each in ("dense", kind)}
    units = (Unit(name="dense", kind="dense", jobs=jobs["dense"], rows=8, lanes=8),
             Unit(name="all", kind=kind, jobs=jobs[kind], lanes=1))
    return Plan(network=plan.network, device=plan.device, clock_mhz=plan.clock_mhz, units=units)


def compiled(form: str) -> Graph:
    """The model's integer network, every layer rescaled by ``form``."""
    graph = import_model(model_file(MODEL))
    return design_graph(graph, BuildOptions(device=DEVICE, forms={"*": form})).core


def cases() -> Iterator[dict[str, Any]]:
    """Every case in turn: each layer alone, all ten units, and one unit for all."""
    cores = {form: compiled(form) for form in KINDS}
    ours, theirs = (parts_of(cores[form], kind, shared=False, dsps=False)
                    for form, kind in KINDS.items())
    total = dict.fromkeys(("multiply_add_shift", "full", "trimmed"), 0.0)
    for layer, part in ours.items():
        areas = _areas(part, theirs[layer])
        total = {form: total[form] + areas[form] for form in total}
        yield _case(layer, areas, part)
    yield _case("ten units", total)
    for products, dsps in (("fabric", False), ("inferred", True)):
        one, other = (parts_of(cores[form], kind, shared=True, dsps=dsps)["all"]
                      for form, kind in KINDS.items())
        yield _case(f"one unit for all, products {products}",
                    _areas(one, other, fast=dsps), one)


def _areas(ours: Part, theirs: Part, *, fast: bool = False) -> dict[str, float]:
    return {"multiply_add_shift": area(ours, fast=fast), "full": area(in_full(theirs), fast=fast),
            "trimmed": area(theirs, fast=fast)}


def _case(name: str, areas: Mapping[str, float], part: Part | None = None) -> dict[str, Any]:
    ours = areas["multiply_add_shift"]
    spec: Any = part.arguments["spec"] if part else None
    return {"case": name, **areas, "multiplier_bits": spec.multiplier.width if spec else None,
            "offsets": spec.signs if spec else None,
            "ratio_full": round(ours / areas["full"], 3),
            "ratio_trimmed": round(ours / areas["trimmed"], 3)}


def measure(progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Every case, with the tool's version."""
    rows = []
    for row in cases():
        progress(f"rescale area: {row['case']}")
        rows.append(row)
    return {"bench": "rescale_area", "area": "LUT4 + 2 per CCU2C", "rows": rows,
            "versions": {"yosys": version()}}


def lines(result: dict[str, Any]) -> list[str]:
    """The result as a table."""
    table = [f"{'rescale of ad01 on ECP5, no DSP blocks':<40} {'M bits':>6} {'offsets':>7} "
             f"{'area':>6} {'of full':>8} {'of trimmed':>11}"]
    return table + [
        f"{row['case']:<40} {row['multiplier_bits'] or '':>6} {row['offsets'] or '':>7} "
        f"{row['multiply_add_shift']:>6g} {row['ratio_full']:>8.2f} "
        f"{row['ratio_trimmed']:>11.2f}" for row in result["rows"]]


def main() -> None:
    """The command; progress goes to standard error."""
    finish(measure(tell), lines, as_json="--json" in sys.argv[1:])


if __name__ == "__main__":
    main()
