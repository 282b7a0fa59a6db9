"""A small build folder, shells round it, and its samples with the golden model's results."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from boards.beats import to_beats
from boards.shell.shells import make_shell
from sw_model.graph import Graph
from sw_model.partition import core_graph
from verif.manifest import Manifest
from verif.words import expectation

__all__ = ["cases", "shell_files"]


def shell_files(folder: Path, kind: str, out: Path, **options) -> tuple[Path, str]:
    """The Verilog of a shell and its accelerator in one file, and the top module."""
    shell = make_shell(folder, kind, clock_mhz=12, **options)
    (path := out / f"{shell.top}.v").write_text(shell.whole(folder))
    return path, shell.top


def cases(folder: Path, out: Path, samples: int, rng: np.random.Generator) -> Path:
    """A JSON file for suites: beats and words of random samples, and of what must come out."""
    manifest, core = Manifest.load(folder), core_graph(Graph.load(folder))
    inputs = {name: rng.integers(core.tensors[name].format.min, core.tensors[name].format.max + 1,
                                 (samples, *core.tensors[name].shape)) for name in core.inputs}
    outputs, _ = core.run(inputs)
    found = {}
    for each in manifest.streams:
        codes = (inputs if each.direction == "in" else outputs)[each.tensor]
        expected = expectation(each, {each.tensor: codes})
        found[each.name] = {
            "direction": each.direction, "width": each.width, "words": expected.words,
            "masks": expected.masks, "beats": to_beats(each, codes).tolist()}
    (path := out / "cases.json").write_text(json.dumps(
        {"samples": samples, "latency": manifest.prediction.latency, "streams": found}))
    return path
