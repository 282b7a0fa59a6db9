"""Words of a stream or a tap as integers, and from the bits seen back to an element."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw_model.formats import IntFormat

from .compare import Difference
from .manifest import Stream, Tap, TapTensor
from .packing import pack

__all__ = ["Expectation", "expectation"]


@dataclass(frozen=True)
class Expectation:
    """What passes a stream or a tap in a number of samples.

    Parameters
    ----------
    name : str
        Of the stream or the tap.
    lanes, width : int
        Lanes of a word, and bits of a lane.
    sequence : tuple of TapTensor
        Tensors of one sample, one after the other.
    words, masks : tuple of int
        Every word, and which of its bits count: those that are not padding.
    samples : int
    """

    name: str
    lanes: int
    width: int
    sequence: tuple[TapTensor, ...]
    words: tuple[int, ...]
    masks: tuple[int, ...]
    samples: int

    def differences(self, seen: list[str], expected: Mapping[str, NDArray[Any]],
                    ) -> dict[str, Difference]:
        """The first difference of every tensor that has one, in words given as bits.

        Layer and operation are left empty. Words that are missing or too many are no
        difference.
        """
        found: dict[str, Difference] = {}
        for number, (bits, word, mask) in enumerate(zip(seen, self.words, self.masks,
                                                        strict=False)):
            if set(bits) <= {"0", "1"} and (int(bits, 2) ^ word) & mask == 0:
                continue
            lane = self._lane(bits, word, mask)
            if lane is not None:
                sample, item, element = self._place(number, lane)
                found.setdefault(item.tensor, self._difference(
                    bits, lane, sample, item, element, expected[item.tensor]))
        return found

    def _lane(self, bits: str, word: int, mask: int) -> int | None:
        """The first lane that counts and differs."""
        for lane in range(self.lanes):
            low = lane * self.width
            if not mask >> low & 1:
                continue
            part = self._part(bits, lane)
            if not set(part) <= {"0", "1"} or int(part, 2) != word >> low & (1 << self.width) - 1:
                return lane
        return None

    def _part(self, bits: str, lane: int) -> str:
        end = len(bits) - lane * self.width
        return bits[end - self.width:end]

    def _place(self, number: int, lane: int) -> tuple[int, TapTensor, int]:
        """Sample, tensor and element of a lane of word ``number``."""
        sample, rest = divmod(number, sum(item.words(self.lanes) for item in self.sequence))
        for item in self.sequence:
            if rest < item.words(self.lanes):
                break
            rest -= item.words(self.lanes)
        vector, word = divmod(rest, item.words(self.lanes) // item.vectors)
        return sample, item, vector * item.vector + word * self.lanes + lane

    def _difference(self, bits: str, lane: int, sample: int, item: TapTensor, element: int,
                    expected: NDArray[Any]) -> Difference:
        part = self._part(bits, lane)
        seen: int | str = part
        if set(part) <= {"0", "1"}:
            signed = item.number_format.min < 0 and part[0] == "1"
            seen = int(part, 2) - (signed << self.width)
        index = tuple(int(k) for k in np.unravel_index(element, expected.shape[1:]))
        return Difference(layer="", operation="", tensor=item.tensor, sample=sample, index=index,
                          expected=int(expected[sample][index]), seen=seen)


def expectation(described: Stream | Tap, tensors: Mapping[str, NDArray[Any]],
                rng: np.random.Generator | None = None) -> Expectation:
    """What passes ``described`` for the codes in ``tensors``, shape (samples, *shape).

    ``rng`` fills the padding with noise, for words that are driven.
    """
    sequence: tuple[TapTensor, ...]
    if isinstance(described, Stream):
        name, width = described.name, described.number_format.width
        sequence = (TapTensor(tensor=described.tensor, format=described.format,
                              vector=described.vector, vectors=described.vectors),)
    else:
        name, width, sequence = described.signal, described.width, described.sequence
    samples = len(tensors[sequence[0].tensor])
    columns, masks = [], []
    for item in sequence:
        lane = IntFormat(width, signed=item.number_format.min < 0 or width == 64)
        words = pack(tensors[item.tensor], lane, lanes=described.lanes, vector=item.vector,
                     rng=rng)
        columns.append(words.reshape(samples, item.words(described.lanes), -1))
        masks += _masks(item, described.lanes, width)
    table = np.concatenate(columns, axis=1).reshape(-1, columns[0].shape[2])
    return Expectation(
        name=name, lanes=described.lanes, width=width, sequence=sequence,
        words=tuple(int.from_bytes(word.tobytes(), "little") for word in table),
        masks=tuple(masks) * samples, samples=samples)


def _masks(item: TapTensor, lanes: int, width: int) -> list[int]:
    full = (1 << lanes * width) - 1
    last = (item.vector - 1) % lanes + 1
    vector = [full] * (-(-item.vector // lanes) - 1) + [(1 << last * width) - 1]
    return vector * item.vectors
