# amaranth: UnusedElaboratable=no
"""Chains between streams, and layers on them: operands and exact results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from amaranth import Module
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from hw.array.chain import ChainSpec, DspChain
from hw.array.chain_layer import ChainJob, ChainLayer, ChainLayerSpec
from hw.streams.pipeline import stalling_pipeline
from sw_model.formats import Format, IntFormat, covering, parse_format
from sw_model.tables import pack_fields
from verif.manifest import Stream

from .emulated import emulator_of
from .gemm import Gemm
from .sparse_layers import draw, sparse_matrix
from .units import Interval, Unit

__all__ = ["ChainCase", "ChainProducts", "chain_of", "chain_products", "check_chains",
           "weight_codes"]


class ChainStream(wiring.Component):
    """A chain between streams.

    Members
    -------
    a, w, ends : ``In(stream.Signature(as DspChain has it))``
    o : ``Out(stream.Signature(as DspChain has it))``
    """

    def __init__(self, spec: ChainSpec) -> None:
        self._chain = DspChain(spec)
        members = self._chain.signature.members
        super().__init__({name: In(stream.Signature(members[name].shape))
                          for name in ("a", "w", "ends")}
                         | {"o": Out(stream.Signature(members["o"].shape))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.chain = chain = self._chain
        enable = stalling_pipeline(m, (self.a, self.w, self.ends), self.o, depth=chain.latency)
        m.d.comb += [chain.enable.eq(enable), chain.a.eq(self.a.payload),
                     chain.w.eq(self.w.payload), chain.ends.eq(self.ends.payload),
                     self.o.payload.eq(chain.o)]
        return m


@dataclass
class ChainCase:
    """A chain and its operands: codes ``a`` (count, vectors, M) and ``w`` (count, length), places
    and ends (count, nodes)."""

    spec: ChainSpec
    a: NDArray[Any]
    w: NDArray[Any]
    places: NDArray[Any]
    ends: NDArray[Any]

    def expected(self) -> NDArray[np.int64]:
        """Sums since the last end behind every group, (count, nodes, vectors)."""
        spec = self.spec
        a = spec.activations.to_fixed(np.take_along_axis(self.a, self.places[:, None], axis=2))
        products = a * spec.weights.to_fixed(self.w)[:, None]
        groups = products.reshape(len(self.a), spec.vectors, spec.nodes, spec.group).sum(axis=3)
        sums = np.zeros((len(self.a), spec.nodes, spec.vectors), np.int64)
        since = np.zeros((len(self.a), spec.vectors), np.int64)
        for node in range(spec.nodes):
            since = since + groups[:, :, node]
            sums[:, node] = since
            since = since * (1 - self.ends[:, node, None])
        return sums


def check_chains(cases: Sequence[ChainCase], folder: Path) -> None:
    """Emulate all cases side by side, without stalls and with them."""
    units = [ChainStream(case.spec) for case in cases]
    count = max(len(case.a) for case in cases)
    streams, inputs = [], {}
    for k, (unit, case) in enumerate(zip(units, cases, strict=True)):
        spec, result = case.spec, unit.o.payload[0][0]
        weights = weight_codes(spec, case.w, case.places)
        ends = pack_fields([case.ends.astype(int)], [1])
        for name, form, codes in (("a", spec.activations, case.a.reshape(len(case.a), -1)),
                                  ("w", _weight_format(spec), weights),
                                  ("ends", IntFormat(spec.nodes, signed=False),
                                   np.array(ends)[:, None])):
            streams.append(Stream(name=f"u{k}__{name}", direction="in", tensor=f"{name}{k}",
                                  format=str(form), lanes=codes.shape[1], vector=codes.shape[1]))
            inputs[f"{name}{k}"] = np.resize(codes, (count, codes.shape[1]))
        form = IntFormat(len(result), signed=result.shape().signed)
        lanes = spec.nodes * spec.vectors
        streams.append(Stream(name=f"u{k}__o", direction="out", tensor=f"o{k}", format=str(form),
                              lanes=lanes, vector=lanes))
    emulator = emulator_of(units, streams, folder)
    for samples, stalls in ((count, 0.0), (min(count, 300), 0.3)):
        run = emulator.run({name: codes[:samples] for name, codes in inputs.items()},
                           idle=stalls, stall=stalls, seed=1)
        for k, case in enumerate(cases):
            wanted = case.expected()[:samples]
            found = run.outputs[f"o{k}"][:len(wanted)].reshape(wanted.shape)
            wrong = np.argwhere(found != wanted)
            assert not wrong.size, (f"{case.spec}: operands, node and vector {wrong[0]}: "
                                    f"{found[tuple(wrong[0])]}, not {wanted[tuple(wrong[0])]}")


def weight_codes(spec: ChainSpec, values: NDArray[Any], places: NDArray[Any]) -> NDArray[np.int64]:
    """Values and places of weights, of the same shape, as bits."""
    return spec.weights.to_bits(values).astype(np.int64) | places << spec.weights.width


def _weight_format(spec: ChainSpec) -> IntFormat:
    return IntFormat(spec.weights.width + (spec.of - 1).bit_length(), signed=False)


class ChainProducts(Gemm):
    """The same for a layer on a chain."""

    def format(self, name: str) -> Format:
        spec = self.component.spec
        if name == "weights":
            return _weight_format(spec.chain)
        return spec.accumulator if name == "o" else spec.chain.activations

    def measured(self) -> Unit:
        """The same with its latency and, of a single job, its interval."""
        spec, layer = self.component.spec, self.component
        unit = self.unit(after=spec.column_words(self.job) - 1, latency=layer.latency)
        if len(spec.jobs) > 1:
            return unit
        return replace(unit, interval=Interval(layer.interval(0), spec.row_folds(self.job), "o"))


def chain_products(chain: ChainSpec, jobs: Sequence[ChainJob], rng: np.random.Generator, *,
                   samples: int = 3) -> ChainProducts:
    """Random matrices, those of the first sample of extremes only."""
    most = max(job.cols for job in jobs)
    spec = ChainLayerSpec(chain, covering(*(end * most for end in chain.product)), tuple(jobs))
    words = []
    for sample in range(samples):
        parts = [_job_words(spec, job, rng, sample == 0) for job in jobs]
        words.append({name: np.ma.concatenate([part[name] for part in parts])
                      for name in parts[0]})
    whole = {name: np.ma.stack([each[name] for each in words]) for name in words[0]}
    expected = whole.pop("o")
    return ChainProducts(ChainLayer(spec), {name: codes.data for name, codes in whole.items()},
                         expected)


def _job_words(spec: ChainLayerSpec, job: ChainJob, rng: np.random.Generator, extremes: bool
               ) -> dict[str, Any]:
    """The words of every stream for all vectors of a job."""
    chain, words, times = spec.chain, spec.column_words(job), spec.vector_words(job)
    matrix = sparse_matrix(spec.sparse(job), job.rows, job.cols, rng, extremes=extremes)
    # Vectors and columns that are not there may be anything.
    x = draw(chain.activations, (times, chain.vectors, words * chain.of), rng, extremes)
    result = chain.weights.to_fixed(matrix) @ chain.activations.to_fixed(
        x[..., :job.cols]).swapaxes(1, 2)
    most, rows = max(map(spec.rows, spec.jobs)), spec.rows(job)
    o = np.ma.masked_all((times, spec.row_folds(job), chain.vectors, most), np.int64)
    for fold in range(spec.row_folds(job)):
        part = result[:, fold * rows:(fold + 1) * rows]
        for each in range(times):
            there = min(chain.vectors, job.vectors - each * chain.vectors)
            o[each, fold, :there, :part.shape[1]] = part[each, :, :there].T
    i = x.reshape(times, chain.vectors, words, chain.of).swapaxes(1, 2)
    return {"i": i.reshape(times * words, -1),
            "weights": np.tile(_weight_words(spec, job, matrix, rng), (times, 1)),
            "o": o.reshape(-1, chain.vectors * most)}


def _weight_words(spec: ChainLayerSpec, job: ChainJob, matrix: NDArray[Any],
                  rng: np.random.Generator) -> NDArray[np.int64]:
    """A matrix in the order of use, (steps, length)."""
    chain, form, rows = spec.chain, spec.sparse(job), spec.rows(job)
    folds, words, turns = spec.row_folds(job), spec.column_words(job), spec.turns(job)
    full = np.full((folds * rows, words * chain.of), form.zero)
    full[:job.rows, :job.cols] = matrix
    fields = form.compress(full)
    slots = spec.groups(job) * chain.group
    shape = (folds, rows, words, turns * slots)
    values, places = np.full(shape, form.zero), rng.integers(0, chain.of, shape)
    for wide, name in ((values, "values"), (places, "places")):
        wide[..., :job.keep] = fields[name].reshape(folds, rows, words, job.keep)
    codes = weight_codes(chain, values, places).reshape(folds, rows, words, turns, slots)
    steps = codes.transpose(0, 2, 3, 1, 4).reshape(-1, rows * slots)
    # Groups that no row has may hold anything.
    noise = weight_codes(chain, draw(chain.weights, (len(steps), chain.length), rng, False),
                         rng.integers(0, chain.of, (len(steps), chain.length)))
    noise[:, :rows * slots] = steps
    return noise


def chain_of(a: str, w: str, *sizes: int, **more: Any) -> ChainSpec:
    """A spec with formats by name."""
    return ChainSpec(parse_format(a), parse_format(w), *sizes, **more)
