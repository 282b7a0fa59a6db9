# amaranth: UnusedElaboratable=no
"""Frames that ask for accesses, and every way in which they may be broken."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from amaranth.sim import Simulator

from hw.bus.commands import WORDS, FrameCommands
from tests.support.frame_bench import FrameBench, Script
from tests.support.frame_device import FLAG, content_of, line_of, request_of
from tests.support.pins import run_pins

READ, WRITE, WRITE_EACH, READ_EACH = range(4)
PACES = ({}, {"stall": 0.5, "pause": 0.4}, {"idle": 0.6}, {"stall": 0.3, "pause": 0.6, "idle": 0.2})


def count(words):
    return struct.pack("<I", words)


def every_shape(script):
    """Each operation at each length, each way of asking wrongly, each end of the indices."""
    sequence = 0

    def ask(*request, **settings):
        nonlocal sequence
        sequence += 1
        script.request(sequence % 256, *request, **settings)

    for words in (0, 1, 2, 3, 60, WORDS):
        values = np.arange(words, dtype="<u4") * 0x7E7D_5E5D + words
        for index in (0, 3, 6):
            ask(READ, index, count(words))
            ask(WRITE, index, values.tobytes())
        for index in (0, 6, 14, 5):
            ask(READ_EACH, index, count(words))
            ask(WRITE_EACH, index, values.tobytes())
    for operation in (READ, READ_EACH):
        for words in (62, 63, 64, 65, 256 + 1, 1 << 16 | 1, 1 << 31 | 1, 2**32 - 1):
            ask(operation, 1, count(words))
        for length in (0, 1, 3, 5, 8, 244):
            ask(operation, 1, bytes([1]) + bytes(length - 1) if length else b"")
    for operation in (WRITE, WRITE_EACH):
        for length in (1, 2, 3, 5, 243, 245):
            ask(operation, 1, bytes(length))
        for length in range(246, 262):
            ask(operation, 1, bytes(length))
    for operation in (4, 5, 7, 8, 64, 128, 253, 254):
        ask(operation, 1, count(1))
    for bit in range(16):
        ask(WRITE, 1 << bit | 1, count(7))
        ask(READ_EACH, 1 << bit | 1, count(1))
    # What stands in the header about the length, of a frame of any other.
    for length in (0, 1, 3, 4, 8):
        for says in (0, 1, 3, 4, 5, 8, 12, 245, 246, 250, 252, 255, 256, 260, 1 << 15):
            ask(WRITE, 2, bytes(length), length=says)


def short_ones(script):
    """Frames with a right CRC that are no request: too short, whatever was there before."""
    for says in (0, 4, 245, 246, 247, 250, 251, 252, 253, 254, 255):
        script.request(1, WRITE, 1, bytes(4), length=says)
        for size in range(7):
            script.send(line_of(bytes([says]) * size))
            script.send(line_of(request_of(9, WRITE, 1, b"", length=says)[:size]))
    for size in range(4):
        script.send(b"\x7e" + bytes(size) + b"\x7e")
    # Where a header would say its length, CRCs say that it is longer than any may be.
    contents = [bytes([byte]) for byte in range(256)] + [
        struct.pack("<H", number) for number in range(1 << 16)]
    for content in contents:
        line = (content + zlib.crc32(content).to_bytes(4, "little") + b"\0")[:6]
        if line[4] > 245 and line[5] == 0:
            script.send(line_of(content))


def broken_ones(script, rng):
    """Of one request: every bit inverted, every byte missing or doubled, cut at every place."""
    line = line_of(request_of(77, WRITE_EACH, 2, bytes([0x7E, 0, 0x7D, 255])))
    for bit in range(8 * len(line)):
        broken = bytearray(line)
        broken[bit // 8] ^= 1 << bit % 8
        script.send(bytes(broken) + b"\x7e")
    for place in range(len(line)):
        script.send(line[:place] + line[place + 1:] + b"\x7e")
        script.send(line[:place] + line[place:place + 1] + line[place:] + b"\x7e")
        script.send(line[:place])
        script.send(line[:place] + b"\x7d\x7e")
    script.send(line)
    script.send(rng.bytes(700))
    script.send(b"\x7e" + bytes(3000) + b"\x7e")


def drawn(script, rng, events):
    """Whatever comes: requests, repeats, damage, noise, resets."""
    sequence = 0
    for _ in range(events):
        kind, operation = rng.random(), int(rng.integers(4))
        size = int(rng.choice([0, 1, 2, 5, int(rng.integers(62))], p=[0.1, 0.4, 0.3, 0.15, 0.05]))
        payload = count(size) if operation in (READ, READ_EACH) else rng.bytes(4 * size)
        if rng.random() < 0.8:
            sequence = int(rng.integers(256))
        line = line_of(request_of(sequence, operation, int(rng.integers(18)), payload))
        if kind < 0.5:
            script.send(line)
        elif kind < 0.6:
            script.send(line + line[int(rng.integers(1, len(line))):])
        elif kind < 0.7:
            script.send(line, reset_after=int(rng.integers(60)))
        elif kind < 0.75:
            script.send(line[:int(rng.integers(len(line)))], reset_after=0)
        elif kind < 0.9:
            broken = bytearray(line)
            for _ in range(int(rng.integers(1, 4))):
                broken[int(rng.integers(len(line)))] = int(rng.integers(256))
            script.send(bytes(broken))
        else:
            script.send(bytes(rng.choice([0x7E, 0x7D, 0, 1, 0x5E], int(rng.integers(30))).tolist()))


def run(scripts, folder):
    """Every script, its requests answered and frames dropped."""
    found = run_pins([FrameBench(width) for width, _ in scripts],
                     [script.pins for _, script in scripts], folder)
    return [script.check(got) for (_, script), got in zip(scripts, found, strict=True)]


def test_every_shape_every_fault_and_whatever_comes(rng, need, tmp_path):
    need("verilator")
    scripts = [(width, Script(width, rng, **pace))
               for width, pace in zip((4, 3, 8, 16), PACES, strict=True)]
    shapes, broken, *rest = (script for _, script in scripts)
    every_shape(shapes)
    short_ones(shapes)
    broken_ones(broken, rng)
    for script in (broken, *rest):
        drawn(script, rng, 150)
    for answers, drops in run(scripts, tmp_path / "build"):
        assert answers > 60
        assert drops > 20


@pytest.mark.full
def test_whatever_comes_for_long(rng, need, tmp_path):
    need("verilator")
    scripts = []
    for width, pace in zip((2, 7, 9, 15), PACES, strict=True):
        script = Script(width, rng, **pace)
        drawn(script, rng, 10_000)
        scripts.append((width, script))
    run(scripts, tmp_path / "build")


def test_requests_follow_at_once_and_answers_have_no_gaps():
    """The next request may begin as the response's last flag is taken."""
    bench, answers, gaps = FrameBench(4), [], []

    async def exchange(ctx, line):
        for byte in line:
            ctx.set(bench.i.payload, byte)
            ctx.set(bench.i.valid, 1)
            await ctx.tick()
        ctx.set(bench.i.valid, 0)
        answer, waited = b"", 0
        while answer.count(FLAG) < 2:
            waited += 1
            if ctx.get(bench.o.valid):
                gaps.append(waited if answer else 0)
                answer, waited = answer + bytes([ctx.get(bench.o.payload)]), 0
            await ctx.tick()
        return answer

    async def run_bench(ctx):
        ctx.set(bench.o.ready, 1)
        for sequence in range(20):
            request = request_of(sequence, WRITE if sequence % 2 else READ_EACH, 8, count(4))
            answers.append(await exchange(ctx, line_of(request)))

    simulator = Simulator(bench)
    simulator.add_clock(1e-8)
    simulator.add_testbench(run_bench)
    simulator.run()
    contents = [content for answer in answers for content in content_of(answer)]
    assert [content[:2] for content in contents] == [bytes((k, 0)) for k in range(20)]
    assert max(gaps) <= 4


def test_faults():
    for width in (0, 17):
        with pytest.raises(ValueError, match=f"^address_width must be at .* not {width}$"):
            FrameCommands(width)
