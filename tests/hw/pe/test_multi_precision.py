# amaranth: UnusedElaboratable=no
"""Lanes of every precision, pair by pair, mixed, and what rests meanwhile."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from amaranth import Cat, Module, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from hw.pe.multi_precision import MultiPrecision, MultiPrecisionSum
from hw.streams.pipeline import stalling_pipeline
from sw_model.ops.multi_precision import multi_precision_sum
from sw_model.specs.precision import WORD, Precision
from tests.support.emulated import emulator_of
from tests.support.units import Interval, Unit, check_units
from verif.manifest import Stream

PIECE = 16

#: Pieces of a result; its NaR is the topmost bit.
PIECES = 8

#: Most words of a sum: the exact sum of 32 products of posit<16,1> has 119 bits.
WORDS = 32

#: Words of a sample, each a result; samples of mixed words, which are run with stalls too.
SINGLE, STALLED = 512, 40

#: Codes of 16 bits that are special in some lane: zeros, NaR, least, greatest, ones, minus one.
EXTREME = np.array([0x0000, 0x8000, 0x7fff, 0x8001, 0x0001, 0xffff, 0x4000, 0xc000, 0x8080,
                    0x7f7f, 0x8181, 0x0101, 0x8888, 0x7777, 0x9999, 0x1111, 0x5fff, 0x3001])


class Streamed(wiring.Component):
    """A unit of either kind between streams: words in, results of 127 bits and NaR out."""

    def __init__(self, unit: MultiPrecision | MultiPrecisionSum) -> None:
        self.unit = unit
        super().__init__({"i": In(stream.Signature(ArrayLayout(PIECE, 3))),
                          "o": Out(stream.Signature(ArrayLayout(PIECE, PIECES)))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.unit = unit = self.unit
        a, w, control = self.i.payload
        m.d.comb += [unit.a.eq(a), unit.w.eq(w), Value.cast(unit.mode).eq(control[:3])]
        if isinstance(unit, MultiPrecision):
            enable = stalling_pipeline(m, self.i, self.o, depth=unit.latency)
        else:
            enable = self.o.ready | ~unit.done
            m.d.comb += [self.i.ready.eq(enable), unit.start.eq(self.i.valid),
                         Cat(unit.first, unit.last).eq(control[3:]), self.o.valid.eq(unit.done)]
        bits = PIECE * PIECES - 1
        extended = Cat(unit.o, unit.o[-1].replicate(bits - len(unit.o)))
        m.d.comb += [unit.enable.eq(enable), Value.cast(self.o.payload).eq(Cat(extended, unit.nan))]
        return m


def pieces_of(totals, nar):
    """Results as they leave the streams."""
    bits = PIECE * PIECES - 1
    whole = b"".join((int(total) % (1 << bits) | bool(no) << bits).to_bytes(bits // 8 + 1, "little")
                     for total, no in zip(totals, nar, strict=True))
    return np.frombuffer(whole, "<u2").reshape(-1, PIECES).astype(np.int64)


def every_pair(width):
    """All pairs of codes of up to 8 bits."""
    codes = np.arange(1 << width)
    return np.repeat(codes, len(codes)), np.tile(codes, len(codes))


def pairs_of(precision, rng, count):
    """Words: the lowest lane alone with all its pairs, then all lanes with pairs of their own.

    Of 16 bits, extremes with all of them, and ``count`` of any.
    """
    width = precision.format.width
    if width == WORD:
        most = np.repeat(EXTREME, len(EXTREME)), np.tile(EXTREME, len(EXTREME))
        return tuple(np.concatenate([each, rng.integers(0, 1 << WORD, count)]) for each in most)
    pairs = every_pair(width)
    orders = [rng.permutation(len(pairs[0])) for _ in range(precision.lanes)]
    return tuple(np.concatenate([codes, sum(codes[order] << width * lane
                                            for lane, order in enumerate(orders))])
                 for codes in pairs)


def mixed(rng, count):
    """Words of any lanes and extremes; the mode changes every cycle."""
    a, w = (np.where(rng.random(count) < 0.3, rng.choice(EXTREME, count),
                     rng.integers(0, 1 << WORD, count)) for _ in range(2))
    return a, w, rng.integers(0, len(Precision), count)


def dots(a, w, modes):
    """What the golden model says of each word."""
    totals, nar = np.zeros(len(a), object), np.zeros(len(a), np.bool_)
    for precision in Precision:
        chosen = modes == precision.value
        totals[chosen], nar[chosen] = multi_precision_sum(a[chosen, None], w[chosen, None],
                                                          precision)
    return pieces_of(totals, nar)


def single_words(rng, count):
    """Every pair of every mode, mode by mode, then mixed; inputs and results by sample."""
    given = [(*words, np.full(len(words[0]), precision.value)) for precision in Precision
             for words in [pairs_of(precision, rng, count)]]
    there = sum(len(modes) for _, _, modes in given)
    given.append(mixed(rng, STALLED * SINGLE - there % SINGLE))
    a, w, modes = (np.concatenate(each) for each in zip(*given, strict=True))
    return (np.stack([a, w, modes], axis=1).reshape(-1, SINGLE, 3),
            dots(a, w, modes).reshape(-1, SINGLE, PIECES))


def one_sum(precision, length, rng, extreme):
    """The words of a sum and what the golden model says; all of the least value if extreme."""
    a, w = rng.integers(0, 1 << WORD, (2, length))
    if extreme:
        ends = precision.format.from_fixed([precision.format.fixed_min])
        lane = int(precision.format.to_bits(ends)[0])
        a[:] = w[:] = sum(lane << place for place in range(0, WORD, precision.format.width))
    elif rng.random() < 0.7:
        a, w = without_nar(a, precision), without_nar(w, precision)
    ends = np.zeros(length, np.int64)
    ends[0] |= 1 << 3
    ends[-1] |= 1 << 4
    return (np.stack([a, w, precision.value | ends], axis=1),
            *multi_precision_sum(a, w, precision))


def sums(rng, count):
    """Samples of sums of one word, of most and of any number, each in any mode."""
    found = []
    for k in range(count):
        some = int(rng.integers(1, WORDS - 1))
        lengths = rng.permutation([1, WORDS, some, WORDS - 1 - some])
        found += [one_sum(Precision(int(mode)), int(length), rng, k % 8 == 0)
                  for length, mode in zip(lengths, rng.integers(0, 6, len(lengths)), strict=True)]
    words, totals, nars = zip(*found, strict=True)
    return (np.concatenate(words).reshape(count, -1, 3),
            pieces_of(totals, nars).reshape(count, -1, PIECES))


def without_nar(words, precision):
    """Every NaR a zero."""
    width = precision.format.width
    for place in range(0, WORD, width):
        lane = words >> place & (1 << width) - 1
        words = np.where(lane == 1 << width - 1, words & ~(1 << place + width - 1), words)
    return words


def check_all(folder, rng, count):
    single = single_words(rng, count)
    cases = [(Streamed(MultiPrecision()), *single),
             (Streamed(MultiPrecisionSum(WORDS)), *sums(rng, len(single[0])))]
    streams = [Stream(name=f"u{k}__{name}", direction=way, tensor=f"{name}{k}",
                      format=f"uint{PIECE}", lanes=table.shape[2], vector=table.shape[2],
                      vectors=table.shape[1])
               for k, (_, given, wanted) in enumerate(cases)
               for name, way, table in (("i", "in", given), ("o", "out", wanted))]
    emulator = emulator_of([unit for unit, _, _ in cases], streams, folder)
    # With stalls the mixed words, which come last, and as many sums.
    for samples, stalls in ((0, 0.0), (-STALLED, 0.3)):
        outputs = emulator.run({f"i{k}": given[samples:] for k, (_, given, _) in enumerate(cases)},
                               idle=stalls, stall=stalls, seed=1).outputs
        for k, (unit, given, wanted) in enumerate(cases):
            words, right = given[samples:].reshape(-1, 3), wanted[samples:].reshape(-1, PIECES)
            found = outputs[f"o{k}"].reshape(right.shape)
            wrong = np.flatnonzero((found != right).any(axis=1))
            assert not wrong.size, (
                f"{type(unit.unit).__name__}, stalls {stalls}: result {wrong[0]} is "
                f"{found[wrong[0]].tolist()}, not {right[wrong[0]].tolist()}"
                + ("" if k else f", of {words[wrong[0]].tolist()}"))


def test_every_pair_mixed_words_and_sums(need, rng, tmp_path):
    need("verilator")
    check_all(tmp_path / "build", rng, 100_000)


@pytest.mark.full
def test_many_words(need, rng, tmp_path):
    need("verilator")
    check_all(tmp_path / "build", rng, 3_000_000)


def test_latency_interval_and_reset(rng):
    unit, total = Streamed(MultiPrecision()), Streamed(MultiPrecisionSum(WORDS))
    a, w, modes = mixed(rng, 80)
    given, wanted = (table.reshape(-1, table.shape[2]) for table in sums(rng, 1))
    check_units([
        Unit(unit, {"i": np.stack([a, w, modes], axis=1)}, {"o": dots(a, w, modes)},
             latency=unit.unit.latency, interval=Interval(1), name="words"),
        Unit(total, {"i": given}, {"o": wanted}, latency=total.unit.latency,
             after=int(np.argmax(given[:, 2] >> 4)), interval=Interval(1), name="sums")])


def test_what_a_mode_does_not_use_rests(rng):
    """Inputs of unused parts are zero throughout; those of used ones are not."""
    unit = MultiPrecision()
    words = rng.integers(0, 1 << WORD, (len(Precision), 40, 2))

    async def bench(ctx):
        ctx.set(unit.enable, 1)
        for precision, pairs in zip(Precision, words, strict=True):
            ctx.set(unit.mode, precision)
            moved = {part.name: 0 for part in unit.dot.parts}
            for cycle, (a, w) in enumerate(pairs.tolist()):
                ctx.set(unit.a, a)
                ctx.set(unit.w, w)
                await ctx.tick()
                if cycle >= unit.latency:
                    for part in unit.dot.parts:
                        moved[part.name] += any(ctx.get(signal) for signal in part.inputs)
            for part in unit.dot.parts:
                if precision in part.users:
                    assert moved[part.name] > 10, f"{precision}: {part.name} rests"
                else:
                    assert not moved[part.name], f"{precision}: {part.name} does not rest"

    sim = Simulator(unit)
    sim.add_clock(1e-8)
    sim.add_testbench(bench)
    sim.run()


def test_what_rests():
    users = {part.name: {p.name for p in part.users} for part in MultiPrecision().dot.parts}
    assert users == {
        "multiplier diagonal": {"E2M1", "INT4", "POSIT8", "INT8", "POSIT16"},
        "multiplier inner": {"POSIT8", "INT8", "POSIT16"}, "multiplier cross": {"POSIT16"},
        "decoder 0": {"POSIT4"}, "decoder 1": {"POSIT4", "POSIT8"}, "decoder 2": {"POSIT4"},
        "decoder 3": {"POSIT4", "POSIT8", "POSIT16"},
        "aligner 0": {"E2M1", "POSIT4", "INT4"}, "aligner 2": {"E2M1", "POSIT4", "INT4"},
        "aligner 1": {"E2M1", "POSIT4", "INT4", "POSIT8", "INT8"},
        "aligner 3": {p.name for p in Precision}}


@pytest.mark.parametrize("mode", range(len(Precision), 8))
def test_other_modes_give_zero(mode, rng):
    unit, (a, w) = MultiPrecision(), (int(word) | 1 for word in rng.integers(0, 1 << WORD, 2))

    async def bench(ctx):
        ctx.set(unit.enable, 1)
        ctx.set(unit.a, a)
        ctx.set(unit.w, w)
        ctx.set(unit.mode, Precision.INT8)
        await ctx.tick().repeat(unit.latency)
        assert ctx.get(unit.o)
        ctx.set(Value.cast(unit.mode), mode)
        await ctx.tick().repeat(unit.latency)
        assert (ctx.get(unit.o), ctx.get(unit.nan)) == (0, 0)

    sim = Simulator(unit)
    sim.add_clock(1e-8)
    sim.add_testbench(bench)
    sim.run()


@pytest.mark.parametrize(("words", "width"), [(1, 114), (2, 115), (32, 119), (33, 119)])
def test_no_wider_than_the_exact_sum(words, width):
    assert len(MultiPrecisionSum(words).o) == width
    assert MultiPrecisionSum(words).words == words


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"^words must be at least 1, not 0$"):
        MultiPrecisionSum(0)
    with pytest.raises(TypeError, match=r"^words must be an integer, not 2\.5$"):
        MultiPrecisionSum(2.5)
