"""The emulator's part of a verification: all samples, without stalls and with them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from numpy.typing import NDArray

from sw_model.faults import InputFault
from sw_model.graph import GraphError

from .certificate import RunRecord, Timing
from .compare import compare
from .emulator import Emulator, Run, SimulationFault
from .findings import Findings

__all__ = ["MODES", "emulate"]

Arrays = Mapping[str, NDArray[Any]]

#: Chances of idle inputs and stalled outputs, one run of all samples for each.
MODES = ((0.0, 0.0), (0.3, 0.3))

#: Codes of all tensors that are held at a time.
_ELEMENTS = 1 << 25

#: Samples of one run at most: a failure shows before the last sample is simulated.
_SAMPLES = 1000

#: Cycles before a fault that go into the waveform.
_BEFORE = 1000


@dataclass
class _Mode:
    """One way to run, and what came of it."""

    idle: float
    stall: float
    samples: int = 0
    cycles: int = 0
    seconds: float = 0.0
    passed: bool = True

    @property
    def name(self) -> str:
        """For people."""
        return (f"emulator, idle {self.idle}, stall {self.stall}" if self.idle or self.stall
                else "emulator")


def emulate(findings: Findings, inputs: Arrays) -> None:
    """Run ``inputs`` through the hardware and compare every tensor that can be seen.

    Stops after the first piece of the samples in which something differs.
    """
    findings.report("building the emulator")
    modes = [_Mode(*mode) for mode in MODES]
    samples = len(next(iter(inputs.values())))
    try:
        emulator = Emulator(findings.folder)
    except (SimulationFault, InputFault) as fault:
        findings.faults.append(str(fault))
        return
    elements = sum(tensor.elements for tensor in findings.core.tensors.values()
                   if tensor.value is None)
    step = max(1, min(_SAMPLES, _ELEMENTS // elements))
    for start in range(0, samples, step):
        findings.report(f"emulating {samples} samples from {start}")
        piece = {name: codes[start:start + step] for name, codes in inputs.items()}
        if not _piece(findings, emulator, modes, piece, start):
            break
    findings.runs += [
        RunRecord(engine="emulator", samples=mode.samples, idle=mode.idle, stall=mode.stall,
                  seed=findings.seed, cycles=mode.cycles, passed=mode.passed)
        for mode in modes if mode.samples or not mode.passed]
    _rates(findings, modes[0])


def _piece(findings: Findings, emulator: Emulator, modes: list[_Mode], piece: Arrays,
           start: int) -> bool:
    """Whether a piece of the samples was as expected in every mode."""
    try:
        expected = findings.core.trace(piece)
    except GraphError as error:
        findings.faults.append(f"golden model: {error}")
        return False
    size = len(next(iter(piece.values())))
    for mode in modes:
        seed = findings.seed + start
        try:
            run = emulator.run(piece, idle=mode.idle, stall=mode.stall, seed=seed,
                               progress=partial(_tell, findings, mode.name, start, size))
        except SimulationFault as fault:
            mode.passed = False
            findings.faults.append(f"{mode.name}: {fault}")
            if fault.cycle is not None:
                _waveform(findings, mode, piece, seed,
                          (max(0, fault.cycle - _BEFORE), fault.cycle + 2))
            return False
        mode.samples += run.samples
        mode.cycles += run.cycles
        mode.seconds += run.seconds
        if mode is modes[0] and start == 0:
            _timing(findings, run)
        compared = compare(findings.core, expected, {**run.outputs, **run.taps},
                           source=mode.name, first_sample=start)
        difference = findings.add(compared)
        if difference is not None:
            mode.passed = False
            local = difference.sample - start
            window = (min(int(cycles[local]) for cycles in run.accepted.values()),
                      max(int(cycles[local]) for cycles in run.delivered.values()) + 1)
            _waveform(findings, mode, piece, seed, window)
            return False
    return True


def _tell(findings: Findings, name: str, start: int, size: int, share: float) -> None:
    findings.report(f"{name}: sample {start + int(share * size)}")


def _timing(findings: Findings, run: Run) -> None:
    """Measure interval and latency; slower than promised is a fault."""
    prediction = findings.manifest.prediction
    findings.timing = Timing(
        interval=run.interval, latency=run.latency,
        predicted_interval=prediction.interval if prediction else None,
        predicted_latency=prediction.latency if prediction else None)
    if prediction and run.interval is not None and run.interval > prediction.interval:
        findings.faults.append(f"interval: {run.interval:g} cycles from sample to sample, but "
                               f"{prediction.interval} were predicted")


def _rates(findings: Findings, mode: _Mode) -> None:
    if mode.seconds:
        findings.measured["emulator_cycles_per_second"] = mode.cycles / mode.seconds
        findings.measured["emulator_inferences_per_second"] = mode.samples / mode.seconds


def _waveform(findings: Findings, mode: _Mode, piece: Arrays, seed: int,
              window: tuple[int, int]) -> None:
    """Run the same cycles again, and write those of the failing sample."""
    findings.report("writing the waveform of the failing sample")
    path = findings.folder / "failure.vcd"
    with contextlib.suppress(SimulationFault):
        Emulator(findings.folder, waves=path).run(piece, idle=mode.idle, stall=mode.stall,
                                                  seed=seed, window=window)
    if path.exists():
        findings.waveform = path.name
