"""``gatemill unit``: one unit of the catalogue as verified Verilog."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..cli import Json, progress, show

__all__ = ["unit"]


def unit(
    name: Annotated[str, typer.Argument(help="Unit of the catalogue; see `gatemill units`.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write.")],
    parameter: Annotated[list[str] | None, typer.Option(
        "-p", "--parameter", help="key=value, as in a spec; may be given again.")] = None,
    device: Annotated[str | None, typer.Option(help="FPGA; default ecp5-85k.")] = None,
    clock: Annotated[float | None, typer.Option(help="Clock in MHz; default 50.")] = None,
    rate: Annotated[str | None, typer.Option(
        help="Samples a second, or max (the default).")] = None,
    verify: Annotated[bool, typer.Option(help="Simulate it and write the certificate.")] = True,
    simulator: Annotated[list[str] | None, typer.Option(
        help="verilator or icarus; may be given twice. Default: verilator.")] = None,
    as_json: Json = False,
) -> int:
    """Build one unit, and prove it bit for bit."""
    from .build import describe, summary
    from .verify import known_simulators

    with progress(as_json) as report:
        from ..source import options_from
        from ..spec.build import build_request
        from ..spec.designs import unit_request
        from ..spec.document import parameters_document

        simulators = known_simulators(simulator or ["verilator"])
        request = unit_request(name, parameters_document(name, parameter or []))
        options = options_from(request.options, device=device, clock=clock, rate=rate)
        manifest = build_request(request, out, options, report)
        result = describe(out, manifest)
        text = summary(result)
        if not verify:
            show(result, text, as_json)
            return 0
        from verif.verify import verify as prove

        certificate = prove(out, simulators=simulators, progress=report)
    show({**result, "certificate": certificate.as_dict()},
         f"{text}\n{certificate.summary()}", as_json)
    return 0 if certificate.passed else 1
