"""Codes of tensors as the beats that registers carry, and back: the host's side."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from verif.manifest import Stream
from verif.packing import pack, storage, unpack

__all__ = ["from_beats", "to_beats"]

#: Bits of a beat.
_BEAT = 32


def to_beats(stream: Stream, codes: NDArray[Any]) -> NDArray[np.uint32]:
    """Beats of whole samples: as many words as fit share one, the first lowest.

    Parameters
    ----------
    stream : Stream
        Of the manifest.
    codes : array
        Of its tensor, shape (samples, *shape).

    Returns
    -------
    array, shape (samples, beats)
        A sample starts on a beat of its own; a word of more than 32 bits takes several, its low
        bits first. What is no word is zero.
    """
    words = pack(codes, stream.number_format, lanes=stream.lanes, vector=stream.vector)
    samples = len(words) // stream.words
    if stream.width > _BEAT:
        wide = np.zeros((len(words), 4 * -(-stream.width // _BEAT)), np.uint8)
        wide[:, :words.shape[1]] = words
        return wide.view("<u4").reshape(samples, -1)
    each, numbers = _BEAT // stream.width, _numbers(words).reshape(samples, -1)
    padded = np.zeros((samples, -(-stream.words // each), each), np.uint64)
    padded.reshape(samples, -1)[:, :stream.words] = numbers
    shifts = np.arange(each, dtype=np.uint64) * np.uint64(stream.width)
    return (padded << shifts).sum(axis=2, dtype=np.uint64).astype(np.uint32)


def from_beats(stream: Stream, beats: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Codes of samples, the inverse of :func:`to_beats`: shape (samples, vectors * vector)."""
    samples = len(beats)
    size = storage(stream.width)
    if stream.width > _BEAT:
        raw = np.ascontiguousarray(beats, "<u4").view(np.uint8)
        words = np.ascontiguousarray(raw.reshape(samples * stream.words, -1)[:, :size])
    else:
        each = _BEAT // stream.width
        shifts = np.arange(each, dtype=np.uint64) * np.uint64(stream.width)
        mask = np.uint64((1 << stream.width) - 1)
        numbers = (beats.astype(np.uint64)[:, :, None] >> shifts & mask).reshape(samples, -1)
        numbers = np.ascontiguousarray(numbers[:, :stream.words].reshape(-1, 1).astype("<u8"))
        words = np.ascontiguousarray(numbers.view(np.uint8)[:, :size])
    codes = unpack(words, stream.number_format, lanes=stream.lanes, vector=stream.vector)
    return codes.reshape(samples, stream.vectors * stream.vector)


def _numbers(words: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Words of at most 8 bytes as integers."""
    wide = np.zeros((len(words), 8), np.uint8)
    wide[:, :words.shape[1]] = words
    return wide.view("<u8").reshape(-1)
