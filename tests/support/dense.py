"""Dense layers as units under test: streams and expected words from plain matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hw.array.dense import DenseJob, DenseLayer, DenseSpec
from sw_model.formats import BipolarFormat, Format, IntFormat, covering
from sw_model.ops import accumulator_range

from .dots import codes_of
from .gemm import has_zero
from .units import Interval, Unit, padded

__all__ = ["dense_unit"]


def dense_unit(rng: np.random.Generator, activations: Format, weights: Format,
               jobs: Sequence[DenseJob], rows: int, lanes: int, *, bias: bool,
               samples: int = 3, name: str = "", pe: str = "parallel") -> Unit:
    """A dense layer with random matrices, inputs that include the extremes, exact results."""
    matrices = [rng.choice(codes_of(weights), (job.rows, job.cols)) for job in jobs]
    inputs = codes_of(activations)
    extremes = inputs[[np.argmin(activations.to_fixed(inputs)),
                       np.argmax(activations.to_fixed(inputs))]]
    offsets = [rng.integers(-900, 901, job.rows) if bias else np.zeros(job.rows, np.int64)
               for job in jobs]
    accumulator = _accumulator(activations, weights, matrices, offsets)
    pads = [-job.cols % lanes for job in jobs]
    both = isinstance(weights, BipolarFormat) and isinstance(activations, BipolarFormat)
    needs_bias = bias or (both and any(pads))
    spec = DenseSpec(activations, weights, accumulator,
                     IntFormat(12) if needs_bias else None, rows, lanes, tuple(jobs), pe,
                     (accumulator.min, accumulator.max))
    words: dict[str, list[np.ma.MaskedArray]] = {"i": [], "weights": [], "bias": [], "o": []}
    for sample in range(samples):
        for job, matrix, offset, pad in zip(jobs, matrices, offsets, pads, strict=True):
            for _ in range(job.vectors):
                x = rng.choice(inputs, job.cols)
                if sample < 2:
                    x[:] = extremes[sample]
                result = weights.to_fixed(matrix) @ activations.to_fixed(x) + offset
                words["i"].append(padded(x[None], lanes))
                words["o"].append(padded(result[None], rows))
                words["weights"].append(_tiles(matrix, rows, lanes, weights))
                words["bias"].append(np.pad(offset - both * pad, (0, -job.rows % rows)
                                            ).reshape(-1, rows))
    packed = {key: np.ma.concatenate(value) for key, value in words.items()}
    # The payload of the weights is an array of arrays: as integers.
    width, codes = weights.width, packed["weights"].astype(object) & ((1 << weights.width) - 1)
    stimulus = {"i": packed["i"],
                "weights": [int(sum(int(c) << k * width for k, c in enumerate(word)))
                            for word in codes]}
    if needs_bias:
        stimulus["bias"] = packed["bias"]
    component = DenseLayer(spec)
    folds = spec.row_folds(jobs[0])
    steady = Interval(component.interval(0), folds, "o") if len(jobs) == 1 else None
    return Unit(component, stimulus, {"o": packed["o"]}, latency=component.latency,
                after=spec.column_words(jobs[0]) - 1, interval=steady,
                since="i", name=name or f"{pe} {activations}x{weights} {rows}x{lanes} {jobs}")


def _accumulator(activations: Format, weights: Format, matrices: Sequence[np.ndarray],
                 offsets: Sequence[np.ndarray]) -> IntFormat:
    """Narrowest format for every result, as the compiler would choose it."""
    ranges = [accumulator_range(weights.to_fixed(matrix), activations.fixed_min,
                                activations.fixed_max, offset)
              for matrix, offset in zip(matrices, offsets, strict=True)]
    return covering(min(min(low) for low, _ in ranges), max(max(high) for _, high in ranges))


def _tiles(matrix: np.ndarray, rows: int, lanes: int, weights: Format) -> np.ndarray:
    """Codes in the order of use, padding of value zero, or +1 where there is no zero."""
    fill = weights.from_fixed(np.zeros(1, np.int64))[0] if has_zero(weights) else 1
    full = np.pad(matrix, ((0, -matrix.shape[0] % rows), (0, -matrix.shape[1] % lanes)),
                  constant_values=fill)
    tiles = full.reshape(full.shape[0] // rows, rows, full.shape[1] // lanes, lanes)
    return tiles.transpose(0, 2, 1, 3).reshape(-1, rows * lanes)
