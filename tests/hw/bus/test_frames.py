# amaranth: UnusedElaboratable=no
"""Frames of every byte, and whatever else may be on a line."""

from __future__ import annotations

import numpy as np

from hw.bus.frames import Deframer, Framer
from tests.support.units import Interval, Unit, check_units

FLAG, ESCAPE, END, WHOLE = 0x7E, 0x7D, 1 << 8, 1 << 9


def tokens(line):
    """What a line's bytes stand for, as words and masks, by splitting it at its flags."""
    found = []
    *frames, rest = bytes(line).split(b"\x7e")
    for number, frame in enumerate((*frames, rest)):
        content = iter(frame)
        broken = False
        for byte in content:
            if byte == ESCAPE:
                byte = next(content, None)
                if byte is None:
                    broken = True
                    break
                byte ^= 0x20
            found.append((byte, 0xFF | END))
        if frame and number < len(frames):
            found.append((END | (0 if broken else WHOLE), END | WHOLE))
    return found


def framed(frames):
    """The line that carries ``frames``."""
    line = b""
    for frame in frames:
        stuffed = frame.replace(b"\x7d", b"\x7d\x5d").replace(b"\x7e", b"\x7d\x5e")
        line += b"\x7e" + stuffed + b"\x7e"
    return line


def drawn_frames(rng):
    return [bytes(range(256)), b"\x7e", b"\x7d", b"\0", b"\x7d\x5e", b"\x7e" * 20, b"\x7d" * 20,
            *(bytes(rng.choice([0x7D, 0x7E, 0x5D, 0x5E, 0, 0xFF], size=int(size)).tolist())
              for size in rng.integers(1, 12, 30))]


def test_framer(rng, need):
    need("icarus")
    units = []
    for name, frames in (("drawn", drawn_frames(rng)), ("plain", [bytes(100)])):
        words = [byte | (place == len(frame) - 1) << 8
                 for frame in frames for place, byte in enumerate(frame)]
        units.append(Unit(Framer(), {"i": words}, {"o": list(framed(frames))}, name=name))
    units.append(Unit(Framer(), {"i": [5] * 60 + [5 | 1 << 8]}, {"o": [*framed([b"\5" * 61])]},
                      interval=Interval(1, stream="o"), name="rate"))
    check_units(units)


def test_deframer(rng, need):
    """What a framer makes, and lines that none would: flags in rows, escapes of anything."""
    need("icarus")
    few = np.array([FLAG, FLAG, ESCAPE, ESCAPE, 0x5E, 0x5D, 0, 0xFF])
    lines = {
        "framed": framed(drawn_frames(rng)),
        "one flag between": b"\x7eab\x7ecd\x7e\x7e\x7ee\x7e",
        "no first flag": b"ab\x7ecd\x7e",
        "broken off": b"\x7eab\x7d\x7ecd\x7e\x7d\x7e\x7e\x7d\x7d\x7ee\x7e\x7d\x7d\x7d\x7ef\x7e",
        "drawn": bytes(rng.choice(few, 600).tolist()) + b"x",
        "noise": rng.bytes(600) + b"x",
        "every escape": b"".join(bytes((ESCAPE, byte)) for byte in range(256)) + b"x",
    }
    check_units([Unit(Deframer(), {"i": list(line)}, {"o": tokens(line)}, name=name)
                 for name, line in lines.items()])
