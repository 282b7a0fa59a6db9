# amaranth: UnusedElaboratable=no
"""The block quantiser against the formats' own encoders: every family, rule and edge."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hw.codec.block_quantiser import BlockQuantiser
from sw_model.formats import FixedFormat, IntFormat, TernaryFormat, parse_format
from sw_model.formats.blocks import NVFormat, ScaleRule, parse_block_format
from sw_model.specs.nv_steps import NVSteps
from tests.support.emulated import emulator_of
from tests.support.units import Interval, Unit, check_units
from verif.manifest import Stream

RULES = ("floor", "ceil", "rne", "fpquant")
ELEMENTS = ("e5m2", "e4m3fn", "e3m2", "e2m3", "e2m1")

#: Source, format, lanes, scale of the tensor.
CASES = [
    ("int20", "mx<e2m1>", 2, None), ("int16", "mx<e2m1,6,fpquant>", 3, None),
    ("fixed<24,8>", "mx<e3m2,4,rne>", 2, None), ("fixed<32,30>", "mx<e5m2,4,rne>", 2, None),
    ("uint9", "mx<e2m3,4,fpquant>", 1, None), ("int18", "mxint8<4,asymmetric>", 2, None),
    ("int24", "bfp<16,8>", 2, None), ("int16", "nvfp4", 2, 2.0**-6),
    ("fixed<12,8>", "nvint4", 1, 0.0123), ("uint12", "nvfp4<ue5m3>", 4, None),
    ("fixed<40,20>", "nvint4<ue5m3>", 1, None),
]

#: Where exponents of E8M0, or numbers of float32, end.
EDGES = [
    ("fixed<12,140>", "mx<e2m1,2>", 1, None), ("fixed<12,200>", "bfp<8,2>", 2, None),
    ("fixed<16,-120>", "mxint8<2>", 1, None), ("fixed<12,-200>", "mx<e3m2,2,rne>", 2, None),
    ("fixed<53,0>", "mx<e2m1,2,fpquant>", 1, None), ("int6", "nvint4", 1, 1e-9),
    ("int9", "nvfp4", 1, 2.0**9),
]

#: More of both, with words of whole blocks.
WIDE = [
    ("fixed<24,8>", "mx<e2m1,8,rne>", 8, None), ("int13", "mx<e3m2,6,ceil>", 3, None),
    ("int18", "mxint8", 32, None), ("int12", "mxint8<4,fpquant,asymmetric>", 4, None),
    ("int20", "nvfp4", 16, 2.0**-6), ("fixed<16,8>", "nvint4", 16, 0.0123),
    ("fixed<16,140>", "mx<e5m2,4,ceil>", 4, None), ("fixed<12,200>", "mx<e4m3fn,4>", 4, None),
    ("fixed<16,-120>", "mx<e2m1,4,fpquant>", 4, None), ("fixed<12,-200>", "bfp<5,2>", 2, None),
    ("fixed<16,140>", "nvfp4", 16, 2.0**-126), ("fixed<16,-112>", "nvint4", 8, 3e38),
    ("fixed<16,145>", "nvfp4<ue5m3>", 2, None), ("fixed<53,0>", "nvfp4<ue5m3>", 8, None),
    ("int6", "nvfp4", 4, 1e9), ("uint12", "mx<e2m1,8,ceil>", 2, None),
    ("int24", "mx<e4m3fn,4>", 1, None), ("fixed<20,-5>", "mxint8<2,rne>", 2, None),
    ("int9", "bfp<2,5>", 5, None), ("int4", "bfp<12,7>", 1, None),
]


#: Random values of each case in the longest tests.
VALUES = 100_000


def quantiser(source, form, lanes, tensor_scale):
    if tensor_scale is not None:
        tensor_scale = float(np.float32(tensor_scale))
    return BlockQuantiser(parse_format(source), parse_block_format(form), lanes, tensor_scale)


def encoded(unit, codes):
    """Codes and scales of blocks (blocks, size), by the golden model."""
    given = () if unit.tensor_scale is None else (np.float32(unit.tensor_scale),)
    fields = unit.form.encode(unit.source.decode(codes), *given)
    return fields["codes"].reshape(codes.shape), fields["scales"].ravel()


def signs(magnitudes, unit, rng):
    """Codes of magnitudes, of random signs where the source has any."""
    return signed(np.where(rng.random(np.shape(magnitudes)) < 0.5, -1, 1) * magnitudes, unit)


def signed(numbers, unit):
    source = unit.source
    return np.clip(np.abs(numbers) if source.min == 0 else numbers, source.min, source.max)


def blocks_of(unit, rng, count=150):
    """Blocks of all magnitudes, numbers of few bits among them, and everything extreme."""
    source, size = unit.source, unit.form.size
    largest, bits = max(-source.min, source.max), source.width
    room = rng.integers(0, bits + 1, (count, 1)) - rng.integers(0, 9, (count, size))
    random = rng.integers(0, largest + 1, (count, size)) >> np.clip(bits - room, 0, 60)
    few = rng.integers(0, 64, (count, size)) << np.minimum(rng.integers(0, bits, (count, 1)), 50)
    shifts = np.arange(bits)[:, None]
    # Around powers of two, and around numbers that carry when they are rounded to the bits of an
    # element: to one or two, three, and six behind the leading one.
    peaks = np.concatenate([start << shifts[:max(bits - start.bit_length(), 0)]
                            for start in (1, 7, 15, 31, 255)])
    peaks = np.concatenate([peaks - 1, peaks, peaks + 1])
    alone = np.zeros((len(peaks), size), np.int64)
    alone[np.arange(len(peaks)), rng.integers(0, size, len(peaks))] = peaks[:, 0]
    below = rng.integers(0, peaks + 1, (len(peaks), size))
    below[:, -1] = peaks[:, 0]
    extremes = np.array([np.zeros(size), np.full(size, source.min), np.full(size, source.max),
                         [source.min, *np.zeros(size - 1)], [*np.zeros(size - 1), source.max],
                         [source.min, *np.ones(size - 1)]]).astype(np.int64)
    same = np.broadcast_to(peaks, alone.shape)
    numbers = [signs(each, unit, rng) for each in (random, few, alone, below, same)]
    return np.concatenate([*numbers, signed(same, unit), extremes, *stepping(unit, rng)])


def stepping(unit, rng):
    """Largest magnitudes on both sides of all steps of the scale, and, for every scale, elements
    on both sides of all steps of the code."""
    if not isinstance(unit.form, NVFormat):
        yield from moving(unit, rng)
        return
    steps = NVSteps(unit.source, unit.form, unit.tensor_scale)
    scales = np.array(steps.scales, np.int64)[:, None]
    codes = np.array(steps.codes)
    tops = np.concatenate([scales, [[steps.largest + 1]]]) - 1
    for peaks, rest in ((scales - 1, ()), (scales, ()),
                        (tops, (np.minimum(codes, tops), np.minimum(codes - 1, tops)))):
        blocks = np.zeros((len(peaks), unit.form.size), np.int64)
        blocks[:, :1 + 7 * len(rest)] = np.concatenate([peaks, *rest], axis=1)
        yield signs(rng.permuted(blocks, axis=1), unit, rng)


def moving(unit, rng):
    """Under several shared exponents, elements at and beside all values and ties of the code."""
    source, beside = unit.source, unit.form.size - 1
    line = turns(unit.form.element, rng)
    if unit.form.rule is ScaleRule.FPQUANT:
        line = line * 4 / 3
    shifts = np.unique(np.linspace(0, max(-source.min, source.max).bit_length() - 1, 4).astype(int))
    for shift, start in itertools.product(shifts.tolist() * (beside > 0), (2, 3, 4)):
        peak = max((start << shift >> 1) - (start == 4), 1)
        alone = np.zeros((1, beside + 1), np.int64)
        alone[0, 0] = min(peak, source.max) if source.min == 0 else -min(peak, -source.min)
        exponent = int(encoded(unit, alone)[1][0]) - 127
        near = np.floor(np.ldexp(line, exponent - source.lsb))
        near = np.unique(near[near <= peak][:, None] + np.arange(-1, 2)).clip(0, peak)
        blocks = np.full((-(-len(near) // beside), beside + 1), peak)
        blocks[:, 1:] = np.resize(near, (len(blocks), beside))
        yield signs(rng.permuted(blocks, axis=1), unit, rng)


def turns(element, rng):
    """Magnitudes of codes, and what lies halfway between neighbours; of many codes, some."""
    reals = np.abs(element.decode(np.arange(element.min, element.max + 1)))
    values = np.unique(reals[np.isfinite(reals)])
    low = np.arange(len(values) - 1)
    if len(low) > 512:
        low = rng.choice(low, 512, replace=False)
    return np.concatenate([values[low], (values[low] + values[low + 1]) / 2, values[low + 1]])


def streams_of(unit, number):
    scale = unit.form.scale if isinstance(unit.form, NVFormat) else unit.form.SCALE
    return [Stream(name=f"u{number}__{name}", direction=way, tensor=f"{name}{number}",
                   format=str(form), lanes=lanes, vector=vector)
            for name, way, form, lanes, vector in (
                ("i", "in", unit.source, unit.lanes, unit.form.size),
                ("o", "out", unit.form.element, unit.lanes, unit.form.size),
                ("scales", "out", scale, 1, 1))]


def check(units, blocks, folder):
    """All blocks freely, some with stalls; latencies and intervals as declared."""
    emulator = emulator_of(units, [stream for number, unit in enumerate(units)
                                   for stream in streams_of(unit, number)], folder)
    count = max(map(len, blocks))
    blocks = [np.resize(each, (count, each.shape[1])) for each in blocks]
    for part, stalls in ((count, {}), (100, {"idle": 0.4, "seed": 1}),
                         (100, {"stall": 0.4, "seed": 2}),
                         (100, {"idle": 0.3, "stall": 0.3, "seed": 3})):
        run = emulator.run({f"i{k}": each[-part:] for k, each in enumerate(blocks)}, **stalls)
        for k, (unit, each) in enumerate(zip(units, blocks, strict=True)):
            codes, scales = encoded(unit, each[-part:])
            told = f"{unit.source} to {unit.form}, {unit.tensor_scale}, {unit.lanes} lanes"
            found = run.outputs[f"scales{k}"].ravel()
            np.testing.assert_array_equal(found, scales, f"{told}: scales")
            np.testing.assert_array_equal(run.outputs[f"o{k}"].reshape(codes.shape), codes, told)
            if not stalls:
                timed(unit, run, k)


def timed(unit, run, number):
    """A block every ``words`` cycles, from the first on; the first output as late as declared."""
    start, codes, scales = (times[f"u{number}__{name}"].astype(int) for times, name in (
        (run.accepted, "i"), (run.delivered, "o"), (run.delivered, "scales")))
    assert (np.diff(start) == unit.words).all(), str(unit.form)
    assert (np.diff(codes) == unit.words).all(), str(unit.form)
    last = start[0] + unit.words - 1
    assert scales[0] == last + unit.scale_latency
    assert codes[0] == last + unit.latency + unit.words - 1


def test_every_family(need, rng, tmp_path):
    need("verilator")
    units = [quantiser(*case) for case in (*CASES, *EDGES)]
    check(units, [blocks_of(unit, rng) for unit in units], tmp_path / "build")


#: Sources of so few codes that blocks of one, two or three can all be tried.
NARROW = [
    *(("int9", f"mx<{element},1,{rule}>", 1) for element, rule in
      zip(ELEMENTS, (*RULES, "ceil"), strict=True)),
    *(("int5", f"mx<e2m1,2,{rule}>", 1 + k % 2) for k, rule in enumerate(RULES)),
    ("uint5", "mx<e4m3fn,2,ceil>", 2), ("int9", "mxint8<1,asymmetric>", 1), ("int3", "bfp<2,3>", 3),
    ("uint1", "bfp<4,4>", 2), ("int1", "mx<e2m1,2>", 1),
]


def every_block(unit):
    """All that there are."""
    codes = range(unit.source.min, unit.source.max + 1)
    return np.array(list(itertools.product(codes, repeat=unit.form.size)))


def test_every_block_of_narrow_sources(need, tmp_path):
    need("verilator")
    units = [quantiser(*case, None) for case in NARROW]
    check(units, [every_block(unit) for unit in units], tmp_path / "build")


def test_streams(rng):
    """Idling, stalls, consumers that wait, resets in mid-stream, in another simulator."""
    units = []
    for case in [("int12", "mx<e2m1,8>", 2, None), ("int12", "mx<e5m2,4,fpquant>", 4, None),
                 ("int12", "bfp<6,3>", 1, None), ("int12", "nvfp4", 8, 0.25)]:
        unit = quantiser(*case)
        blocks = blocks_of(unit, rng, 4)
        blocks = blocks[rng.permutation(len(blocks))[:100 // unit.words]]
        codes, scales = encoded(unit, blocks)
        units.append(Unit(
            unit, {"i": blocks.reshape(-1, unit.lanes)},
            {"o": codes.reshape(-1, unit.lanes), "scales": scales[:, None].astype(np.int64)},
            latency=unit.scale_latency, after=unit.words - 1, interval=Interval(unit.interval)))
    check_units(units)


def test_what_units_say():
    unit = quantiser("int12", "nvint4", 4, 0.5)
    assert (unit.source, str(unit.form), unit.lanes) == (IntFormat(12), "nvint4", 4)
    assert (unit.tensor_scale, unit.words, unit.interval) == (0.5, 4, 1)
    assert quantiser("int12", "mxint8", 32, None).words == 1


MX = parse_block_format("mx<e2m1>")
NV, NV5 = parse_block_format("nvfp4"), parse_block_format("nvfp4<ue5m3>")


@pytest.mark.parametrize(("arguments", "error", "message"), [
    ((TernaryFormat(), MX, 4), TypeError, r"^source must be an IntFormat or FixedFormat, not Ter"),
    ((IntFormat(54), MX, 4), ValueError, r"^source must have at most 53 bits, the lowest from "
                                         r"2\*\*-200 to 2\*\*200, not int54$"),
    ((FixedFormat(8, 201), MX, 4), ValueError, r"^source must have .*, not fixed<8,201>$"),
    ((IntFormat(8), IntFormat(8), 4), TypeError, r"^form must be an MXFormat, BFPFormat or NVF"),
    ((IntFormat(8), parse_block_format("q8_0"), 4), TypeError, r"^form must be an MXFormat, BFP"),
    *(((IntFormat(8), MX, lanes), ValueError, rf"^lanes must divide the 32 elements of a block, "
       rf"not {lanes}$") for lanes in (0, -4, 5, 64)),
    ((IntFormat(8), MX, 4.0), TypeError, r"^lanes must be an integer, not 4\.0$"),
    ((IntFormat(8), MX, 4, 1.0), ValueError, r"^mx<e2m1> has no tensor_scale$"),
    ((IntFormat(8), NV5, 4, 1.0), ValueError, r"^nvfp4<ue5m3> has no tensor_scale$"),
    ((IntFormat(8), NV, 4), ValueError, r"^nvfp4 needs a tensor_scale$"),
    ((IntFormat(8), NV, 4, 0.1), ValueError, r"^tensor_scale must be a number of float32, not 0"),
    ((IntFormat(8), NV, 4, -1.0), ValueError, r"^tensor_scale must be positive and finite, not -"),
    ((FixedFormat(8, -130), NV, 4, 1.0), ValueError, r"lies outside the range of float32$")])
def test_units_that_do_not_exist(arguments, error, message):
    with pytest.raises(error, match=message):
        BlockQuantiser(*arguments)


def full_cases():
    """Every element and rule, of sources of many widths, and lanes that divide the block."""
    sources = itertools.cycle(("int8", "uint16", "int24", "fixed<40,20>", "int12", "fixed<17,90>",
                               "uint6", "int32"))
    lanes = itertools.cycle((1, 2, 4, 8))
    for size, element, rule in itertools.product((8, 16), ELEMENTS, RULES):
        yield next(sources), f"mx<{element},{size},{rule}>", next(lanes), None
    for size, rule, way in itertools.product((8, 16), RULES, (",asymmetric", "")):
        yield next(sources), f"mxint8<{size},{rule}{way}>", next(lanes), None
    for mantissa in range(2, 17):
        yield next(sources), f"bfp<{mantissa},8>", next(lanes), None
    for name, scale in itertools.product(("nvfp4", "nvint4"), (2.0**-20, 0.013, 1.0, 77.7)):
        yield next(sources), name, next(lanes), scale
    for name in 4 * ("nvfp4<ue5m3>", "nvint4<ue5m3>"):
        yield next(sources), name, next(lanes), None


@pytest.mark.full
@pytest.mark.parametrize("part", range(5))
def test_many(need, rng, tmp_path, part):
    need("verilator")
    check_many(list(full_cases())[part::5], rng, tmp_path / "build")


@pytest.mark.full
@pytest.mark.parametrize("cases", [CASES, EDGES, WIDE[::2], WIDE[1::2]],
                         ids=["families", "edges", "wide", "more_wide"])
def test_many_values(need, rng, tmp_path, cases):
    need("verilator")
    check_many(cases, rng, tmp_path / "build")


def check_many(cases, rng, folder):
    """At least a hundred thousand random values of each."""
    units = [quantiser(*case) for case in cases]
    check(units, [blocks_of(unit, rng, -(-VALUES // unit.form.size)) for unit in units], folder)


@pytest.mark.full
def test_every_pair(need, tmp_path):
    """All blocks of two codes of 8 bits, under every rule."""
    need("verilator")
    units = [quantiser("int8", f"mx<{element},2,{rule}>", 2, None)
             for element, rule in itertools.product(("e2m1", "e4m3fn"), RULES)]
    units += [quantiser("int8", form, 2, None) for form in ("mxint8<2>", "bfp<4,2>")]
    check(units, [every_block(unit) for unit in units], tmp_path / "build")


@pytest.mark.full
def test_every_code_by_every_peak(need, rng, tmp_path):
    """All codes of 8 bits beside every largest magnitude of either sign, in blocks of 16."""
    need("verilator")
    blocks = []
    for peak in (*range(-128, 0), *range(1, 128)):
        codes = np.arange(-abs(peak), min(abs(peak), 127) + 1)
        rest = np.resize(rng.permutation(codes), (-(-len(codes) // 15), 15))
        blocks.append(rng.permuted(np.insert(rest, 0, peak, axis=1), axis=1))
    units = [quantiser("int8", form, lanes, scale) for form, lanes, scale in (
        ("nvfp4", 1, 2.0**-6), ("nvint4", 2, 0.0123), ("nvfp4<ue5m3>", 4, None),
        ("nvint4<ue5m3>", 8, None))]
    check(units, [np.concatenate(blocks)] * len(units), tmp_path / "build")
