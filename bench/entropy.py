# amaranth: UnusedElaboratable=no
"""Entropy-coded tensors as words of a decoder's streams, and a decoder in the emulator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.hdl import Shape
from numpy.typing import NDArray

from hw.codec.entropy_coded import EntropyDecoder
from hw.codec.huffman import header_of
from hw.verilog import to_verilog
from sw_model.formats import IntFormat
from sw_model.formats.entropy_coded import EntropyCodedBF16
from sw_model.specs.huffman import HuffmanSpec
from sw_model.tables import pack_words
from verif.emulator import Emulator, Run
from verif.manifest import Manifest, Stream

__all__ = ["Case", "emulated", "first_chunks", "outputs_of", "spec_of"]


def spec_of(tensor: EntropyCodedBF16) -> HuffmanSpec:
    """The decoder that fits one tensor."""
    return HuffmanSpec(code=tensor.code, chunk=tensor.chunk, chunk_words=max(tensor.chunk_words))


def first_chunks(tensor: EntropyCodedBF16, chunks: int) -> EntropyCodedBF16:
    """The beginning of a tensor, fewer chunks than it has, with the code of the whole."""
    return replace(tensor, offsets=tensor.offsets[:chunks],
                   words=tensor.words[:4 * tensor.offsets[chunks]],
                   sign_mantissa=tensor.sign_mantissa[:chunks * tensor.chunk])


@dataclass
class Case:
    """Tensors that come one after the other, their bit patterns, and a decoder for them.

    All have the same code and chunks; without a ``spec`` it is that of the largest chunk.
    """

    tensors: Sequence[EntropyCodedBF16]
    patterns: Sequence[NDArray[Any]]
    ways: int
    spec: HuffmanSpec = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.spec is None:
            self.spec = max(map(spec_of, self.tensors), key=lambda spec: spec.chunk_words)

    @property
    def component(self) -> EntropyDecoder:
        """A new decoder."""
        return EntropyDecoder(self.spec, self.ways)

    @property
    def stimulus(self) -> dict[str, list[int]]:
        """Payloads of every input stream."""
        lanes = [self._lanes(np.frombuffer(t.sign_mantissa, np.uint8)) for t in self.tensors]
        return {
            "headers": [word for t in self.tensors
                        for word in self.spec.headers(t.chunk_words, t.counts)],
            "words": [int(word) for t in self.tensors for word in t.word_array],
            "rest": [word for table in lanes for word in pack_words(table, 8)]}

    @property
    def expected(self) -> list[int]:
        """Payloads of the stream ``o``."""
        words = [pack_words(self._lanes(patterns), 16) for patterns in self.patterns]
        return [word | (k == len(table) - 1) << 16 * self.ways
                for table in words for k, word in enumerate(table)]

    def streams(self, prefix: str) -> list[Stream]:
        """The streams, all words of all tensors as one sample of single bits."""
        stimulus = self.stimulus
        bits = {"headers": Shape.cast(header_of(self.spec)).width, "words": 32,
                "rest": 8 * self.ways, "o": 16 * self.ways + 1}
        count = {name: len(words) for name, words in stimulus.items()} | {"o": len(self.expected)}
        return [Stream(name=f"{prefix}{name}", direction="out" if name == "o" else "in",
                       tensor=f"{prefix}{name}", format=str(IntFormat(1, signed=False)),
                       lanes=width, vector=count[name] * width)
                for name, width in bits.items()]

    def inputs(self, prefix: str) -> dict[str, NDArray[np.int64]]:
        """What goes into the streams, as single bits."""
        stimulus = self.stimulus
        return {stream.name: _bits(stimulus[stream.name.removeprefix(prefix)], stream.lanes)[None]
                for stream in self.streams(prefix) if stream.direction == "in"}

    def _lanes(self, values: NDArray[Any]) -> NDArray[Any]:
        return np.pad(values, (0, -len(values) % self.ways)).reshape(-1, self.ways)


def emulated(case: Case, folder: Path) -> Callable[..., Run]:
    """The run of a decoder in the emulator; takes the settings of :meth:`Emulator.run`.

    Parameters
    ----------
    case : Case
    folder : Path
        New; becomes a build folder without a network.
    """
    (folder / "rtl").mkdir(parents=True)
    (folder / "rtl/decoder.v").write_text(to_verilog(case.component, "decoder"), encoding="utf-8")
    Manifest(name="decoder", top="decoder", verilog="rtl/decoder.v", gatemill="bench",
             streams=tuple(case.streams(""))).save(folder)
    return partial(Emulator(folder, taps=False).run, case.inputs(""))


def outputs_of(run: Run, ways: int, prefix: str = "") -> list[int]:
    """Payloads that the decoder of this prefix gave."""
    bits = run.outputs[f"{prefix}o"].reshape(-1, 16 * ways + 1).astype(np.uint8)
    octets = np.packbits(bits, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in octets]


def _bits(words: Sequence[int], width: int) -> NDArray[np.int64]:
    """Payloads as single bits, the lowest first."""
    size = -(-width // 8)
    octets = np.frombuffer(b"".join(word.to_bytes(size, "little") for word in words), np.uint8)
    bits = np.unpackbits(octets.reshape(-1, size), axis=1, count=width, bitorder="little")
    return bits.ravel().astype(np.int64)
