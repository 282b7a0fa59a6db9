"""Inferences a second: golden model and emulated hardware beside the frameworks themselves.

Every engine gets the same inputs in the same process, on one thread, one after the other.
Seconds are those of the processor, so that other work on the machine does not count; only
the emulator's cycles are set against cocotb's by the clock on the wall.

    python -m bench.rates [--json] [--models ad01,TFC_1W1A,TFC_2W2A,digits_qdq] [--seconds S]

The models are data beside the project: set GATEMILL_DATA, or run `gatemill fetch`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from .engines import litert, onnx_runtime, qonnx, tflite_micro
from .record import finish, in_process, model_file, tell, versions

__all__ = ["MODELS", "Model", "main", "measure"]

#: Samples that the golden model takes at once.
BATCH = 1000

Arrays = dict[str, NDArray[Any]]


class Model(NamedTuple):
    """A model file under ``models/``, its recorded inputs, and the engines that run it."""

    file: str
    reference: str
    engines: tuple[str, ...]


MODELS = {
    "ad01": Model("mlperf_tiny/ad01_int8.tflite", "mlperf_tiny/ad01_int8.ref.npz",
                  ("tflite-micro", "litert")),
    "TFC_1W1A": Model("tfc/TFC_1W1A.onnx", "tfc/TFC_1W1A.mnist100.ref.npz", ("qonnx",)),
    "TFC_2W2A": Model("tfc/TFC_2W2A.onnx", "tfc/TFC_2W2A.mnist100.ref.npz", ("qonnx",)),
    "digits_qdq": Model("onnx_qdq/digits_mlp_qdq_s8s8.onnx",
                        "onnx_qdq/digits_mlp_qdq_s8s8.ref.npz", ("onnxruntime",)),
}

ENGINES: dict[str, Callable[[Path, Arrays], Callable[[int], None]]] = {
    "tflite-micro": tflite_micro, "litert": litert, "qonnx": qonnx, "onnxruntime": onnx_runtime}


def inputs_of(name: str, reference: Path) -> NDArray[Any]:
    """A batch of the recorded inputs, repeated as often as it takes."""
    with np.load(reference) as file:
        if name == "ad01":
            keys = sorted(key for key in file.files if key.startswith("in"))
            samples = np.concatenate([file[key] for key in keys])
        elif name.startswith("TFC"):
            samples = (file["x"].astype(np.float32) / np.float32(255)).reshape(-1, 1, 28, 28)
        else:
            samples = file["x"].astype(np.float32)
    return np.resize(samples, (BATCH, *samples.shape[1:]))


def rate(run: Callable[[int], None], seconds: float) -> float:
    """Samples a second: the best of three calls that together take about ``seconds``, each
    with as many samples as fit, :data:`BATCH` at most."""
    run(1)
    count = 1
    while count < BATCH and 4 * processor(run, count) < seconds / 3:
        count = min(BATCH, 4 * count)
    return count / min(processor(run, count) for _ in range(3))


def processor(run: Callable[[int], None], count: int) -> float:
    """Processor time of ``run(count)``, in seconds."""
    start = time.process_time()
    run(count)
    return max(time.process_time() - start, 1e-9)


def run_model(name: str, seconds: float) -> dict[str, Any]:
    """All engines on one model, in this process."""
    from gen.build import BuildOptions, build_model
    from gen.frontends import import_model
    from sw_model.graph import Graph
    from sw_model.ops import RescaleMode
    from sw_model.partition import core_graph
    from verif.emulator import Emulator

    model = MODELS[name]
    path = model_file(model.file)
    batch = inputs_of(name, model_file(model.reference))
    graph = import_model(path)
    given = {graph.inputs[0]: batch}

    rates = {"golden": rate(lambda n: void(graph.run(first(given, n))), seconds)}
    # What LiteRT is measured against rounds as it does.
    beside = dict.fromkeys(model.engines, "golden")
    if "litert" in model.engines:
        rounding = RescaleMode.FLOAT64_HALF_AWAY
        beside["litert"] = f"golden, {rounding.value}"
        other = import_model(path, rounding=rounding)
        rates[beside["litert"]] = rate(lambda n: void(other.run(first(given, n))), seconds)
    for engine in model.engines:
        rates[engine] = rate(ENGINES[engine](path, given), seconds)

    with tempfile.TemporaryDirectory(prefix="gatemill-") as work:
        build = Path(work) / name
        start = time.perf_counter()
        build_model(path, build, BuildOptions())
        built = time.perf_counter()
        emulator = Emulator(build, taps=False)
        ready = time.perf_counter()
        tapped = Emulator(build)
        compiled = Graph.load(build)
        rates["golden, compiled"] = rate(lambda n: void(compiled.run(first(given, n))), seconds)
        core = core_graph(compiled)
        head = compiled.trace(given, wanted=core.inputs)
        codes = {tensor: head[tensor] for tensor in core.inputs}
        rates["emulator"] = rate(lambda n: void(emulator.run(first(codes, n))), seconds)
        samples = max(8, min(BATCH, int(seconds * rates["emulator"])))
        run = emulator.run(first(codes, samples))
        with_taps = tapped.run(first(codes, samples))
        cocotb = cocotb_rate(build)
    return {
        "model": name, "batch": BATCH,
        "inferences_per_second": {engine: round(value, 1) for engine, value in rates.items()},
        "golden_over": {engine: round(rates[beside[engine]] / rates[engine], 2)
                        for engine in model.engines},
        "emulator": {"samples": samples, "cycles": run.cycles, "interval": run.interval,
                     "cycles_per_second": round(run.cycles_per_second),
                     "cocotb_cycles_per_second": round(cocotb),
                     "over_cocotb": round(run.cycles_per_second / cocotb, 1),
                     "tapped_cycles_per_second": round(with_taps.cycles_per_second),
                     "tapped_over_cocotb": round(with_taps.cycles_per_second / cocotb, 1),
                     "build_seconds": round(built - start, 2),
                     "compile_seconds": round(ready - built, 2)},
    }


def cocotb_rate(build: Path) -> float:
    """Cycles a second of the network suite under cocotb and Verilator."""
    import verif.bench
    import verif.simulate
    from verif.streams import PERIOD
    from verif.verify import verify

    original = verif.simulate.simulate
    found: list[float] = []

    def simulate(*arguments: Any, work: Path, **options: Any) -> Any:
        results = original(*arguments, work=work, **options).require_pass()
        facts = {entry.attrib["name"]: entry.attrib["value"] for entry in
                 ElementTree.parse(next(work.glob("*.results.xml"))).iter("property")}
        # Simulated nanoseconds a second.
        found.append(float(facts["sim_time_ratio"]) / PERIOD)
        return results

    with patch.object(verif.bench, "simulate", simulate):
        verify(build, simulators=("verilator",), emulator=False)
    return found[0]


def first(arrays: Arrays, count: int) -> Arrays:
    """The first samples of every array."""
    return {name: array[:count] for name, array in arrays.items()}


def void(_: object) -> None:
    """Forget a result."""


def measure(models: Sequence[str] = tuple(MODELS), seconds: float = 2.0,
            progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Every model in a process of its own."""
    rows = []
    for name in models:
        progress(f"rates of {name}")
        rows.append(in_process("bench.rates", ["--model", name, "--seconds", str(seconds)]))
    return {"bench": "rates", "rows": rows, "versions": versions(
        "numpy", "onnx", "qonnx", "onnxruntime", "tflite-micro", "ai-edge-litert", "verilator",
        "cocotb", "amaranth")}


