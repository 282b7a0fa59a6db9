"""Inputs to verify with: the folder's own, the extremes of every format, and random ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw_model.arrays import load_arrays
from sw_model.faults import InputFault
from sw_model.graph import Graph
from sw_model.node import Tensor

from .manifest import Stream

__all__ = ["FURTHER", "check_samples", "further_samples", "stored_samples"]

#: Samples that are added to the folder's own at least: the extremes and as many random ones.
FURTHER = 12


def check_samples(streams: Sequence[Stream], inputs: Mapping[str, NDArray[Any]]) -> int:
    """How many samples ``inputs`` hold, of codes by tensor, shape (samples, *shape).

    Raises
    ------
    ValueError
        If inputs are missing, unknown, out of range, of a wrong shape, or differ in number.
    """
    wanted = {stream.tensor: stream for stream in streams}
    if set(inputs) != set(wanted):
        raise ValueError(f"inputs must be {', '.join(sorted(wanted))}, "
                         f"not {', '.join(sorted(inputs)) or 'none'}")
    for name, stream in wanted.items():
        array, size = inputs[name], stream.vector * stream.vectors
        stream.number_format.check(f"input {name!r}", array)
        if array.ndim < 2 or array.size != len(array) * size:
            raise ValueError(f"input {name!r} has shape {array.shape}, but a sample has "
                             f"{size} elements")
    counts = {len(array) for array in inputs.values()}
    if len(counts) != 1 or not min(counts):
        raise ValueError(f"inputs must have one number of samples, not {sorted(counts)}")
    return counts.pop()


def stored_samples(folder: Path, core: Graph) -> dict[str, NDArray[Any]]:
    """The stimulus in ``vectors.npz``: codes by input of ``core``, shape (samples, *shape).

    Raises
    ------
    InputFault
        If the file is missing or broken, or does not fit the network.
    """
    path = folder / "vectors.npz"
    try:
        arrays = load_arrays(path)
    except OSError as error:
        raise InputFault(f"{path}: cannot be read ({error.strerror or error})") from error
    except ValueError as error:
        raise InputFault(f"{path}: {error}") from error
    if set(arrays) != set(core.inputs):
        raise InputFault(f"{path}: holds {', '.join(sorted(arrays)) or 'nothing'}, but the "
                         f"hardware takes {', '.join(core.inputs)}")
    for name, codes in arrays.items():
        tensor = core.tensors[name]
        if codes.ndim < 1 or not tensor.accepts(codes.shape[1:]):
            raise InputFault(f"{path}: {name!r} has shape {codes.shape}, but a sample of it has "
                             f"{tensor.shape}")
        try:
            tensor.format.check(f"{name!r}", codes)
        except (TypeError, ValueError) as error:
            raise InputFault(f"{path}: {error}") from error
    if len({len(codes) for codes in arrays.values()}) > 1:
        raise InputFault(f"{path}: inputs have different numbers of samples")
    return arrays


def further_samples(core: Graph, samples: int, rng: np.random.Generator,
                    ) -> Mapping[str, NDArray[Any]]:
    """At least :data:`FURTHER` samples: all least codes, all greatest, both in turn, either
    at random, and the rest random over the whole format."""
    count = max(samples, FURTHER)
    return {name: _further(core.tensors[name], count, rng) for name in core.inputs}


def _further(tensor: Tensor, count: int, rng: np.random.Generator) -> NDArray[Any]:
    form = tensor.format
    codes = rng.integers(form.min, form.max, (count, tensor.elements), endpoint=True)
    ends = np.array([form.min, form.max])
    turn = np.arange(tensor.elements) % 2
    codes[0], codes[1], codes[2], codes[3] = ends[0], ends[1], ends[turn], ends[1 - turn]
    codes[4:6] = ends[rng.integers(0, 2, (2, tensor.elements))]
    shape = [d if isinstance(d, int) else d.maximum for d in tensor.shape]
    return codes.reshape(count, *shape).astype(form.dtype)
