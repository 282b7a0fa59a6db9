"""Requests and responses in frames, as bytes on a line: the host's side.

A frame stands between flags (RFC 1662, section 4), with the CRC-32 of its content behind it:
sequence number, operation or status, register index or words done, bytes of the payload, payload.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

__all__ = ["MOST_WORDS", "FrameReader", "Operation", "Request", "Response", "Status"]

#: Words that a frame may carry, or ask for.
MOST_WORDS = 61

_FLAG, _ESCAPE, _CHANGE = 0x7E, 0x7D, 0x20

#: Sequence number, operation or status, index or words done, bytes of the payload.
_HEADER = struct.Struct("<BBHH")

#: Longest content of a frame, with its CRC; what is longer is noise.
_LONGEST = _HEADER.size + 4 * MOST_WORDS + 4


class Operation(IntEnum):
    """What a request asks for."""

    READ = 0
    WRITE = 1
    WRITE_EACH = 2
    READ_EACH = 3


class Status(IntEnum):
    """How a request ended."""

    DONE = 0
    FAILED = 1
    MALFORMED = 2


@dataclass(frozen=True)
class Request:
    """Accesses to one register (READ, WRITE) or to registers that follow each other (the others).

    Parameters
    ----------
    operation : Operation
    index : int
        Of the first register, 0 to 65,535.
    words : tuple of int
        What is written, each of 32 bits; none for a read.
    count : int
        Words that are read; 0 for a write.

    Raises
    ------
    ValueError
        If it does not fit a frame.
    """

    operation: Operation
    index: int
    words: tuple[int, ...] = ()
    count: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.index < 1 << 16:
            raise ValueError(f"index must be 0 to 65535, not {self.index}")
        if not 0 <= self.size <= MOST_WORDS:
            raise ValueError(f"a frame has 0 to {MOST_WORDS} words, not {self.size}")
        if (self.words and self.reads) or (self.count and not self.reads):
            raise ValueError(f"{self.operation.name} must have "
                             f"{'a count' if self.reads else 'words'} alone")
        if wrong := [word for word in self.words if not 0 <= word < 1 << 32]:
            raise ValueError(f"a word must have 32 bits, not be {wrong[0]}")

    @property
    def reads(self) -> bool:
        """Whether it is a read."""
        return self.operation in (Operation.READ, Operation.READ_EACH)

    @property
    def size(self) -> int:
        """Words that it moves."""
        return self.count if self.reads else len(self.words)

    def encode(self, sequence: int) -> bytes:
        """The bytes for the line, flags at both ends.

        >>> Request(Operation.READ, 3, count=1).encode(0x7E).hex(" ")
        '7e 7d 5e 00 03 00 04 00 01 00 00 00 cd ff a8 a6 7e'
        """
        words = (self.count,) if self.reads else self.words
        header = _HEADER.pack(sequence, self.operation, self.index, 4 * len(words))
        return _framed(header + struct.pack(f"<{len(words)}I", *words))


@dataclass(frozen=True)
class Response:
    """What came of a request.

    Parameters
    ----------
    sequence : int
        Of the request.
    status : Status
    done : int
        Words that were moved before it ended.
    words : tuple of int
        Those that were read.
    """

    sequence: int
    status: Status
    done: int
    words: tuple[int, ...] = ()

    def encode(self) -> bytes:
        """The bytes for the line, as a device sends them."""
        header = _HEADER.pack(self.sequence, self.status, self.done, 4 * len(self.words))
        return _framed(header + struct.pack(f"<{len(self.words)}I", *self.words))

    @staticmethod
    def decode(content: bytes) -> Response | None:
        """Of a frame's content; None if it is no response."""
        if len(content) < _HEADER.size:
            return None
        sequence, status, done, length = _HEADER.unpack_from(content)
        payload = content[_HEADER.size:]
        if status > max(Status) or length != len(payload) or length % 4 \
                or length not in (0, 4 * done):
            return None
        return Response(sequence, Status(status), done,
                        struct.unpack(f"<{length // 4}I", payload))


class FrameReader:
    """Finds the responses in what a line brings, piece by piece."""

    def __init__(self) -> None:
        self._frame, self._inside, self._escaped = bytearray(), False, False

    def feed(self, data: bytes) -> Iterator[Response | None]:
        """Every frame that ends in ``data``; None for one that is broken. Empty ones are not
        seen."""
        for byte in data:
            if byte == _FLAG:
                if self._inside:
                    yield self._response()
                self._frame.clear()
                self._inside = self._escaped = False
                continue
            self._inside = True
            if byte == _ESCAPE and not self._escaped:
                self._escaped = True
            else:
                if len(self._frame) <= _LONGEST:
                    self._frame.append(byte ^ _CHANGE if self._escaped else byte)
                self._escaped = False

    def _response(self) -> Response | None:
        content, crc = bytes(self._frame[:-4]), bytes(self._frame[-4:])
        if self._escaped or len(self._frame) > _LONGEST or _crc(content) != crc:
            return None
        return Response.decode(content)


def _crc(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(4, "little")


def _framed(content: bytes) -> bytes:
    line = bytearray([_FLAG])
    for byte in content + _crc(content):
        line += bytes((_ESCAPE, byte ^ _CHANGE)) if byte in (_FLAG, _ESCAPE) else bytes((byte,))
    line.append(_FLAG)
    return bytes(line)
