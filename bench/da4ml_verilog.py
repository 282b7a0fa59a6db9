# amaranth: UnusedElaboratable=no
"""The Verilog that da4ml itself writes for a constant matrix, behind Gatemill's contract."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from amaranth import Cat, ClockSignal, Instance, Module, Shape, Signal
from amaranth.hdl import Elaboratable

from hw.pe.constant import ConstantMatrix, ConstantSpec

__all__ = ["OwnMatrix", "depth_of", "own_stages"]

NAME = "da4ml_matrix"


def depth_of(solution: Any) -> int:
    """Most levels of adders of a solution of da4ml's."""
    return int(max(solution.latency))


def own_stages(solutions: Iterable[Any], depth: int) -> Any:
    """The cheapest by da4ml's own count of those that need ``depth`` levels at most, a register
    behind each level."""
    from da4ml.trace import FixedVariable, HWConfig, comb_trace
    from da4ml.trace.pipeline import to_pipeline

    best = min((each for each in solutions if depth_of(each) <= depth),
               key=lambda each: each.cost)
    config = HWConfig(-1, -1, 1)
    inputs = [FixedVariable(*interval, hwconf=config) for interval in best.inp_qint]
    return to_pipeline(comb_trace(inputs, list(best(inputs))), 1, retiming=False, verbose=False)


class OwnMatrix(ConstantMatrix):
    """A pipeline of da4ml's, its text as it is but for an enable of the registers.

    Parameters
    ----------
    spec : ConstantSpec
    stages : Any
        Of :func:`own_stages`.
    """

    def __init__(self, spec: ConstantSpec, stages: Any) -> None:
        super().__init__(spec)
        self._stages = stages
        #: It has a register in front too.
        self.latency = len(stages.solutions) + 1

    @property
    def verilog(self) -> str:
        """Its modules, and those of da4ml's library that they are made of."""
        from da4ml.codegen import rtl
        from da4ml.codegen.rtl.verilog import pipeline_logic_gen

        modules = pipeline_logic_gen(self._stages, NAME, timescale=None)
        top = modules[NAME].replace("input clk,", "input clk, input enable,").replace(
            "always @(posedge clk) begin", "always @(posedge clk) if (enable) begin")
        assert top.count("enable") == 2
        library = Path(rtl.__file__).parent / "verilog/source"
        parts = [path.read_text(encoding="utf-8").replace("`timescale 1ns / 1ps", "")
                 for path in (library / "shift_adder.v", library / "negative.v")]
        return "\n".join([*(modules | {NAME: top}).values(), *parts])

    def elaborate(self, platform: Any) -> Elaboratable:
        from da4ml.types import minimal_kif

        m = Module()
        codes = []
        for code, interval in zip(self.a, self._stages.inp_qint, strict=True):
            signed, integer, fraction = minimal_kif(interval)
            codes.append(code[-fraction:][:signed + integer + fraction])
        shapes = [minimal_kif(interval) for interval in self._stages.out_qint]
        result = Signal(sum(map(sum, shapes)))
        m.submodules.matrix = Instance(
            NAME, i_clk=ClockSignal(), i_enable=self.enable, i_model_inp=Cat(codes),
            o_model_out=result)
        start = 0
        for o, (signed, integer, fraction) in zip(self.o, shapes, strict=True):
            width = signed + integer + fraction
            value = Signal(Shape(width, bool(signed)))
            m.d.comb += [value.eq(result[start:start + width]), o.eq(value << max(-fraction, 0))]
            start += width
        return m
