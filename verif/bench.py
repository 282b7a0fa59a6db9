"""The cocotb suite's part of a verification: few samples, random stalls, a reset on the way."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from sw_model.graph import GraphError, save_arrays

from .certificate import RunRecord
from .compare import Difference, network_order
from .findings import Findings
from .simulate import BuildError, Results, simulate

__all__ = ["Bench"]

Arrays = Mapping[str, NDArray[Any]]

#: Chances of idle inputs and stalled outputs.
IDLE, STALL = 0.3, 0.3

#: Samples, as far as they fit into so many cycles: a simulator with Python in its loop is slow.
SAMPLES, CYCLES = 4, 20_000

#: Cycles before the reset in mid-stream at most.
INTERRUPT = 2000

#: Without a prediction, cycles after which a run has failed.
PATIENCE = 100_000


@dataclass(frozen=True)
class Bench:
    """The suite in one simulator; its findings go into ``findings``."""

    findings: Findings
    simulator: str

    def run(self, inputs: Arrays) -> None:
        """Simulate a few samples of ``inputs`` and compare every word."""
        findings, seed = self.findings, self.findings.seed
        findings.report(f"simulating with cocotb and {self.simulator}")
        chosen = self._choose(len(next(iter(inputs.values()))))
        samples = {name: codes[chosen] for name, codes in inputs.items()}
        with tempfile.TemporaryDirectory(prefix="gatemill-") as name:
            work = Path(name)
            passed = self._simulate(samples, chosen, work)
        findings.runs.append(RunRecord(engine=f"cocotb, {self.simulator}", samples=len(chosen),
                                       idle=IDLE, stall=STALL, seed=seed, passed=passed))

    def _choose(self, samples: int) -> list[int]:
        """The last sample, which is random, and the folder's first ones."""
        prediction = self.findings.manifest.prediction
        fitting = CYCLES // prediction.interval if prediction else SAMPLES
        count = min(samples, SAMPLES, max(1, fitting))
        return [samples - 1, *range(count - 1)]

    def _simulate(self, samples: Arrays, chosen: list[int], work: Path) -> bool:
        findings = self.findings
        try:
            expected = findings.core.trace(samples)
        except GraphError as error:
            findings.faults.append(f"golden model: {error}")
            return False
        order = network_order(findings.core)
        save_arrays(work / "vectors.npz", {name: expected[name] for name in order})
        task = work / "task.json"
        task.write_text(json.dumps(self._task(work, len(chosen))), encoding="utf-8")
        try:
            results = self._run_suite(work, task, waves=False)
        except BuildError as error:
            said = str(error).splitlines()
            errors = [line.strip() for line in said if "error" in line.lower()] or said[-1:]
            findings.faults.append(f"{self.simulator} refuses {findings.manifest.verilog}: "
                                   f"{errors[0]}")
            return False
        if results.passed:
            return True
        self._explain(results, work / "report.json", chosen, order)
        if findings.waveform is None:
            self._keep_waveform(work, task)
        return False

    def _task(self, work: Path, samples: int) -> dict[str, Any]:
        prediction = self.findings.manifest.prediction
        deadline = PATIENCE
        most = INTERRUPT
        if prediction is not None:
            slower = 4 / ((1 - IDLE) * (1 - STALL))
            cycles = samples * prediction.interval + prediction.latency
            deadline = 2000 + round(slower * cycles)
            most = min(most, 2 * (prediction.interval + prediction.latency))
        rng = np.random.default_rng(self.findings.seed)
        return {"folder": str(self.findings.folder.absolute()),
                "vectors": str(work / "vectors.npz"), "report": str(work / "report.json"),
                "idle": IDLE, "stall": STALL, "interrupt": int(rng.integers(1, most + 1)),
                "deadline": deadline}

    def _run_suite(self, work: Path, task: Path, *, waves: bool) -> Results:
        manifest, folder = self.findings.manifest, self.findings.folder
        verilog = folder / manifest.verilog
        return simulate([verilog], manifest.top, "verif.suites.network",
                        simulator=self.simulator, work=work / f"waves{waves:d}",
                        seed=self.findings.seed, env={"GATEMILL_NETWORK": str(task)},
                        cwd=verilog.parent, waves=waves)

    def _explain(self, results: Results, report: Path, chosen: list[int],
                 order: Mapping[str, tuple[str, str]]) -> None:
        """The difference that the suite reported, or what else it says."""
        findings = self.findings
        said = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
        if "difference" not in said:
            reasons = [said["fault"]] if "fault" in said else list(results.failures.values())
            findings.faults += [f"cocotb, {self.simulator}: {' '.join(reason.split())}"
                                for reason in reasons]
            return
        found = msgspec.convert(said["difference"], Difference)
        layer, operation = order[found.tensor]
        if findings.difference is None:
            findings.difference = msgspec.structs.replace(
                found, layer=layer, operation=operation, sample=chosen[found.sample],
                source=f"cocotb, {self.simulator}, idle {IDLE}, stall {STALL}")

    def _keep_waveform(self, work: Path, task: Path) -> None:
        """Run the same again with a waveform."""
        self.findings.report("writing the waveform of the failing run")
        results = self._run_suite(work, task, waves=True)
        if results.waves is not None:
            target = self.findings.folder / f"failure{results.waves.suffix}"
            shutil.copyfile(results.waves, target)
            self.findings.waveform = target.name
