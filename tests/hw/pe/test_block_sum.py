# amaranth: UnusedElaboratable=no
"""Sums across blocks by hardware, bit for bit as by the golden model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from amaranth import Module, Signal, Value
from amaranth.hdl import Elaboratable
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from hw.pe.block_sum import BlockSum
from sw_model.formats import FixedFormat, Float32Format
from sw_model.ops.block_sum import block_sum
from sw_model.specs import BlockSumSpec
from tests.support.emulated import emulator_of
from tests.support.units import Interval, Unit, check_units
from verif.manifest import Stream

PIECE = 16

#: In the order of the bits of a block's word.
FIELDS = ("first", "last", "partial", "exponent", "significand", "nan")

E2M1 = {"largest": 4608, "lsb": -2}
UE4M3 = {"largest": 16 * 144, "lsb": -2, "exponent_low": -18, "exponent_high": 10,
         "significand": 225}
ANY = {"exponent_low": -254, "exponent_high": 254}

#: Specs, sums that take turns, and how products are made.
CASES = (
    (BlockSumSpec.fitting(64, blocks=9, exponent_low=-8, exponent_high=12, **E2M1), 1, "inferred"),
    (BlockSumSpec.fitting(64, blocks=9, **UE4M3), 1, "fabric"),
    (BlockSumSpec.fitting(64, blocks=9, **UE4M3), 3, "inferred"),
    (BlockSumSpec(target=FixedFormat(64, 20), blocks=5, largest=2**20, exponent_low=-7,
                  exponent_high=15), 2, "inferred"),
    (BlockSumSpec.fitting(64, blocks=1, largest=1, exponent_low=3, exponent_high=3), 1, "inferred"),
    (BlockSumSpec(target=Float32Format(), blocks=9, **ANY, **E2M1), 1, "inferred"),
    (BlockSumSpec(target=Float32Format(), blocks=9, **UE4M3), 2, "fabric"),
    (BlockSumSpec(target=Float32Format(), blocks=9, **UE4M3), 4, "inferred"),
    (BlockSumSpec(target=Float32Format(), blocks=9, **ANY, **E2M1), 5, "inferred"),
    (BlockSumSpec(target=Float32Format(), blocks=33, largest=2**40, exponent_low=-30,
                  exponent_high=30), 7, "inferred"),
    (BlockSumSpec(target=Float32Format(), blocks=9, largest=2**30, exponent_low=-160,
                  exponent_high=-140), 3, "inferred"),
    (BlockSumSpec(target=Float32Format(), blocks=9, largest=2**30, exponent_low=80,
                  exponent_high=104, significand=3), 1, "inferred"),
    (BlockSumSpec(target=Float32Format(), blocks=3, largest=2**70, exponent_low=-50,
                  exponent_high=50, significand=2**15), 16, "inferred"),
)


class Streamed(wiring.Component):
    """A block sum between streams: gives it a block as often as its interval allows."""

    def __init__(self, unit: BlockSum) -> None:
        self.unit = unit
        members = unit.signature.members
        self.fields = {name: members[name].shape for name in FIELDS if name in members}
        self.pieces = -(-sum(map(self.width, self.fields)) // PIECE)
        self.result = -(-len(unit.o) // PIECE)
        super().__init__({"i": In(stream.Signature(ArrayLayout(PIECE, self.pieces))),
                          "o": Out(stream.Signature(ArrayLayout(PIECE, self.result)))})

    def width(self, name: str) -> int:
        return len(getattr(self.unit, name))

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        m.submodules.unit = unit = self.unit
        since = Signal(range(unit.interval + 1), init=unit.interval)
        enable, bits, start = Signal(), self.i.payload.as_value(), 0
        m.d.comb += [
            enable.eq(self.o.ready | ~unit.done), unit.enable.eq(enable),
            self.i.ready.eq(enable & (since == unit.interval)),
            unit.start.eq(self.i.valid & self.i.ready), self.o.valid.eq(unit.done),
            Value.cast(self.o.payload).eq(unit.o.as_unsigned())]
        with m.If(enable & (since != unit.interval)):
            m.d.sync += since.eq(since + 1)
        with m.If(unit.start):
            m.d.sync += since.eq(1)
        for name in self.fields:
            m.d.comb += getattr(unit, name).eq(bits[start:start + self.width(name)])
            start += self.width(name)
        return m

    def word(self, values: dict[str, int]) -> list[int]:
        """A block as pieces."""
        word, start = 0, 0
        for name in self.fields:
            word |= (int(values[name]) & (1 << self.width(name)) - 1) << start
            start += self.width(name)
        return [word >> PIECE * k & (1 << PIECE) - 1 for k in range(self.pieces)]


@dataclass
class Blocks:
    """Blocks of one round of sums, each of the shape (sums, blocks)."""

    partials: Any
    exponents: Any
    significands: Any
    nan: Any

    @classmethod
    def drawn(cls, spec, sums, count, rng, extreme=False):
        """Blocks of every size, some that cancel; or all of the greatest magnitude."""
        shape = (sums, count)
        sizes = rng.integers(0, spec.largest.bit_length(), shape)
        draw = [int.from_bytes(rng.bytes(24), "little") % (spec.largest + 1) >> int(size)
                for size in sizes.flat]
        partials = np.array(draw, object).reshape(shape) * rng.choice([-1, 1], shape)
        exponents = rng.integers(spec.exponent_low, spec.exponent_high + 1, shape)
        if rng.random() < 0.5:
            middle = int(rng.integers(spec.exponent_low, spec.exponent_high + 1))
            exponents = np.clip(exponents, middle - 3, middle + 3)
        significands = rng.integers(0, spec.significand + 1, shape)
        if spec.significand == 1:
            significands[:] = 1
        if extreme:
            partials = np.where(rng.random((sums, 1)) < 0.5, 1, -1).astype(object) * spec.largest
            partials = np.repeat(partials, count, axis=1)
            exponents[:], significands[:] = spec.exponent_high, spec.significand
        elif count > 1 and rng.random() < 0.5:
            half = count // 2
            partials[:, half:2 * half] = -partials[:, :half]
            exponents[:, half:2 * half] = exponents[:, :half]
            significands[:, half:2 * half] = significands[:, :half]
        nan = rng.random(shape) < 0.02 if not spec.is_exact else np.zeros(shape, np.bool_)
        return cls(partials, exponents, significands, nan)

    def sums(self, spec):
        """What the golden model says, as bits."""
        total = block_sum(self.partials, self.exponents, spec, significands=self.significands,
                          nan=self.nan)
        if spec.is_exact:
            return [int(code) & (1 << spec.target.width) - 1 for code in total]
        return total.view(np.uint32).astype(np.int64).tolist()

    def in_turn(self):
        """Block 0 of each sum, block 1 of each, and so on."""
        sums, count = self.partials.shape
        for block in range(count):
            for k in range(sums):
                yield {"first": block == 0, "last": block == count - 1,
                       "partial": self.partials[k, block], "exponent": self.exponents[k, block],
                       "significand": self.significands[k, block], "nan": self.nan[k, block]}


def rounds_of(spec, sums, rng, blocks):
    """Rounds of one block, of most, of all extremes, then of any number."""
    rounds = [Blocks.drawn(spec, sums, 1, rng), Blocks.drawn(spec, sums, spec.blocks, rng),
              Blocks.drawn(spec, sums, spec.blocks, rng, extreme=True)]
    while sum(each.partials.size for each in rounds) < blocks:
        rounds.append(Blocks.drawn(spec, sums, int(rng.integers(1, spec.blocks + 1)), rng))
    return rounds


def words_of(tops, rounds):
    """Payloads of a case's streams, as pieces."""
    spec = tops.unit.spec
    given = [tops.word(values) for each in rounds for values in each.in_turn()]
    wanted = [[bits >> PIECE * k & (1 << PIECE) - 1 for k in range(tops.result)]
              for each in rounds for bits in each.sums(spec)]
    return np.array(given), np.array(wanted)


