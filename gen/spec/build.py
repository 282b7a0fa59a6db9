"""Build what a spec asks for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from sw_model.faults import InputFault, LayerFault
from sw_model.ops import RescaleMode
from verif.manifest import Manifest

from ..build import BuildOptions, Built, Designed, build_graph, design_graph
from ..earlier import refuse_strangers
from ..folder import whole_folder
from .designs import Request, read_spec

__all__ = ["SWEEP", "build_request", "build_spec", "design_request"]

#: What says that a folder holds the designs of a sweep.
SWEEP = "sweep.json"

Progress = Callable[[str], None]


def build_spec(path: Path, out: Path, override: Callable[[BuildOptions], BuildOptions],
               progress: Progress, rounding: RescaleMode | None = None) -> list[Built]:
    """Build the spec ``path``: one design into ``out``, a sweep into folders inside it.

    Parameters
    ----------
    path : Path
    out : Path
        Replaced as a whole if it is an earlier build.
    override : callable
        Puts the command line's options in place of the spec's.
    progress : callable
    rounding : RescaleMode, optional
        Of a TFLite model, in place of the spec's.

    Raises
    ------
    InputFault
        If the spec, its model or the folder is wrong.
    Verdict
        If rate or budget cannot be kept.
    """
    progress("reading the spec")
    spec = read_spec(path, rounding)
    if not spec.sweep:
        request = spec.requests[0]
        return [Built(out, build_request(request, out, override(request.options), progress))]
    if override(BuildOptions()).plan is not None:
        raise InputFault(f"--plan: {path} describes {len(spec.requests)} designs, and a plan is "
                         "of one")
    refuse_strangers(out, SWEEP)
    with whole_folder(out, mark=SWEEP, key="designs") as folder:
        manifests = []
        for request in spec.requests:
            progress(f"building {request.name}")
            manifests.append(build_request(request, folder / request.name,
                                           override(request.options), _quiet))
        (folder / SWEEP).write_text(_listed(spec.requests), encoding="utf-8")
    return [Built(out / request.name, manifest, sweep=True)
            for request, manifest in zip(spec.requests, manifests, strict=True)]


def _quiet(_: str) -> None:
    """Report nothing."""


def _listed(requests: Iterable[Request]) -> str:
    designs = [{"folder": request.name, "unit": request.unit} for request in requests]
    return json.dumps({"designs": designs}, indent=1) + "\n"


def build_request(request: Request, out: Path, options: BuildOptions, progress: Progress
                  ) -> Manifest:
    """Build one design into the folder ``out``; see :func:`build_spec`."""
    try:
        return build_graph(request.graph, out, options, progress, request.model)
    except LayerFault as fault:
        raise request.located(fault) from None


def design_request(request: Request, options: BuildOptions, progress: Progress) -> Designed:
    """Compile, map and assemble one design without writing anything; see :func:`build_spec`."""
    try:
        return design_graph(request.graph, options, progress)
    except LayerFault as fault:
        raise request.located(fault) from None
