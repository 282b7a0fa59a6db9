"""Constant matrices between streams, many in one compiled top, against exact integers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.matrices import MatrixStream
from hw.pe.constant import ConstantMatrix
from sw_model.formats import Format

from .dots import codes_of
from .emulated import emulator_of

__all__ = ["MatrixCase", "check_matrices", "vectors_of"]

class MatrixCase(NamedTuple):
    """A constant matrix and the activations it is given: codes of shape (vectors, columns)."""

    matrix: ConstantMatrix
    a: NDArray[Any]

    def expected(self) -> NDArray[np.int64]:
        spec = self.matrix.spec
        return spec.activations.to_fixed(self.a).astype(np.int64) @ spec.matrix.T


def vectors_of(form: Format, weights: NDArray[Any], rng: np.random.Generator, count: int = 100
               ) -> NDArray[np.int64]:
    """All vectors if they are no more than ``count``; else both ends of every row's range, one
    column at a time, and any others."""
    codes = codes_of(form)
    if len(codes) ** weights.shape[1] <= count:
        return np.stack(np.meshgrid(*[codes] * weights.shape[1]), axis=-1).reshape(
            -1, weights.shape[1])
    fixed = form.to_fixed(codes)
    least, most = codes[np.argmin(fixed)], codes[np.argmax(fixed)]
    ends = np.concatenate([np.where(weights > 0, most, least), np.where(weights > 0, least, most)])
    zero = codes[np.argmin(abs(fixed))]
    single = np.where(np.eye(weights.shape[1], dtype=bool), most, zero)
    return np.concatenate([ends, single, rng.choice(codes, (count, weights.shape[1]))])


def check_matrices(cases: Sequence[MatrixCase], folder: Path) -> None:
    """Emulate all cases side by side, without stalls and with them."""
    units = [MatrixStream(case.matrix) for case in cases]
    count = max(len(case.a) for case in cases)
    streams = [stream for k, unit in enumerate(units) for stream in unit.streams(f"u{k}__", str(k))]
    inputs = {f"a{k}": np.resize(case.a, (count, case.a.shape[1])) for k, case in enumerate(cases)}
    emulator = emulator_of(units, streams, folder)
    for samples, stalls in ((count, 0.0), (min(count, 300), 0.3)):
        run = emulator.run({name: codes[:samples] for name, codes in inputs.items()},
                           idle=stalls, stall=stalls, seed=1)
        for k, (case, unit) in enumerate(zip(cases, units, strict=True)):
            got = unit.products(run.outputs[f"o{k}"])[:len(case.a)]
            wanted = case.expected()[:len(got)]
            wrong = np.argwhere(got != wanted)
            assert not len(wrong), (
                f"{type(case.matrix).__name__} of {case.matrix.spec}: vector {wrong[0][0]}, "
                f"{case.a[wrong[0][0]]}, row {wrong[0][1]} gives {got[tuple(wrong[0])]}, not "
                f"{wanted[tuple(wrong[0])]}")
