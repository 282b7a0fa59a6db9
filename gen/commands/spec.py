"""``gatemill spec``: check a spec, and say what it would build."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sw_model.faults import InputFault

from ..cli import Json, progress, show

if TYPE_CHECKING:
    from ..build import Designed
    from ..spec.designs import Request

__all__ = ["spec"]


def spec(
    file: Annotated[Path | None, typer.Argument(help="A spec (.yaml).")] = None,
    schema: Annotated[bool, typer.Option(
        "--schema", help="Print the JSON Schema of specs, for editors.")] = False,
    as_json: Json = False,
) -> None:
    """Check a spec and say what it would build; or print the JSON Schema of specs."""
    if schema:
        from ..spec.describe import json_schema
        if file is not None:
            raise InputFault("--schema: takes no file")
        print(json.dumps(json_schema(), indent=1))
        return
    if file is None:
        raise InputFault("name a spec to check, or give --schema")
    with progress(as_json) as report:
        from ..spec.build import design_request
        from ..spec.designs import read_spec

        report("reading the spec")
        found = read_spec(file)
        results = [describe(request, design_request(request, request.options, report))
                   for request in found.requests]
    show({"spec": str(file), "sweep": found.sweep, "designs": results},
         "\n".join([f"{file}: no faults", *(line for r in results for line in lines(r))]), as_json)


def describe(request: Request, made: Designed) -> dict[str, Any]:
    """A design as it would be built, as plain data."""
    from ..estimate import misfit
    from ..inspection import describe as describe_network

    plan = made.design.plan
    assert plan.prediction is not None
    network = describe_network(made.imported, made.compiled.graph)
    return {
        "name": request.name, "unit": request.unit or None,
        "model": request.model.file if request.model else None,
        "device": plan.device, "clock_mhz": plan.clock_mhz,
        "inputs": network["inputs"], "outputs": network["outputs"], "macs": network["macs"],
        "parameters": network["parameters"],
        "interval": plan.prediction.interval, "latency": plan.prediction.latency,
        "misfit": misfit(plan),
        "units": [{"name": u.name, "kind": u.kind, "jobs": list(u.jobs), "rows": u.rows,
                   "lanes": u.lanes, "pe": u.pe if u.kind == "dense" else None,
                   "memory": u.memory} for u in plan.units],
    }


def lines(result: dict[str, Any]) -> list[str]:
    """:func:`describe` as text for people."""
    found = [f"{result['name']} on {result['device']} at {result['clock_mhz']:g} MHz: "
             f"{result['macs']:,} multiplications, {result['parameters']:,} parameters, "
             f"interval {result['interval']} cycles, latency {result['latency']}"]
    for way in ("inputs", "outputs"):
        found += [f"  {way[:-1]:<7} {t['name']}: {t['format']} "
                  f"[{', '.join(map(str, t['shape']))}]" for t in result[way]]
    for unit in result["units"]:
        size = f"{unit['rows']} x {unit['lanes']}" if unit["kind"] == "dense" else unit["lanes"]
        found.append(f"  unit    {unit['name']}: {unit['kind']}, "
                     f"{'rows x ' if unit['kind'] == 'dense' else ''}lanes {size}, "
                     f"for {', '.join(unit['jobs'])}")
    if result["misfit"]:
        found.append(f"  {result['misfit']}")
    return found
