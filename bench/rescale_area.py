"""Area of the rescale units on ECP5 without DSP blocks: the compiler's form and the framework's.

``python -m bench.rescale_area`` prints JSON: for each case the area (LUT4 + 2 per CCU2C) of one
lane of the multiply-add-shift form, of the framework's form in full (32-bit accumulator,
31-bit multiplier, two roundings) and of the same trimmed to the layer's accumulator, and the
ratios. Cases are the ten layers of ad01_int8 with their constants built in, three of them
with run-time parameters, and one unit for all ten.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amaranth.lib import wiring

from boards.yosys import Options, synthesise, version
from hw.rescale.framework import FrameworkRescale
from hw.rescale.multiply_add_shift import MultiplyAddShift
from hw.verilog import to_verilog
from sw_model.formats import IntFormat, covering
from sw_model.specs import FrameworkRescaleSpec, MultiplyAddShiftSpec

from .record import save

__all__ = ["LAYERS", "Layer", "cases", "lines", "measure", "save"]

TARGET = IntFormat(8)


@dataclass(frozen=True)
class Layer:
    """A layer of ad01_int8: TFLite's rescale, and the smallest form that equals it."""

    name: str
    accumulator: int
    multiplier: int
    exponent: int
    zero_point: int
    factor: int
    shift: int
    offsets: tuple[int, ...]


LAYERS = (
    Layer("dense", 22, 1638001719, -39, -128, 1599611, 29, (-68449990812,)),
    Layer("dense_1", 19, 1442659867, -36, -128, 88053, 22, (-534708436,)),
    Layer("dense_2", 18, 1185020333, -33, -128, 565, 12, (-521649,)),
    Layer("dense_3", 18, 1439819856, -35, -128, 10985, 18, (-33415302,)),
    Layer("dense_4", 19, 1085889731, -37, -128, 1060439, 27, (-17111706489,)),
    Layer("dense_5", 17, 1442237646, -36, -128, 352109, 24, (-2138834083,)),
    Layer("dense_6", 19, 1315670656, -36, -128, 642417, 25, (-4277662990,)),
    Layer("dense_7", 20, 1994356874, -37, -128, 486903, 25, (-4277919927,)),
    Layer("dense_8", 20, 1105921578, -37, -128, 1080001, 27, (-17111704050,)),
    Layer("dense_9", 21, 1462485049, -40, 96, 5712833, 32, (414468432217, 414460215505)),
)

#: Layers whose units are also measured with run-time parameters.
RUN_TIME = ("dense", "dense_7", "dense_9")


def area(component: wiring.Component, *, fast: bool = False) -> float:
    """Area of ``component`` on ECP5, all of it in look-up tables and carry chains."""
    with tempfile.TemporaryDirectory(prefix="gatemill-") as folder:
        verilog = Path(folder) / "unit.v"
        verilog.write_text(to_verilog(component, "unit"), encoding="utf-8")
        options = Options(dsp=False, flatten=True, fast=fast)
        return synthesise(verilog, "unit", "ecp5", options=options).total.area


def compiled_spec(layers: tuple[Layer, ...]) -> tuple[MultiplyAddShiftSpec, list[Any]]:
    """A multiply-add-shift unit that serves ``layers``, and each one's ``(M, B)``.

    Multipliers are doubled, with their offsets and shifts, while they stay as narrow as the
    widest: that leaves the fewest run-time shifts.
    """
    most = max(layer.factor for layer in layers).bit_length()
    signs = max(len(layer.offsets) for layer in layers)
    rows = []
    for layer in layers:
        spare = most - layer.factor.bit_length()
        offsets = (*layer.offsets, *layer.offsets[-1:])[:signs]
        rows.append((layer.factor << spare, tuple(b << spare for b in offsets),
                     layer.shift + spare))
    shift = min(row[2] for row in rows)
    every = [b for _, offsets, _ in rows for b in offsets]
    spec = MultiplyAddShiftSpec(
        source=IntFormat(max(layer.accumulator for layer in layers)), target=TARGET,
        shift=shift, low=-128, high=127,
        multiplier=covering(min(m for m, _, _ in rows), max(m for m, _, _ in rows)),
        offset=covering(min(every), max(every)), signs=signs,
        extra_shift=max(row[2] for row in rows) - shift)
    operand = spec.operand_for([m for m, _, _ in rows], [b for _, b, _ in rows],
                               [s - shift for _, _, s in rows])
    return MultiplyAddShiftSpec(**{**vars(spec), "operand": operand}), [row[:2] for row in rows]


