"""``gatemill inspect``: what a model holds, and what of it cannot become hardware."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sw_model.faults import Unsupported

from ..cli import Json, progress, show

__all__ = ["inspect"]


def inspect(
    source: Annotated[Path, typer.Argument(help="A model file or a build folder.")],
    as_json: Json = False,
) -> int:
    """List operations, formats, multiplications, parameters and ranges; exit 2 if unsupported."""
    obstacles: list[dict[str, str]] = []
    with progress(as_json) as report:
        from ..engines import is_build, load_graph
        from ..inspection import describe
        from ..passes import PassOptions, compile_graph

        try:
            report("reading the model")
            graph = load_graph(source)
            report("compiling to integers")
            compiled = graph if is_build(source) else compile_graph(graph, PassOptions()).graph
            result = describe(graph, compiled)
        except Unsupported as fault:
            obstacles = [o._asdict() for o in fault.obstacles]
            result = {"name": source.name, "unsupported": obstacles}
    result["unsupported"] = obstacles
    show(result, text(result), as_json)
    return 2 if obstacles else 0


def text(result: dict[str, Any]) -> str:
    """The description for people."""
    lines = [f"{result['name']}"]
    for obstacle in result["unsupported"]:
        lines.append(f"  unsupported: {obstacle['node']}: {obstacle['reason']} "
                     f"({obstacle['remedy']})")
    if "layers" not in result:
        return "\n".join(lines)
    for kind in ("inputs", "outputs"):
        for tensor in result[kind]:
            lines.append(f"  {kind[:-1]} {tensor['name']}: {tensor['format']} {tensor['shape']}")
    lines.append(f"  {result['macs']:,} multiply-accumulates, {result['parameters']:,} parameters "
                 f"in {result['weight_bits'] // 8:,} bytes")
    lines.append(f"  {'node':<24}{'operation':<18}{'where':<8}{'output':<24}{'MACs':>10}  range")
    for layer in result["layers"]:
        lines.append(f"  {layer['name']:<24}{layer['operation']:<18}{layer['where']:<8}"
                     f"{layer['format'] + ' ' + str(layer['shape']):<24}{layer['macs']:>10,}  "
                     f"{layer['range'] or ''}".rstrip())
    return "\n".join(lines)
