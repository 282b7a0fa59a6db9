"""What a self-test plays and expects."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from sw_model.faults import InputFault
from sw_model.graph import Graph, GraphError
from sw_model.partition import core_graph
from verif.manifest import Manifest, Stream
from verif.packing import pack
from verif.stimulus import stored_samples

from ..beats import to_beats

__all__ = ["SAMPLES", "Vectors", "vectors_of"]

#: Samples of a self-test, unless one says otherwise.
SAMPLES = 16


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
    """

    samples: int
    words: Mapping[str, tuple[int, ...]]
    digests: Mapping[str, tuple[int, ...]]


def vectors_of(folder: Path, manifest: Manifest, samples: int = SAMPLES) -> Vectors:
    """The first samples of a build folder, with the golden model's results.

    Raises
    ------
    InputFault
        If the folder lacks its network or its samples, or has fewer.
    """
    if samples < 1:
        raise InputFault(f"samples must be at least 1, not {samples}")
    try:
        core = core_graph(Graph.load(folder))
    except OSError as error:
        raise InputFault(f"{error.filename}: cannot be read ({error.strerror})") from error
    except GraphError as error:
        raise InputFault(str(error)) from error
    stored = stored_samples(folder, core)
    there = min(len(codes) for codes in stored.values())
    if there < samples:
        raise InputFault(f"{folder}: holds {there} samples, fewer than the {samples} of the "
                         "self-test")
    inputs = {name: codes[:samples] for name, codes in stored.items()}
    outputs, _ = core.run(inputs)
    words = {each.name: tuple(_words(each, inputs[each.tensor])) for each in manifest.inputs}
    digests = {each.name: tuple(_digests(each, outputs[each.tensor]))
               for each in manifest.outputs}
    return Vectors(samples, words, digests)


def _words(stream: Stream, codes: NDArray[Any]) -> list[int]:
    """The words of all samples of a tensor; padding is zero."""
    packed = pack(codes, stream.number_format, lanes=stream.lanes, vector=stream.vector)
    return [int.from_bytes(word.tobytes(), "little") for word in packed]


def _digests(stream: Stream, codes: NDArray[Any]) -> list[int]:
    return [zlib.crc32(beats.astype("<u4").tobytes()) for beats in to_beats(stream, codes)]