def framework_spec(layers: tuple[Layer, ...], *, full: bool) -> FrameworkRescaleSpec:
    """TFLite's own form for ``layers``."""
    exponents = [layer.exponent for layer in layers]
    zeros = {layer.zero_point for layer in layers}
    width = 32 if full else max(layer.accumulator for layer in layers)
    return FrameworkRescaleSpec(
        source=IntFormat(width), target=TARGET, mode="tflite_double",
        zero_point=zeros.pop() if len(zeros) == 1 else None, low=-128, high=127,
        multiplier=IntFormat(31, signed=False), exponent_low=min(exponents),
        exponent_high=max(exponents))


def measure_constants(layer: Layer) -> dict[str, float]:
    """Areas with the layer's constants built in."""
    spec, ((factor, offsets),) = compiled_spec((layer,))
    own = (layer.multiplier, layer.exponent)
    return {
        "multiply_add_shift": area(MultiplyAddShift(spec, 1, (factor, offsets))),
        "full": area(FrameworkRescale(framework_spec((layer,), full=True), 1, own)),
        "trimmed": area(FrameworkRescale(framework_spec((layer,), full=False), 1, own))}


def measure_run_time(layers: tuple[Layer, ...], kind: str) -> dict[str, float]:
    """Areas with parameters that arrive with the data; products by ``kind``."""
    fast = kind == "inferred"
    spec, _ = compiled_spec(layers)
    return {
        "multiply_add_shift": area(MultiplyAddShift(spec, 1, multiplier=kind), fast=fast),
        "full": area(FrameworkRescale(framework_spec(layers, full=True), 1, multiplier=kind),
                     fast=fast),
        "trimmed": area(FrameworkRescale(framework_spec(layers, full=False), 1,
                                         multiplier=kind), fast=fast)}


def _case(name: str, areas: dict[str, float]) -> dict[str, Any]:
    ours = areas["multiply_add_shift"]
    return {"case": name, **areas, "ratio_full": round(ours / areas["full"], 3),
            "ratio_trimmed": round(ours / areas["trimmed"], 3)}


def measure(progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Every case, with the tool's version."""
    rows = []
    for row in cases():
        progress(f"rescale area: {row['case']}")
        rows.append(row)
    return {"bench": "rescale_area", "area": "LUT4 + 2 per CCU2C, one lane", "rows": rows,
            "versions": {"yosys": version()}}


def lines(result: dict[str, Any]) -> list[str]:
    """The result as a table."""
    table = [f"{'rescale on ECP5, no DSP blocks':<36} {'area':>6} {'of full':>8} "
             f"{'of trimmed':>11}"]
    return table + [f"{row['case']:<36} {row['multiply_add_shift']:>6g} {row['ratio_full']:>8.2f} "
                    f"{row['ratio_trimmed']:>11.2f}" for row in result["rows"]]


def cases() -> Iterator[dict[str, Any]]:
    """Every case in turn."""
    total = dict.fromkeys(("multiply_add_shift", "full", "trimmed"), 0.0)
    for layer in LAYERS:
        areas = measure_constants(layer)
        total = {form: total[form] + areas[form] for form in total}
        yield _case(f"constants {layer.name}", areas)
    yield _case("constants, ten units", total)
    for kind in ("fabric", "inferred"):
        for layer in LAYERS:
            if layer.name in RUN_TIME:
                yield _case(f"run time, {kind}, {layer.name}", measure_run_time((layer,), kind))
        yield _case(f"run time, {kind}, one unit for all", measure_run_time(LAYERS, kind))


def main() -> None:
    """Print one JSON object; progress goes to standard error."""
    result = measure(lambda text: print(text, file=sys.stderr, flush=True))
    save("rescale_area", result)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
