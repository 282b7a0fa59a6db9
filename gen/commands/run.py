"""``gatemill run``: outputs for given inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sw_model.faults import InputFault

from ..cli import Json, progress, show, warn_of_changes

__all__ = ["run"]


def run(
    source: Annotated[Path, typer.Argument(help="A build folder or a model file.")],
    inputs: Annotated[Path, typer.Option(help="Inputs, one array for each, as .npz.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Outputs to write, as .npz.")],
    engine: Annotated[str, typer.Option(help="golden, rtl or board.")] = "golden",
    port: Annotated[str | None, typer.Option(
        help="Serial port of the board; sim: the board is simulated.")] = None,
    baud: Annotated[int | None, typer.Option(
        min=1, help="Bits a second; default: as the bitstream has it.")] = None,
    dequantise: Annotated[bool, typer.Option(
        "--dequantise", help="Reals instead of integer codes.")] = False,
    rounding: Annotated[str | None, typer.Option(help="Rounding of a TFLite model.")] = None,
    as_json: Json = False,
) -> None:
    """Run a network: on a model the framework's own arithmetic, on a build the compiled one."""
    if engine not in ("golden", "rtl", "board"):
        raise InputFault(f"--engine: unknown engine {engine!r}; there are golden, rtl and board")
    if (engine == "board") != (port is not None):
        raise InputFault("--port: goes with --engine board, which needs it: a serial port such as "
                         "/dev/ttyUSB1, or sim")
    from .. import engines

    if engine != "golden" and not engines.is_build(source):
        raise InputFault(f"{source}: --engine {engine} needs a build folder; "
                         "make one with `gatemill build`")
    changed = warn_of_changes(source, "rtl/", "graph.") if engines.is_build(source) else []
    with progress(as_json) as report:
        from ..source import rounding_mode

        report("reading the network")
        graph = engines.load_graph(source, rounding_mode(rounding))
        arrays = engines.read_inputs(inputs, graph)
        report("running")
        if engine == "rtl":
            values = engines.run_rtl(source, graph, arrays)
        elif port is not None:
            from ..on_board import run_board

            values = run_board(source, graph, arrays, port, baud=baud,
                               progress=lambda share: report(f"running, {share:.0%}"))
        else:
            values = engines.run_golden(graph, arrays)
        types = None if dequantise else engines.code_types(source, graph)
        outputs = engines.results(graph, values, dequantise=dequantise, types=types)
        engines.write_outputs(out, outputs)
    samples = len(next(iter(arrays.values()))) if arrays else 0
    result = {"outputs": {name: list(array.shape) for name, array in outputs.items()},
              "samples": samples, "engine": engine, "file": str(out), "changed": changed}
    show(result, f"{out}: {samples} samples, {', '.join(outputs)}", as_json)
