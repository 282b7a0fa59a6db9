"""A device that answers frames, in Python: what hardware and host are held to."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

__all__ = ["FrameDevice", "content_of", "line_of", "request_of"]

FLAG, ESCAPE = 0x7E, 0x7D

#: Reads or writes a register, given its index, whether to write, and what: the word read, or
#: None where that fails.
Access = Callable[[int, bool, int], int | None]


def line_of(content: bytes) -> bytes:
    """A frame between flags, its CRC behind the content."""
    whole = content + zlib.crc32(content).to_bytes(4, "little")
    return b"\x7e" + whole.replace(b"\x7d", b"\x7d\x5d").replace(b"\x7e", b"\x7d\x5e") + b"\x7e"


def request_of(sequence: int, operation: int, index: int, payload: bytes,
               length: int | None = None) -> bytes:
    """The content of a request; ``length`` is what its header says, if not the truth."""
    return struct.pack("<BBHH", sequence, operation, index,
                       len(payload) if length is None else length) + payload


def content_of(line: bytes) -> list[bytes]:
    """The contents of frames whose CRC is right, without it."""
    found = []
    for piece in line.split(b"\x7e"):
        whole = piece.replace(b"\x7d\x5e", b"\x7e").replace(b"\x7d\x5d", b"\x7d")
        if len(whole) >= 4 and zlib.crc32(whole[:-4]).to_bytes(4, "little") == whole[-4:]:
            found.append(whole[:-4])
    return found


class FrameDevice:
    """Answers what a line brings, one request at a time.

    Parameters
    ----------
    access : callable
    address_width : int
        Bits of an index; a higher one fails.

    Members
    -------
    bad : int
        Frames that were dropped.
    executed : int
        Requests that were carried out, or found malformed.
    """

    def __init__(self, access: Access, address_width: int) -> None:
        self._access, self._width = access, address_width
        self.bad = self.executed = 0
        self.reset()

    def reset(self) -> None:
        """Forget the frame that came in part, and the last response."""
        self._frame, self._escaped, self._spoilt = bytearray(), False, False
        self._inside = False
        self._last: tuple[int, bytes] | None = None

    def feed(self, line: bytes) -> bytes:
        """What is answered to ``line``; what stands in it behind a request comes too early."""
        answer = b""
        for byte in line:
            if byte == FLAG:
                if self._inside:
                    answer += self._ended(busy=bool(answer))
                self._frame, self._spoilt = bytearray(), False
                self._inside = self._escaped = False
                continue
            self._inside = True
            self._spoilt |= bool(answer)
            if byte == ESCAPE and not self._escaped:
                self._escaped = True
            else:
                self._frame.append(byte ^ 0x20 if self._escaped else byte)
                self._escaped = False
        return answer

    def _ended(self, *, busy: bool) -> bytes:
        """The answer to the frame that ends, or none."""
        content, crc = bytes(self._frame[:-4]), bytes(self._frame[-4:])
        good = (not (self._escaped or self._spoilt or busy) and len(content) >= 6
                and zlib.crc32(content).to_bytes(4, "little") == crc
                and len(content) - 6 == int.from_bytes(content[4:6], "little") <= 245)
        if not good:
            self.bad += 1
            return b""
        if self._last is None or self._last[0] != content[0]:
            self.executed += 1
            self._last = content[0], line_of(self._respond(content))
        return self._last[1]

    def _respond(self, content: bytes) -> bytes:
        sequence, operation, index, length = struct.unpack("<BBHH", content[:6])
        payload = content[6:]
        read = operation in (0, 3)
        words = struct.unpack(f"<{length // 4}I", payload[:length // 4 * 4])
        if (operation > 3 or (read and (length != 4 or words[0] > 61))
                or (not read and length % 4)):
            return struct.pack("<BBHH", sequence, 2, 0, 0)
        found: list[int] = []
        status, count = 0, words[0] if read else len(words)
        for number in range(count):
            place = index + number * (operation >= 2)
            answer = (None if place >= 1 << self._width
                      else self._access(place, not read, 0 if read else words[number]))
            if answer is None:
                status = 1
                break
            found.append(answer)
        done, data = len(found), struct.pack(f"<{len(found)}I", *found) if read else b""
        return struct.pack("<BBHH", sequence, status, done, len(data)) + data
