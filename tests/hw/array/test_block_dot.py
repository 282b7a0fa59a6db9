# amaranth: UnusedElaboratable=no
"""Dot products of block formats: decoders, elements, scales and the sum across blocks at once."""

from __future__ import annotations

import itertools

import pytest

from hw.array.block_dot import BlockDot
from sw_model.formats import FixedFormat, Float32Format, parse_format
from sw_model.formats.blocks import GGUF_FORMATS
from sw_model.formats.blocks.runs import RunFormat, RunScale
from sw_model.specs import BlockDotSpec
from tests.support.block_dots import block_dot_unit, runs_for
from tests.support.units import check_units

#: Block formats, and what they meet in ``make test``.
PAIRS = [
    ("mx<e2m1>", "mx<e2m1>"), ("mx<e4m3fn>", "mx<e2m3>"), ("mx<e5m2>", "mx<e5m2>"),
    ("mx<e3m2>", "nvint4"), ("mxint8", "q4_1"), ("bfp<5,16>", "bfp<9,8>"), ("nvfp4", "nvfp4"),
    ("nvfp4<ue5m3>", "nvint4"), ("q8_0", "q4_k"), ("q4_1", "q4_1"), ("q8_0", "q6_k"),
    ("int8", "q4_0"), ("mxint8", "gguf_mxfp4"), ("fixed<8,4>", "gguf_nvfp4"), ("q8_0", "iq4_nl"),
    ("int4", "tq1_0"), ("uint8", "stq1_0"), ("e4m3fn", "sherry<64>"), ("int8", "bitmod<3,32>"),
    ("bitmod<4,32>", "bitmod<4,64>"), ("olive<int4>", "olive<flint4>"), ("int8", "olive<int8>")]

#: Every block format.
FORMS = sorted({form for pair in PAIRS for form in pair if runs_for(form).scale} |
               {*GGUF_FORMATS, "mx<e2m3>", "nvint4<ue5m3>", "olive<int8>", "olive<int4>"})


def size_for(activations, weights, most=8):
    """Elements of a run, few."""
    sizes = [form.size for form in (activations, weights) if form.size]
    return min([most, *sizes])


def unit_of(rng, a, w, *, lanes, rows=1, **more):
    activations, weights = runs_for(a), runs_for(w)
    return block_dot_unit(rng, activations, weights, size=size_for(activations, weights),
                          lanes=lanes, rows=rows, name=f"{a} {w} {lanes}x{rows} {more}", **more)


def test_every_block_format(rng, need):
    """Between random and extreme runs, stalls and resets in mid-run."""
    need("icarus")
    check_units([unit_of(rng, a, w, lanes=lanes, rows=rows, count=4, runs=2)
                 for (a, w), (lanes, rows) in zip(
                     PAIRS, itertools.cycle([(4, 1), (8, 2), (8, 1), (4, 5)]), strict=False)],
                stalls=[(0.0, 0.0), (0.3, 0.3)])


def test_what_is_no_finite_number(rng, need):
    """NaN and infinities of scales, of minima and of elements make a result NaN, no other."""
    need("icarus")
    units = [unit_of(rng, a, w, lanes=4, rows=2, special=True, count=9) for a, w in (
        ("mx<e5m2>", "mx<e4m3fn>"), ("q4_1", "q8_0"), ("nvfp4", "nvfp4<ue5m3>"),
        ("int8", "gguf_mxfp4"))]
    assert all(isinstance(unit.component.spec.target, Float32Format) for unit in units)
    check_units(units, stalls=[(0.0, 0.0), (0.4, 0.4)])


def test_windows(rng, need):
    """Where exponents have a narrow range the result is exact."""
    need("icarus")
    five = RunFormat(parse_format("fixed<5,2>"), 8,
                     RunScale(parse_format("uint3"), parse_format("int4")),
                     RunScale(parse_format("int3"), negative=True))
    units = [block_dot_unit(rng, five, weights, size=8, lanes=4, rows=rows, name=f"window {rows}")
             for rows, weights in ((1, five), (3, runs_for("bitmod<4,32>")))]
    units.append(unit_of(rng, "nvfp4", "nvfp4", lanes=4, width=64))
    assert all(unit.component.spec.sum.is_exact for unit in units)
    check_units(units)


