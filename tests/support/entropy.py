"""Huffman decoders' payloads, and entropy decoders side by side in one emulator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.entropy import Case, spec_of
from sw_model.formats.entropy_coded import EntropyCodedBF16
from tests.support.emulated import emulator_of
from verif.emulator import Run

__all__ = ["emulated", "header_words", "symbol_words"]


def header_words(tensor: EntropyCodedBF16) -> list[int]:
    """Payloads of the stream ``headers``."""
    return spec_of(tensor).headers(tensor.chunk_words, tensor.counts)


def symbol_words(tensor: EntropyCodedBF16, symbols: NDArray[Any]) -> list[int]:
    """Payloads of the stream ``o`` of a Huffman decoder: symbol, last of chunk, of tensor."""
    ends = np.cumsum(tensor.counts) - 1
    last = np.isin(np.arange(len(symbols)), ends)
    tag = np.arange(len(symbols)) > (ends[-2] if len(ends) > 1 else -1)
    return [int(word) for word in symbols | last << 8 | tag << 9]


def emulated(cases: Sequence[Case], folder: Path, *, quick: bool = True
             ) -> Callable[..., Run]:
    """The run of every case side by side in the emulator; case ``k`` has the prefix ``u<k>__``.

    Takes the settings of :meth:`Emulator.run`. Equal components are compiled once.
    """
    streams = [stream for k, case in enumerate(cases) for stream in case.streams(f"u{k}__")]
    inputs = {name: bits for k, case in enumerate(cases)
              for name, bits in case.inputs(f"u{k}__").items()}
    emulator = emulator_of([case.component for case in cases], streams, folder, quick=quick)
    return partial(emulator.run, inputs)
