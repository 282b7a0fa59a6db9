"""``gatemill build``: a model or a spec in, a build folder out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sw_model.faults import InputFault

from ..cli import Json, progress, show

if TYPE_CHECKING:
    from verif.manifest import Manifest

__all__ = ["build", "describe", "summary"]


def build(
    source: Annotated[Path, typer.Argument(help="A model (.tflite, .onnx) or a spec (.yaml).")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write.")],
    device: Annotated[str | None, typer.Option(help="FPGA; default ecp5-85k.")] = None,
    board: Annotated[str | None, typer.Option(
        help="Board, for its device and its oscillator's clock; see docs/boards.md.")] = None,
    clock: Annotated[float | None, typer.Option(help="Clock in MHz; default 50.")] = None,
    rate: Annotated[str | None, typer.Option(
        help="Inferences a second, or max (the default).")] = None,
    plan: Annotated[Path | None, typer.Option(help="An edited plan.json to build by.")] = None,
    rounding: Annotated[str | None, typer.Option(
        help="Rounding of TFLite models: tflite_double (default), tflite_single or "
             "float64_half_away.")] = None,
    as_json: Json = False,
) -> int:
    """Compile, map and write Verilog with everything that proves it; exit 1 if it cannot fit."""
    with progress(as_json) as report:
        from ..source import build_source

        if board is not None:
            device, clock = _of_board(board, device, clock)
        built = build_source(source, out, report, device=device, clock=clock, rate=rate,
                             plan=plan, rounding=rounding)
    results = [describe(each.folder, each.manifest) for each in built]
    sweep = any(each.sweep for each in built)
    show({"folder": str(out), "designs": results} if sweep else results[0],
         "\n".join(map(summary, results)), as_json)
    return 0 if all(result["fits"] for result in results) else 1


def _of_board(name: str, device: str | None, clock: float | None) -> tuple[str, float]:
    """Device and clock of a board; a clock that is given stays."""
    from boards.table import board as find_board

    if device is not None:
        raise InputFault("--board and --device: give one of them")
    board = find_board(name)
    return board.device, board.clock_mhz if clock is None else clock


def summary(result: dict[str, Any]) -> str:
    """:func:`describe` as text for people."""
    units, interval = result["units"], result["interval"]
    return (f"{result['folder']}: {result['name']}, {units} unit{'s' * (units != 1)}, "
            f"an inference every {f'{interval} cycles' if interval > 1 else 'cycle'} "
            f"({result['inferences_per_second']:,.0f} a second at {result['clock_mhz']:g} MHz), "
            f"latency {result['latency']} cycles\nVerilog: {result['verilog']}"
            + "".join(f"\n{line}" for line in result["remarks"]))


def describe(out: Path, manifest: Manifest) -> dict[str, Any]:
    """What a user wants to know of a build at once."""
    from ..estimate import misfit, uses
    from ..mapping.plan import Plan

    plan = Plan.load(out / "plan.json")
    too_much = misfit(plan)
    other = (f"the plan was made for the network {plan.network}"
             if plan.network != manifest.name else None)
    assert manifest.prediction is not None
    interval = manifest.prediction.interval
    return {
        "folder": str(out), "name": manifest.name, "verilog": str(out / manifest.verilog),
        "units": len(plan.units), "device": plan.device, "clock_mhz": plan.clock_mhz,
        "interval": interval, "latency": manifest.prediction.latency,
        "inferences_per_second": plan.clock_mhz * 1e6 / interval,
        "estimate": uses(plan), "fits": too_much is None,
        "remarks": [line for line in (too_much, other) if line],
        "memory_bytes": sum(memory.bytes for memory in manifest.memory),
        "host": {"head": list(manifest.host.head), "tail": list(manifest.host.tail)},
    }