def streamed():
    return [Streamed(BlockSum(spec, sums=sums, multiplier=multiplier))
            for spec, sums, multiplier in CASES]


def check_all(folder, rng, blocks):
    tops = streamed()
    words = [words_of(top, rounds_of(top.unit.spec, top.unit.sums, rng, blocks)) for top in tops]
    streams, inputs = [], {}
    for k, (given, wanted) in enumerate(words):
        streams += [Stream(name=f"u{k}__{name}", direction=way, tensor=f"{name}{k}",
                           format=f"uint{PIECE}", lanes=table.shape[1], vector=table.shape[1],
                           vectors=len(table))
                    for name, way, table in (("i", "in", given), ("o", "out", wanted))]
        inputs[f"i{k}"] = given[None]
    emulator = emulator_of(tops, streams, folder)
    for idle, stall in ((0.0, 0.0), (0.4, 0.0), (0.0, 0.4), (0.3, 0.3)):
        outputs = emulator.run(inputs, idle=idle, stall=stall, seed=1).outputs
        for k, (case, (_, wanted)) in enumerate(zip(CASES, words, strict=True)):
            np.testing.assert_array_equal(outputs[f"o{k}"].reshape(wanted.shape), wanted,
                                          f"{case}, idle {idle}, stall {stall}")


