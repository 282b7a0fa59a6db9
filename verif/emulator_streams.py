"""The border between NumPy and the emulator's loop: shared structures, streams as buffers."""

from __future__ import annotations

import ctypes
import enum
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .manifest import Stream, Tap
from .packing import pack, storage, unpack

__all__ = ["Buffer", "Job", "PARTS", "Role", "SharedStream", "Status", "load_native",
           "stream_tensor", "tap_tensors"]

#: What the names of a stream's signals end in.
PARTS = ("payload", "valid", "ready")


class Role(enum.IntEnum):
    """What the loop does with a stream."""

    SOURCE = 0
    SINK = 1
    TAP = 2


class Status(enum.IntEnum):
    """How a call of the loop came back."""

    DONE = 0
    MORE = 1
    STUCK = 2
    FAULT = 3
    BUG = 4


class SharedStream(ctypes.Structure):
    """``gm_stream`` of harness.h, which explains the fields."""

    _fields_ = (
        ("scope", ctypes.c_char_p), ("payload", ctypes.c_char_p), ("valid", ctypes.c_char_p),
        ("ready", ctypes.c_char_p), ("role", ctypes.c_uint32), ("pause", ctypes.c_uint32),
        ("bits", ctypes.c_uint64), ("stride", ctypes.c_uint64), ("words", ctypes.c_void_p),
        ("capacity", ctypes.c_uint64), ("per_sample", ctypes.c_uint64),
        ("stamps", ctypes.c_void_p), ("moved", ctypes.c_uint64), ("surplus", ctypes.c_uint64),
        ("is_valid", ctypes.c_uint32), ("is_ready", ctypes.c_uint32))


class Job(ctypes.Structure):
    """``gm_job`` of harness.h, which explains the fields."""

    _fields_ = (
        ("clock", ctypes.c_char_p), ("reset", ctypes.c_char_p), ("seed", ctypes.c_uint64),
        ("deadline", ctypes.c_uint64), ("drain", ctypes.c_uint64),
        ("trace_from", ctypes.c_uint64), ("trace_to", ctypes.c_uint64),
        ("cycle", ctypes.c_uint64), ("progress", ctypes.c_uint64))


class Buffer:
    """The words of one stream during a run, and how far the loop has come with them.

    Parameters
    ----------
    described : Stream or Tap
    words : array, shape (samples * words of a sample, bytes of a word)
    shared : SharedStream
        With names, role and bits filled in.
    samples : int
    """

    def __init__(self, described: Stream | Tap, words: NDArray[np.uint8], shared: SharedStream,
                 samples: int) -> None:
        self.described = described
        self.words = words
        self.stamps = np.zeros(samples, np.uint64)
        self.shared = shared
        shared.words, shared.stride = words.ctypes.data, words.shape[1]
        shared.capacity, shared.per_sample = len(words), described.words
        shared.stamps = None if shared.role == Role.TAP else self.stamps.ctypes.data

    @classmethod
    def of_source(cls, stream: Stream, codes: NDArray[Any], *, idle: float,
                  rng: np.random.Generator) -> Buffer:
        """Samples to send; ``rng`` fills the padding lanes."""
        words = pack(codes, stream.number_format, lanes=stream.lanes, vector=stream.vector,
                     rng=rng)
        return cls(stream, np.ascontiguousarray(words), _port(stream, Role.SOURCE, idle),
                   len(codes))

    @classmethod
    def of_sink(cls, stream: Stream, samples: int, *, stall: float) -> Buffer:
        """Room for samples to come."""
        words = np.zeros((samples * stream.words, storage(stream.width)), np.uint8)
        return cls(stream, words, _port(stream, Role.SINK, stall), samples)

    @classmethod
    def of_tap(cls, tap: Tap, top: str, samples: int) -> Buffer:
        """Room for what passes inside module ``top``."""
        words = np.zeros((samples * tap.words, storage(tap.lanes * tap.width)), np.uint8)
        names = {part: f"{tap.signal}_{part}".encode() for part in PARTS}
        shared = SharedStream(scope=top.encode(), role=Role.TAP, bits=tap.lanes * tap.width,
                              **names)
        return cls(tap, words, shared, samples)

    @property
    def name(self) -> str:
        """Of the stream or the tap."""
        return self.described.name if isinstance(self.described, Stream) else self.described.signal

    @property
    def complete(self) -> bool:
        """Whether every word has moved."""
        return bool(self.shared.moved == self.shared.capacity)

    def state(self) -> str:
        """Where it stands, for people."""
        shared = self.shared
        done = "sent" if shared.role == Role.SOURCE else "seen"
        waits = {(True, False): "a word is offered and not taken",
                 (False, True): "ready, but no word is offered",
                 (False, False): "neither valid nor ready", (True, True): "moving"}
        return (f"{self.name} {done} {shared.moved} of {shared.capacity} words (in sample "
                f"{shared.moved // shared.per_sample}: "
                f"{waits[bool(shared.is_valid), bool(shared.is_ready)]})")


