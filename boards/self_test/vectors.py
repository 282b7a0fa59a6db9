"""What a self-test plays and expects."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw_model.faults import InputFault
from verif.core import load_core
from verif.manifest import Manifest, Stream
from verif.packing import pack
from verif.stimulus import further_samples, stored_samples

from ..beats import to_beats
from .coverage import choose, shown

__all__ = ["SAMPLES", "Vectors", "vectors_of"]

#: Samples of a self-test, unless one says otherwise.
SAMPLES = 16


#: Random samples among which it may choose beside the build folder's own: these leave parts of
#: an input at zero, and the weights behind them untested.
_RANDOM = 64

#: Bits of weights by which samples are chosen, and as many others by which the choice is judged.
_FLIPS = 400


@dataclass(frozen=True)
class Vectors:
    """Of a self-test.

    Parameters
    ----------
    samples : int
    words : mapping of str to tuple of int
        By input stream: words of all samples.
    digests : mapping of str to tuple of int
        By output stream: the CRC-32 of each sample's beats.
    coverage : float or None
        Of bits of weights, drawn at random, how many would change a digest were they wrong, by
        the golden model; None of a network without any.
    """

    samples: int
    words: Mapping[str, tuple[int, ...]]
    digests: Mapping[str, tuple[int, ...]]
    coverage: float | None


def vectors_of(folder: Path, manifest: Manifest, samples: int = SAMPLES) -> Vectors:
    """Samples of a build folder, and random ones, that show most faults of weights.

    Raises
    ------
    InputFault
        If the folder lacks its network or its samples.
    """
    if samples < 1:
        raise InputFault(f"samples must be at least 1, not {samples}")
    core = load_core(folder, manifest)
    rng = np.random.default_rng(1)
    stored = stored_samples(folder, core)
    more = further_samples(core, max(_RANDOM, samples), rng)
    inputs = {name: np.concatenate([stored[name], more[name]]) for name in core.inputs}
    chosen = choose(shown(core, inputs, _FLIPS, rng), samples)
    inputs = {name: codes[chosen] for name, codes in inputs.items()}
    outputs, _ = core.run(inputs)
    judged = shown(core, inputs, _FLIPS, rng)
    words = {each.name: tuple(_words(each, inputs[each.tensor])) for each in manifest.inputs}
    digests = {each.name: tuple(_digests(each, outputs[each.tensor]))
               for each in manifest.outputs}
    coverage = float(judged.any(axis=1).mean()) if len(judged) else None
    return Vectors(samples, words, digests, coverage)


def _words(stream: Stream, codes: NDArray[Any]) -> list[int]:
    """The words of all samples of a tensor; padding is zero."""
    packed = pack(codes, stream.number_format, lanes=stream.lanes, vector=stream.vector)
    return [int.from_bytes(word.tobytes(), "little") for word in packed]


def _digests(stream: Stream, codes: NDArray[Any]) -> list[int]:
    return [zlib.crc32(beats.astype("<u4").tobytes()) for beats in to_beats(stream, codes)]
