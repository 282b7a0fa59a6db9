# amaranth: UnusedElaboratable=no
"""Player, digest and report, each by itself."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from amaranth.sim import Simulator

from boards.beats import to_beats
from boards.self_test.coverage import choose
from boards.self_test.digest import Digest
from boards.self_test.player import Player
from boards.self_test.report import Decimal, Report
from tests.support.register_maps import a_stream
from tests.support.units import Unit, check_units
from verif.words import expectation


def simulate(component, bench):
    simulator = Simulator(component)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


def test_player_plays_once(need, rng):
    need("icarus")
    units = []
    for width, count in ((1, 1), (8, 7), (70, 40)):
        words = [int.from_bytes(rng.bytes(9), "little") >> 72 - width for _ in range(count)]
        units.append(Unit(Player(width, words), {}, {"o": words}, name=f"{count} x {width}"))
    check_units(units, deadline=2000)


def test_player_refuses():
    with pytest.raises(ValueError, match="at least one word"):
        Player(8, [])
    with pytest.raises(ValueError, match="at most 8 bits"):
        Player(8, [256])


STREAMS = (a_stream("o", "out", "int9", lanes=1, vector=10), a_stream("o", "out", "int8", lanes=3),
           a_stream("o", "out", "int8", lanes=13, vector=30, vectors=2),
           a_stream("o", "out", "uint1", lanes=1, vector=1))


@pytest.mark.parametrize("stream", STREAMS, ids=["words", "padded", "wide", "least"])
@pytest.mark.parametrize("fault", [None, "first", "last"])
def test_digest(stream, fault, rng):
    """Noise on padding does not matter; one wrong bit costs its sample, and no other."""
    form, samples = stream.number_format, 5
    codes = rng.integers(form.min, form.max + 1, (samples, stream.vectors * stream.vector))
    expected = [zlib.crc32(beats.astype("<u4").tobytes()) for beats in to_beats(stream, codes)]
    sent = expectation(stream, {stream.tensor: codes}, rng)
    words = [int(word) for word in sent.words]
    if fault:
        place = 0 if fault == "first" else len(words) - 1
        mask = int(sent.masks[place % len(sent.masks)])
        words[place] ^= 1 << mask.bit_length() - 1
    digest = Digest(stream, expected)

    async def bench(ctx):
        for word in words:
            assert not ctx.get(digest.ended)
            if rng.random() < 0.3:
                await ctx.tick()
            ctx.set(digest.i.payload, word)
            ctx.set(digest.i.valid, 1)
            await ctx.tick().until(digest.i.ready)
            ctx.set(digest.i.valid, 0)
        await ctx.tick().repeat(20)
        assert ctx.get(digest.ended)
        assert ctx.get(digest.passed) == samples - (fault is not None)
        # What comes after the last sample changes nothing.
        ctx.set(digest.i.valid, 1)
        await ctx.tick().repeat(100)
        assert ctx.get(digest.passed) == samples - (fault is not None)

    simulate(digest, bench)


def test_decimal():
    decimal = Decimal(3)

    async def bench(ctx):
        for number in range(1010):
            shown = sum(ctx.get(digit) * 10**k for k, digit in enumerate(decimal.o))
            assert shown == min(number, 999)
            ctx.set(decimal.count, 1)
            await ctx.tick()
        ctx.set(decimal.count, 0)
        await ctx.tick()

    simulate(decimal, bench)


@pytest.mark.parametrize("passed", [False, True])
def test_report(passed):
    """The line, then a pause, then the line again; nothing before the start."""
    divisor, pause = 4, 500
    report = Report("a: ", ", ", " z", divisor=divisor, pause=pause)
    line = f"a: {'PASS' if passed else 'FAIL'}, 00012349 z\r\n".encode()
    said = []

    async def bench(ctx):
        for digit, value in zip(report.digits, (9, 4, 3, 2, 1, 0, 0, 0), strict=True):
            ctx.set(digit, value)
        ctx.set(report.passed, passed)
        for _ in range(100):
            assert ctx.get(report.tx)
            await ctx.tick()
        ctx.set(report.start, 1)
        for number in range(2):
            quiet = 0
            for place in range(len(line)):
                waited = 0
                while ctx.get(report.tx):
                    await ctx.tick()
                    waited += 1
                quiet = waited if place == 0 else quiet
                await ctx.tick().repeat(divisor // 2)
                byte = 0
                for bit in range(8):
                    await ctx.tick().repeat(divisor)
                    byte |= ctx.get(report.tx) << bit
                await ctx.tick().repeat(divisor)
                assert ctx.get(report.tx)
                said.append(byte)
            assert quiet >= pause - 11 * divisor if number else quiet < 10

    simulate(report, bench)
    assert bytes(said) == 2 * line


def test_choice():
    found = np.array([[1, 0, 1, 0], [0, 0, 1, 0], [0, 1, 0, 0]], np.bool_)
    assert choose(found, 1) == [2]
    assert choose(found, 4) == [2, 1, 0, 3]
    assert choose(np.zeros((0, 3), np.bool_), 2) == [0, 1]