def test_kinds_of_elements(rng, need):
    """The bits do not depend on the kind, the pace does."""
    need("icarus")
    kinds = {"exact": 1, "parallel": 1, "lut": 1, "serial_lut": 8, "weight_serial": 4, "booth": 2}
    units = [unit_of(rng, "int8", "q4_1", lanes=4, rows=2, pe=pe) for pe in kinds]
    units.append(unit_of(rng, "int8", "tq1_0", lanes=8, pe="ternary"))
    check_units(units, stalls=[(0.0, 0.0), (0.5, 0.5)])
    assert len({unit.component.step for unit in units}) > 2


def test_pace(rng, need):
    """A run takes as long as its words, or as its sums take on their way to the total."""
    need("icarus")
    units = [unit_of(rng, a, w, lanes=lanes, rows=rows, count=12, runs=4)
             for a, w, lanes, rows in (("mx<e2m1>", "mx<e2m1>", 1, 1),
                                       ("mx<e2m1>", "mx<e2m1>", 8, 1),
                                       ("nvfp4", "nvint4", 4, 5), ("int8", "q4_1", 2, 2))]
    assert [unit.component.interval for unit in units] == [8, 5, 5, 12]
    check_units(units, stalls=[(0.0, 0.0)])


def test_logic_in_place_of_multipliers(rng, need):
    need("icarus")
    check_units([unit_of(rng, "q8_0", "q4_k", lanes=4, multiplier="fabric"),
                 unit_of(rng, "nvfp4", "nvfp4", lanes=4, multiplier="fabric")],
                stalls=[(0.0, 0.0), (0.4, 0.4)])


@pytest.mark.full
@pytest.mark.parametrize("lanes", [1, 4, 16])
@pytest.mark.parametrize("part", range(4))
def test_every_pair_of_block_formats(part, lanes, rng, need):
    """Each with itself and with three others, runs of their own length."""
    need("verilator")
    units = []
    for k, a in enumerate(FORMS[part::4]):
        for w in {a, FORMS[(3 * k + 1) % len(FORMS)], FORMS[(7 * k + 5) % len(FORMS)], "int8"}:
            activations, weights = runs_for(a), runs_for(w)
            size = size_for(activations, weights, 32)
            units.append(block_dot_unit(
                rng, activations, weights, size=size, lanes=min(lanes, size), rows=1 + k % 3,
                count=60, special=k % 2 == 1, name=f"{a} {w} {lanes}"))
    check_units(units, simulator="verilator", stalls=[(0.0, 0.0), (0.3, 0.3)])


def test_multipliers_of_the_family():
    """Two products of bytes fit a multiplier of Xilinx, and none of 18 x 18 bits."""
    form = runs_for("int8")
    spec = BlockDotSpec(activations=form, weights=form, size=8, runs=2, target=Float32Format())
    with pytest.raises(ValueError, match=r"^no two products of .* a multiplier of 18 x 18 bits"):
        BlockDot(spec, 4, 2, "packed")
    assert BlockDot(spec, 4, 2, "packed", family="xilinx").interval > 0


def test_wrong_parameters():
    form = runs_for("mx<e2m1>")
    spec = BlockDotSpec(activations=form, weights=form, size=32, runs=2, target=Float32Format())
    for arguments, message in (((spec, 5), "^lanes must be a divisor of the 32 elements of a run, "
                                           "not 5$"),
                               ((spec, 4, 0), "^rows must be at least 1, not 0$"),
                               ((spec, 4, 1, "magic"), "^pe must be one of parallel, .*, not "
                                                       "'magic'$"),
                               ((spec, 4, 1, "parallel"), "e2m1")):
        with pytest.raises(ValueError, match=message):
            BlockDot(*arguments)
    with pytest.raises(TypeError, match=r"^spec must be a BlockDotSpec, not 3$"):
        BlockDot(3, 1)
    with pytest.raises(ValueError, match=r"^size must be a divisor of the 32 elements of a run of "
                                         r"the activations, not 5$"):
        BlockDotSpec(activations=form, weights=form, size=5, runs=2, target=Float32Format())
    with pytest.raises(ValueError, match=r"^terms have bits down to 2\*\*-256, but those of "
                                         r"fixed<32,16> end at 2\*\*-16$"):
        BlockDotSpec(activations=form, weights=form, size=32, runs=2, target=FixedFormat(32, 16))
