"""Write a build folder: Verilog, memory images, networks, plan, stimulus, manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from hw.verilog import to_verilog
from sw_model.graph import Graph, save_arrays
from verif.manifest import FILE, Host, Manifest, Memory, Model, Prediction, digest

from .design import Design
from .folder import whole_folder
from .version import gatemill_version, tool_versions

__all__ = ["VERIFY", "emit"]

#: What verification does by default, where a spec says so.
VERIFY = "verify.json"


def emit(design: Design, out: Path, *, graph: Graph, imported: Graph, host: Host,
         proof: Sequence[Mapping[str, Any]], stimulus: Mapping[str, NDArray[Any]],
         model: Model | None, simulators: Sequence[str] = ()) -> Manifest:
    """Write ``design`` to the folder ``out``, the same bytes each time.

    Parameters
    ----------
    design : Design
    out : Path
        Replaced as a whole if it is an earlier build.
    graph : Graph
        The compiled network, with host head and tail: ``graph.json`` and ``graph.npz``.
    imported : Graph
        The network as the frontend made it: ``imported/graph.*``.
    host : Host
        What runs on the host.
    proof : sequence of mapping
        One record for each layer: ``proof.json``.
    stimulus : mapping of str to array
        Codes of the integer core's inputs: ``vectors.npz``.
    model : Model or None
    simulators : sequence of str
        That verification takes by default: ``verify.json``, if there are any.

    Raises
    ------
    InputFault
        If ``out`` holds something else or cannot be written.
    """
    with whole_folder(out, mark=FILE, key="gatemill") as folder:
        (rtl := folder / "rtl").mkdir()
        verilog = rtl / f"{design.name}.v"
        verilog.write_text(to_verilog(design.component, design.name), encoding="utf-8")
        memories = []
        for image in design.memories:
            (path := rtl / image.file).write_text(image.text(), encoding="ascii")
            memories.append(Memory(
                name=image.name, file=f"rtl/{image.file}", width=image.width,
                depth=len(image.words), bytes=image.bytes, sha256=digest(path),
                layout=image.layout))
        graph.save(folder)
        (folder / "imported").mkdir()
        imported.save(folder / "imported")
        (folder / "plan.json").write_bytes(design.plan.encode())
        (folder / "proof.json").write_text(json.dumps(list(proof), indent=1) + "\n",
                                           encoding="utf-8")
        save_arrays(folder / "vectors.npz", stimulus)
        if simulators:
            (folder / VERIFY).write_text(
                json.dumps({"simulators": list(simulators)}) + "\n", encoding="utf-8")
        prediction = design.plan.prediction
        assert prediction is not None
        files = {path.relative_to(folder).as_posix(): digest(path)
                 for path in sorted(folder.rglob("*")) if path.is_file()}
        manifest = Manifest(
            name=graph.name, top=design.name, verilog=f"rtl/{design.name}.v",
            gatemill=gatemill_version(), streams=design.streams, taps=design.taps, model=model,
            prediction=Prediction(interval=prediction.interval, latency=prediction.latency),
            memory=tuple(memories), host=host, files=files,
            tools=tool_versions("amaranth", "numpy", "pyosys"))
        manifest.save(folder)
    return manifest
