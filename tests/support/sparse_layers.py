"""Sparse layers: operands and exact results from plain matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw.array.sparse import SparseJob, SparseLayer, SparseLayerSpec
from sw_model.formats import Format, IntFormat, covering, parse_format
from sw_model.formats.sparse import SparseFormat, parse_sparse_format
from sw_model.tables import pack_fields, unpack_words, vectors_to_words

from .dots import codes_of
from .gemm import Gemm, masked
from .units import Interval, Unit

__all__ = ["SparseProducts", "draw", "sparse_matrix", "sparse_products", "sparse_spec",
           "weight_words"]

#: Biases are at most so large.
BIAS = 500


class SparseProducts(Gemm):
    """The same for a sparse layer; a lane of ``weights`` is a block."""

    def format(self, name: str) -> Format:
        spec = self.component.spec
        if name == "weights":
            return IntFormat(sum(_widths(spec.weights)), signed=False)
        return spec.bias if name == "bias" else super().format(name)

    def measured(self) -> Unit:
        """The same with its latency and, of a single job, its interval."""
        spec, layer = self.component.spec, self.component
        unit = self.unit(after=spec.column_words(self.job) - 1, latency=layer.latency)
        width, words = self.format("weights").width, unit.stimulus["weights"]
        return replace(
            unit, name=f"{type(layer).__name__} {spec}",
            stimulus={**unit.stimulus, "weights": pack_fields([words], [width])},
            interval=(Interval(layer.interval(0), spec.row_folds(self.job), "o")
                      if len(spec.jobs) == 1 else None))


def sparse_spec(activations: str, weights: str, jobs: Sequence[SparseJob], rows: int, blocks: int,
                *, bias: bool = True, pe: str = "parallel") -> SparseLayerSpec:
    """A spec whose accumulator is as narrow as the formats allow."""
    a, form = parse_format(activations), parse_sparse_format(weights)
    ends = [int(x) * int(y) for x in (a.fixed_min, a.fixed_max)
            for y in (form.element.fixed_min, form.element.fixed_max)]
    most = max(job.cols for job in jobs)
    accumulator = covering(min(ends) * most - BIAS, max(ends) * most + BIAS)
    return SparseLayerSpec(a, form, accumulator, IntFormat(10) if bias else None, rows, blocks,
                           tuple(jobs), pe, (accumulator.min, accumulator.max))


def sparse_products(spec: SparseLayerSpec, rng: np.random.Generator, *, samples: int = 3
                    ) -> SparseProducts:
    """Random matrices, those of the first sample of extremes only."""
    words: list[dict[str, Any]] = []
    for sample in range(samples):
        parts = [part for job in spec.jobs for part in _job_words(spec, job, rng, sample == 0)]
        words.append({name: np.ma.concatenate([part[name] for part in parts])
                      for name in parts[0]})
    whole = {name: np.ma.stack([each[name] for each in words]) for name in words[0]}
    expected = whole.pop("o")
    return SparseProducts(SparseLayer(spec), {name: codes.data for name, codes in whole.items()},
                          expected)


def _job_words(spec: SparseLayerSpec, job: SparseJob, rng: np.random.Generator, extremes: bool
               ) -> list[dict[str, Any]]:
    """The words of every stream for each vector of a job."""
    a, form, rows = spec.activations, spec.weights, spec.rows
    matrix = (draw(form.element, (job.rows, job.cols), rng, extremes) if job.dense
              else sparse_matrix(form, job.rows, job.cols, rng, extremes=extremes))
    bias = rng.integers(-BIAS, BIAS + 1, job.rows) * (spec.bias is not None)
    weights = weight_words(spec, job, matrix, rng)
    parts = []
    for _ in range(job.vectors):
        # Activations past the matrix may be anything.
        lanes = spec.column_words(job) * spec.blocks * form.of
        x = draw(a, (lanes,), rng, extremes)
        result = form.element.to_fixed(matrix) @ a.to_fixed(x[:job.cols]) + bias
        o = np.ma.concatenate([masked(result[None, top:top + rows], rows)
                               for top in range(0, job.rows, rows)])
        part = {"i": x.reshape(-1, spec.blocks * form.of), "weights": weights, "o": o}
        parts.append(part if spec.bias is None else
                     part | {"bias": vectors_to_words(bias[None], rows)})
    return parts


def sparse_matrix(form: SparseFormat, rows: int, cols: int, rng: np.random.Generator, *,
                  extremes: bool = False) -> NDArray[Any]:
    """Codes of which each block has at most N that are not zero, most of them as many."""
    wide = draw(form.element, (rows, -(-cols // form.of), form.of), rng, extremes)
    order = rng.random(wide.shape).argsort(axis=-1)
    wide[order >= form.keep] = form.zero
    return wide.reshape(rows, -1)[:, :cols]


def weight_words(spec: SparseLayerSpec, job: SparseJob, matrix: NDArray[Any],
                 rng: np.random.Generator) -> NDArray[np.int64]:
    """Blocks of a matrix in the order of use, (steps, rows * blocks); its padding is zero."""
    form, rows, blocks = spec.weights, spec.rows, spec.blocks
    folds, words = spec.row_folds(job), spec.column_words(job)
    full = np.full((folds * rows, words * blocks * form.of), form.zero)
    full[:matrix.shape[0], :matrix.shape[1]] = matrix
    if not job.dense:
        fields = form.compress(full)
        values, places = (fields[name].reshape(folds, rows, words, 1, blocks, form.keep)
                          for name in ("values", "places"))
    else:
        turns = spec.turns(job)
        wide = np.full((folds, rows, words, blocks, turns * form.keep), form.zero)
        wide[..., :form.of] = full.reshape(folds, rows, words, blocks, form.of)
        values = wide.reshape(folds, rows, words, blocks, turns, form.keep).swapaxes(3, 4)
        places = rng.integers(0, 1 << form.place_width, values.shape)
    lanes = [lane.reshape(-1, 1) for each in (values, places)
             for lane in np.moveaxis(each.transpose(0, 2, 3, 1, 4, 5), -1, 0)]
    widths = _widths(form)
    flat = pack_fields(lanes, widths)
    return unpack_words(flat, sum(widths), 1).reshape(-1, rows * blocks)


def _widths(form: SparseFormat) -> list[int]:
    """Bits of the fields of a block, values and then places."""
    return [form.element.width] * form.keep + [form.place_width] * form.keep


def draw(form: Format, shape: tuple[int, ...], rng: np.random.Generator, extremes: bool
          ) -> NDArray[Any]:
    """Any codes that are numbers, or the least and the greatest of them."""
    codes = codes_of(form)
    if extremes:
        fixed = form.to_fixed(codes)
        codes = codes[[np.argmin(fixed), np.argmax(fixed)]]
    return rng.choice(codes, shape)