def lines(result: dict[str, Any]) -> list[str]:
    """The result as a table."""
    table = [f"{'model':<11} {'engine':<27} {'inferences/s':>13} {'golden is':>10}"]
    for row in result["rows"]:
        for engine, value in row["inferences_per_second"].items():
            over = row["golden_over"].get(engine)
            table.append(f"{row['model']:<11} {engine:<27} {value:>13,.0f} "
                         f"{f'{over:.1f} x' if over else '':>10}")
        emulator = row["emulator"]
        for taps, key in (("without taps", ""), ("with taps", "tapped_")):
            table.append(f"{'':<11} emulated {taps} at {emulator[f'{key}cycles_per_second']:,} "
                         f"cycles/s, {emulator[f'{key}over_cocotb']:.0f} x cocotb with taps")
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="bench.rates", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--seconds", type=float, default=2.0, help="for each engine")
    parser.add_argument("--model", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.model:
        print(json.dumps(run_model(given.model, given.seconds)))
        return 0
    chosen = given.models.split(",")
    if unknown := [name for name in chosen if name not in MODELS]:
        parser.error(f"unknown models {', '.join(unknown)}; there are {', '.join(MODELS)}")
    result = measure(chosen, given.seconds,
                     tell)
    finish(result, lines, as_json=given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