def test_all_as_the_golden_model(need, rng, tmp_path):
    need("verilator")
    check_all(tmp_path / "build", rng, 1500)


@pytest.mark.full
def test_many_blocks(need, rng, tmp_path):
    need("verilator")
    check_all(tmp_path / "build", rng, 10_000)


def test_latency_interval_and_reset(rng):
    units = []
    for top in streamed():
        unit = top.unit
        rounds = [Blocks.drawn(unit.spec, unit.sums, min(count, unit.spec.blocks), rng)
                  for count in (1, 4, 1, 3)]
        given, wanted = words_of(top, rounds)
        units.append(Unit(top, {"i": given}, {"o": wanted}, latency=unit.latency,
                          interval=Interval(unit.interval), name=str(unit.spec)))
    check_units(units, deadline=5000)


@pytest.mark.parametrize(("sums", "interval"), [(1, 5), (2, 3), (3, 2), (4, 2), (5, 1), (9, 1)])
def test_interval(sums, interval):
    spec = CASES[5][0]
    assert BlockSum(spec, sums=sums).interval == interval
    assert BlockSum(CASES[0][0], sums=sums).interval == 1


@pytest.mark.parametrize("number", [0, 5])
def test_totals_so_far(rng, number):
    """Each block's total is there ``latency`` enabled cycles later, and stays."""
    spec = CASES[number][0]
    unit, each = BlockSum(spec), Blocks.drawn(spec, 1, spec.blocks, rng)
    totals = [Blocks(*(table[:, :k + 1] for table in vars(each).values())).sums(spec)[0]
              for k in range(spec.blocks)]
    gap = unit.latency + 3

    async def bench(ctx):
        seen = []
        ctx.set(unit.enable, 1)
        for values, total in zip(each.in_turn(), totals, strict=True):
            for name, value in values.items():
                if name in unit.signature.members:
                    ctx.set(getattr(unit, name), int(value))
            for cycle in range(gap):
                ctx.set(unit.start, cycle == 0)
                await ctx.tick()
                seen.append(ctx.get(unit.done))
                if cycle + 1 >= unit.latency:
                    assert ctx.get(unit.o.as_unsigned()) == total
        ctx.set(unit.enable, 0)
        assert [cycle for cycle, done in enumerate(seen) if done] == [
            gap * (spec.blocks - 1) + unit.latency - 1]

    sim = Simulator(unit)
    sim.add_clock(1e-8)
    sim.add_testbench(bench)
    sim.run()


def test_what_is_refused():
    spec = CASES[0][0]
    with pytest.raises(TypeError, match=r"^spec must be a BlockSumSpec, not 5$"):
        BlockSum(5)
    with pytest.raises(TypeError, match=r"^sums must be an integer, not 2\.5$"):
        BlockSum(spec, sums=2.5)
    with pytest.raises(ValueError, match=r"^sums must be at least 1, not 0$"):
        BlockSum(spec, sums=0)
    with pytest.raises(ValueError, match=r"^multiplier must be one of inferred, fabric, not 'dsp'"):
        BlockSum(spec, multiplier="dsp")
    assert BlockSum(spec, sums=3).sums == 3
    assert BlockSum(spec).spec is spec