def stream_tensor(buffer: Buffer, shapes: Mapping[str, tuple[int, ...]],
                  ) -> tuple[str, NDArray[Any]]:
    """Name and codes, shape (samples, *shape), of what a port has brought."""
    stream = buffer.described
    assert isinstance(stream, Stream)
    form = stream.number_format
    codes = unpack(buffer.words, form, lanes=stream.lanes, vector=stream.vector)
    return stream.tensor, _shaped(codes, stream.vectors, shapes.get(stream.tensor)).astype(
        form.dtype)


def tap_tensors(buffer: Buffer, shapes: Mapping[str, tuple[int, ...]],
                ) -> Iterator[tuple[str, NDArray[Any]]]:
    """Names and codes, shape (samples, *shape), of what has passed a tap.

    int64 instead of the format's type if a lane was not extended as it should be.
    """
    tap = buffer.described
    assert isinstance(tap, Tap)
    words = buffer.words.reshape(-1, tap.words, buffer.words.shape[1])
    start = 0
    for item in tap.sequence:
        mine = words[:, start:start + item.words(tap.lanes)]
        start += item.words(tap.lanes)
        form = item.number_format
        codes = unpack(np.ascontiguousarray(mine).reshape(-1, words.shape[2]), form,
                       lanes=tap.lanes, vector=item.vector, width=tap.width)
        if form.min <= int(codes.min()) and int(codes.max()) <= form.max:
            codes = codes.astype(form.dtype)
        yield item.tensor, _shaped(codes, item.vectors, shapes.get(item.tensor))


def load_native(path: Path) -> ctypes.CDLL:
    """The library at ``path`` with the types of its functions.

    Raises
    ------
    RuntimeError
        If its structures are not those of this module.
    """
    native = ctypes.CDLL(str(path))
    native.gm_layout.restype = ctypes.c_uint64
    if native.gm_layout() != ctypes.sizeof(SharedStream) << 32 | ctypes.sizeof(Job):
        raise RuntimeError(f"{path}: structures of another layout than those of this program")
    text, size, handle = ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p
    native.gm_open.argtypes = (ctypes.POINTER(handle), text, size)
    native.gm_close.argtypes = (handle,)
    native.gm_close.restype = None
    native.gm_start.argtypes = (handle, ctypes.POINTER(Job), ctypes.POINTER(SharedStream), size,
                                text, text, size)
    native.gm_advance.argtypes = (handle, ctypes.c_uint64, text, size)
    return native


def _port(stream: Stream, role: Role, pause: float) -> SharedStream:
    names = {part: f"{stream.name}__{part}".encode() for part in PARTS}
    return SharedStream(scope=b"TOP", role=role, pause=int(pause * 2**32), bits=stream.width,
                        **names)


def _shaped(codes: NDArray[Any], vectors: int, shape: tuple[int, ...] | None) -> NDArray[Any]:
    if shape is None:
        shape = (vectors, codes.shape[1]) if vectors > 1 else (codes.shape[1],)
    return codes.reshape(-1, *shape)
