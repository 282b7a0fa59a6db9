"""Arrays that multiply matrices: operands, exact results, and the cycles that they take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw.array.gemm import GemmJob, GemmSpec
from sw_model.formats import Format, covering, parse_format
from verif.emulator import Run
from verif.manifest import Stream

from .dots import codes_of
from .emulated import emulator_of
from .units import Interval, Unit

__all__ = ["KINDS", "Gemm", "check_gemms", "gemm_spec", "has_zero", "masked", "products"]

#: Every kind: activations and weights. The last eight take operands every few cycles.
KINDS = [("parallel", "int8", "int8"), ("bit_weight", "int4", "int3"), ("exact", "e2m1", "e2m1"),
         ("table", "e2m1", "int4"), ("parallel", "bipolar", "bipolar"),
         ("ternary", "int8", "ternary"), ("serial_lut", "int5", "int3"),
         ("lut", "int5", "int3"), ("packed", "int4", "int4"), ("mixed", "int8", "int4"),
         ("exact", "codebook<-1,0,0.5,2>", "bipolar"), ("lut", "bipolar", "codebook<-1,0,0.5,2>"),
         ("ternary_ecp5", "int8", "bipolar"), ("binary", "uint1", "uint1"),
         ("packed_ice40", "int8", "int8"), ("carry_save_tree", "int5", "uint4"),
         ("packed", "e2m1", "e2m1"), ("csd", "int8", "int8"), ("weight_serial", "int8", "uint2"),
         ("activation_serial", "int3", "int8"), ("booth", "int8", "int5"), ("en_t", "int8", "int6"),
         ("sparse_encoded", "int4", "int8"), ("term", "int8", "e2m1"), ("csd", "e2m1", "int4")]


@dataclass
class Gemm:
    """A component with a stream ``o`` of results, and products for it.

    Words are arrays of codes, shape (samples, words, lanes): a sample is every job once. In
    ``expected`` padding is masked.
    """

    component: Any
    inputs: dict[str, NDArray[Any]]
    expected: np.ma.MaskedArray[Any, Any]

    @property
    def job(self) -> Any:
        """The first job."""
        return self.component.spec.jobs[0]

    def format(self, name: str) -> Format:
        """Of the codes of a stream."""
        spec = self.component.spec
        return {"i": spec.activations, "o": spec.accumulator}.get(name, spec.weights)

    def unit(self, *, after: int = 0, interval: Interval | None = None,
             latency: int | None = None) -> Unit:
        """The same for :func:`tests.support.units.check_units`."""
        return Unit(self.component,
                    {name: np.concatenate(list(words)) for name, words in self.inputs.items()},
                    {"o": np.ma.concatenate(list(self.expected))}, latency=latency, after=after,
                    interval=interval, since="i", name=str(self.component.spec))


def has_zero(form: Format) -> bool:
    """Whether a code stands for zero."""
    return bool((form.to_fixed(codes_of(form)) == 0).any())


def gemm_spec(pe: str, activations: str, weights: str, rows: int, columns: int, lanes: int,
              *jobs: tuple[int, int, int]) -> GemmSpec:
    """A spec whose accumulator is as narrow as the formats allow."""
    a, w = parse_format(activations), parse_format(weights)
    ends = [int(x) * int(y) for x in (a.fixed_min, a.fixed_max) for y in (w.fixed_min, w.fixed_max)]
    most = max(inner for _, inner, _ in jobs)
    accumulator = covering(min(0, *ends) * most, max(0, *ends) * most)
    return GemmSpec(a, w, accumulator, rows, columns, lanes,
                    tuple(GemmJob(*job) for job in jobs), pe)


#: From matrices, padded along K, and their product: the words of every stream.
Order = Callable[[NDArray[Any], NDArray[Any], NDArray[Any]], dict[str, Any]]


def products(component: Any, sizes: Sequence[tuple[int, int, int]], order: Order,
             rng: np.random.Generator, *, pairs: int, samples: int = 3) -> Gemm:
    """Random matrices, those of the first sample of extremes only.

    Parameters
    ----------
    sizes : sequence of (int, int, int)
        M, K and N of every job.
    order : callable
    pairs : int
        What K is padded to a multiple of.
    """
    spec = component.spec
    words: list[dict[str, Any]] = []
    for sample in range(samples):
        parts = []
        for rows, inner, columns in sizes:
            a = _codes(spec.activations, (rows, inner), sample, rng)
            w = _codes(spec.weights, (inner, columns), sample, rng)
            fill = -inner % pairs
            parts.append(order(_padded(spec.activations, a, (0, fill), rng),
                               _padded(spec.weights, w, (fill, 0), rng),
                               spec.activations.to_fixed(a) @ spec.weights.to_fixed(w)))
        words.append({name: np.ma.concatenate([part[name] for part in parts])
                      for name in parts[0]})
    whole = {name: np.ma.stack([each[name] for each in words]) for name in words[0]}
    expected = whole.pop("o")
    return Gemm(component, {name: codes.data for name, codes in whole.items()}, expected)


def masked(values: NDArray[Any], lanes: int) -> np.ma.MaskedArray[Any, Any]:
    """Rows of at most ``lanes`` values, the rest masked."""
    wide = np.ma.masked_all((len(values), lanes), np.int64)
    wide[:, :values.shape[1]] = values
    return wide


def _codes(form: Format, shape: tuple[int, ...], sample: int, rng: np.random.Generator
           ) -> NDArray[Any]:
    codes = codes_of(form)
    if sample == 0:
        fixed = form.to_fixed(codes)
        codes = codes[[np.argmin(fixed), np.argmax(fixed)]]
    return rng.choice(codes, shape)


def _padded(form: Format, codes: NDArray[Any], more: tuple[int, int], rng: np.random.Generator
            ) -> NDArray[Any]:
    """More rows and columns: of value zero if the format has one, else of any."""
    shape = tuple(size + fill for size, fill in zip(codes.shape, more, strict=True))
    wide = rng.choice(codes_of(form), shape)
    if has_zero(form):
        wide[:] = form.from_fixed(np.zeros(1, np.int64))[0]
    wide[tuple(map(slice, codes.shape))] = codes
    return wide


def _emulated(gemms: Sequence[Gemm], folder: Path) -> Callable[..., Run]:
    """All of them side by side, as a function of ``idle`` and ``stall``."""
    streams, inputs = [], {}
    for k, gemm in enumerate(gemms):
        for name, words in (*gemm.inputs.items(), ("o", gemm.expected)):
            _, count, lanes = words.shape
            streams.append(Stream(name=f"u{k}__{name}", direction="out" if name == "o" else "in",
                                  tensor=f"{name}{k}", format=str(gemm.format(name)),
                                  lanes=lanes, vector=lanes, vectors=count))
            if name != "o":
                inputs[f"{name}{k}"] = words.reshape(len(words), -1)
    emulator = emulator_of([gemm.component for gemm in gemms], streams, folder)
    return lambda idle, stall: emulator.run(inputs, idle=idle, stall=stall, seed=1)


def check_gemms(gemms: Sequence[Gemm], folder: Path) -> None:
    """Results without stalls and with them, and the cycles of the first product and the next."""
    run = _emulated(gemms, folder)
    for idle, stall in ((0.0, 0.0), (0.4, 0.0), (0.0, 0.4), (0.3, 0.3)):
        found = run(idle, stall)
        for k, gemm in enumerate(gemms):
            outputs = found.outputs[f"o{k}"].reshape(gemm.expected.shape)
            wrong = np.argwhere((outputs != gemm.expected.data) & ~gemm.expected.mask)
            assert not wrong.size, (f"{gemm.component.spec}: sample, word and lane {wrong[0]}: "
                                    f"{outputs[tuple(wrong[0])]}, not "
                                    f"{gemm.expected.data[tuple(wrong[0])]}")
            if not idle and not stall and (
                    len(gemm.component.spec.jobs) == 1 or isinstance(gemm.job, GemmJob)):
                _check_cycles(gemm, found, k)


def _check_cycles(gemm: Gemm, found: Run, k: int) -> None:
    """From the first word taken to the last result of a single job, and from each sample's to the
    next one's."""
    starts = min(int(found.accepted[f"u{k}__{name}"][0]) for name in gemm.inputs)
    ends = found.delivered[f"u{k}__o"].astype(np.int64)
    component = gemm.component
    jobs = component.spec.jobs
    if len(jobs) == 1:
        took, wanted = int(ends[0]) - starts + 1, component.cycles(gemm.job)
        assert took == wanted, f"{component.spec}: took {took} cycles, not {wanted}"
    gaps = set(np.diff(ends).tolist())
    interval = sum(component.interval(job) for job in jobs)
    assert gaps == {interval}, f"{component.spec}: {gaps} cycles between samples, not {interval}"
