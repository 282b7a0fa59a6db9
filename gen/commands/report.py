"""``gatemill report``: everything known about a build, as text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from sw_model.faults import InputFault

from ..cli import Folder, Json, show

__all__ = ["report", "synth_lines"]

TEXT, DATA = "report.txt", "report.json"


def report(
    folder: Folder,
    brief: Annotated[bool, typer.Option(
        "--brief", help="Print one line and where the report is.")] = False,
    as_json: Json = False,
) -> int:
    """Write report.txt and report.json into the build folder, and print the report."""
    from ..folder import write_whole

    result = gather(folder)
    lines = text(result)
    for name, content in ((TEXT, "\n".join(lines)), (DATA, json.dumps(result, indent=1))):
        try:
            write_whole(folder / name, f"{content}\n".encode())
        except OSError as error:
            raise InputFault(f"{folder / name}: cannot be written ({error.strerror})") from error
    summary = f"{verdict(result)}; the report is {folder / TEXT}"
    show(result, summary if brief else "\n".join([*lines, summary]), as_json)
    return 0


def gather(folder: Path) -> dict[str, Any]:
    """What manifest, plan, proof, certificate and synthesis say of a build."""
    from boards.synth import load_report
    from verif.certificate import Certificate, stale
    from verif.manifest import Manifest
    from verif.proof import load_proof

    from ..mapping.plan import Plan
    from .build import describe

    manifest = Manifest.load(folder)
    plan = Plan.load(folder / "plan.json")
    certificate = Certificate.load(folder)
    return {
        **describe(folder, manifest),
        "plan": [{"unit": unit.name, "kind": unit.kind, "jobs": list(unit.jobs),
                  "rows": unit.rows, "lanes": unit.lanes} for unit in plan.units],
        "proof": load_proof(folder),
        "certificate": certificate.as_dict() if certificate else None,
        "stale": stale(folder),
        "synth": load_report(folder),
        "tools": dict(manifest.tools),
    }


def verdict(result: dict[str, Any]) -> str:
    """The certificate in a few words."""
    name, certificate = result["name"], result["certificate"]
    if certificate is None:
        return f"{name} is not verified"
    if result["stale"]:
        return f"{name}: the certificate is stale ({', '.join(result['stale'])})"
    if certificate["passed"]:
        return f"{name} is bit for bit equal to the golden model"
    if found := certificate["difference"]:
        return f"{name} DIFFERS from the golden model: layer {found['layer']!r}"
    faults = certificate["faults"]
    reason = faults[0] if faults else (
        f"not as the manifest says: {', '.join(certificate['changed'])}")
    return f"{name} is NOT verified: {reason}"


def text(result: dict[str, Any]) -> list[str]:
    """The report for people."""
    lines = [
        f"{result['name']} on {result['device']} at {result['clock_mhz']:g} MHz",
        f"  {verdict(result)}",
        f"  an inference every {result['interval']:,} cycles "
        f"({result['inferences_per_second']:,.0f} a second), latency {result['latency']:,} cycles",
        *(f"  {line}" for line in result["remarks"]),
        f"  {result['memory_bytes']:,} bytes of read-only memory",
        f"  on the host: {', '.join(result['host']['head'] + result['host']['tail']) or 'nothing'}",
        "", f"  {'unit':<32}{'kind':<20}{'rows':>5}{'lanes':>7}  jobs"]
    lines += [f"  {unit['unit']:<32}{unit['kind']:<20}{unit['rows']:>5}{unit['lanes']:>7}  "
              f"{', '.join(unit['jobs'])}" for unit in result["plan"]]
    lines += ["", f"  {'layer':<24}{'form':<14}{'bits of M':>10}{'shift':>7}{'offsets':>9}"
              f"{'levels':>8}  range proven"]
    for proof in result["proof"]:
        bits, shift, offsets = (proof.get(key, "") for key in
                                ("multiplier_bits", "shift", "offsets"))
        lines.append(f"  {proof['layer']:<24}{proof['form']:<14}{bits!s:>10}{shift!s:>7}"
                     f"{offsets!s:>9}{proof.get('levels', '')!s:>8}  {proof.get('range', '')}")
    if result["synth"]:
        lines += ["", *("  " + line for line in synth_lines(result["synth"]))]
    return lines


def synth_lines(synth: dict[str, Any]) -> list[str]:
    """The figures of ``synth.json`` as a table."""
    lines = [f"{synth['device'] or synth['target']} (Yosys {synth['tools']['yosys']})",
             f"{'module':<40}{'times':>6}{'LUT':>8}{'carry':>8}{'area':>9}{'FF':>8}{'DSP':>6}"
             f"{'BRAM':>6}"]
    for module in synth["modules"]:
        lines.append(_row(module["name"], module["instances"], module["own"]))
    lines.append(_row("in all", "", synth["total"]))
    for name, use in synth["uses"].items():
        lines.append(f"{name}: {use['used']:,} of {use['available']:,}")
    if synth["placement"]:
        clocks = ", ".join(f"{name} {mhz:g} MHz" for name, mhz in
                           synth["placement"]["clocks"].items())
        lines.append(f"placed: {clocks}")
    return lines


def _row(name: str, times: Any, cells: dict[str, Any]) -> str:
    luts = sum(cells["luts"].values())
    return (f"{name[:39]:<40}{times!s:>6}{luts:>8}{cells['carry']:>8}{cells['area']:>9g}"
            f"{cells['ffs']:>8}{cells['dsps']:>6g}{cells['block_rams']:>6g}")
