# amaranth: UnusedElaboratable=no
"""Dot products of groups with scales, by rational numbers: BitMoD's, and integers."""

from __future__ import annotations

import itertools
import re
from fractions import Fraction

import numpy as np
import pytest

from hw.array.group_dot import GroupDot, GroupDotSpec
from hw.pe import PE_KINDS
from hw.shapes import shape_between
from sw_model.formats import IntFormat, parse_format
from sw_model.formats.blocks.bitmod import BitModFormat, code_values, selected_codes
from tests.support.dots import codes_of
from tests.support.units import Interval, Unit, check_units

FP16_ONE = 0x3C00

#: Bits of BitMoD's selectors.
SELECTOR = 2

STALLS = [(0.0, 0.0), (0.4, 0.4)]


def spec_of(a, w, scale, lanes, size, groups, pe="term"):
    """``w`` is a format, or the width of BitMoD's codes."""
    bitmod = isinstance(w, int)
    return GroupDotSpec(parse_format(a), selected_codes(w) if bitmod else parse_format(w),
                        parse_format(scale), lanes, size, groups, SELECTOR if bitmod else 0, pe)


def values_of(form):
    """What each code that is a number stands for."""
    codes = codes_of(form).tolist()
    return dict(zip(codes, map(Fraction, form.decode(np.array(codes)).tolist()), strict=True))


def ends_of(form):
    values = values_of(form)
    return min(values, key=values.get), max(values, key=values.get)


class Operands:
    """Words of the streams of a GroupDot, and what must come out."""

    def __init__(self, spec, rng):
        self._spec, self._rng = spec, rng
        self._a, self._w = values_of(spec.activations), values_of(spec.weights)
        self._low = spec.weights.width - spec.selector
        self.words = {"a": [], "w": [], "scales": []}
        self.wanted = []

    def product(self, groups):
        """One dot product, of (activations, whole codes of weights, scale) a group."""
        total = Fraction(0)
        for number, (a, w, scale) in enumerate(groups):
            total += scale * sum(self._a[x] * self._w[y] for x, y in zip(a, w, strict=True))
            self._group(list(a), list(w), scale, number == len(groups) - 1)
        total /= Fraction(2) ** self._spec.dot.lsb
        assert total.denominator == 1
        self.wanted.append(int(total))

    def _group(self, a, w, scale, last):
        spec, selector = self._spec, w[0] >> self._low
        for x, y in [self._padding(selector) for _ in range(-len(a) % spec.lanes)]:
            a.append(x)
            w.append(y)
        if spec.selector:
            assert {code >> self._low for code in w} == {selector}
            w = [code & (1 << self._low) - 1 for code in w]
        for first in range(0, len(a), spec.lanes):
            self.words["a"].append(a[first:first + spec.lanes])
            self.words["w"].append(w[first:first + spec.lanes])
        word, at = scale & (1 << spec.scale.width) - 1, spec.scale.width
        if spec.selector:
            word, at = word | selector << at, at + spec.selector
        self.words["scales"].append(word | last << at)

    def _padding(self, selector):
        """Any pair of the group whose product is zero."""
        pairs = [(x, y) for x, y in itertools.product(self._a, self._w)
                 if self._a[x] * self._w[y] == 0
                 and (not self._spec.selector or y >> self._low == selector)]
        return pairs[self._rng.integers(len(pairs))]

    def random(self, count):
        spec, rng = self._spec, self._rng
        codes = np.array(list(self._w))
        for turn in range(count):
            groups = []
            for _ in range(1 if turn % 4 == 3 else int(rng.integers(1, spec.groups + 1))):
                table = codes
                if spec.selector:
                    table = codes[codes >> self._low == rng.integers(1 << spec.selector)]
                groups.append((rng.choice(list(self._a), spec.size).tolist(),
                               rng.choice(table, spec.size).tolist(),
                               int(rng.integers(spec.scale.min, spec.scale.max + 1))))
            self.product(groups)

    def extremes(self):
        """Ends of activations, weights and scales all the way, as often as fits."""
        spec = self._spec
        for x, y, scale in itertools.product(ends_of(spec.activations), ends_of(spec.weights),
                                             (spec.scale.min, spec.scale.max)):
            self.product([([x] * spec.size, [y] * spec.size, scale)] * spec.groups)

    def unit(self):
        component = GroupDot(self._spec)
        shape = component.o.payload.shape()
        mask = (1 << shape.width) - 1
        # All words of the first dot product but one come before the last.
        first = self.words["scales"]
        groups = 1 + next(k for k, word in enumerate(first) if word.bit_length() > self._spec.scale
                          .width + self._spec.selector)
        return Unit(component, self.words, {"o": [value & mask for value in self.wanted]},
                    latency=component.latency, after=groups * self._spec.words - 1, since="a",
                    interval=Interval(component.interval, self._spec.words, "a"),
                    name=str(self._spec))


def unit_of(rng, *arguments, count=4):
    """Extremes, which fill the result's shape, and then any operands."""
    operands = Operands(spec_of(*arguments), rng)
    operands.extremes()
    filled = shape_between(min(0, *operands.wanted), max(0, *operands.wanted))
    operands.random(count)
    unit = operands.unit()
    assert unit.component.o.payload.shape() == filled
    return unit


def test_bitmod(rng, need):
    """Groups of a word and less, of several words, with padding and without."""
    need("icarus")
    check_units([unit_of(rng, a, width, scale, lanes, size, groups)
                 for width, a, scale, lanes, size, groups in (
                     (3, "int8", "uint7", 4, 32, 2), (4, "int8", "uint7", 4, 3, 3),
                     (3, "int8", "uint7", 4, 4, 1), (4, "int6", "int8", 1, 5, 2),
                     (4, "uint8", "int3", 8, 20, 2), (3, "bipolar", "uint1", 2, 1, 5),
                     (4, "int16", "uint16", 2, 6, 2))], stalls=STALLS)


def test_every_code(rng, need):
    """With every selector, alone in a group."""
    need("icarus")
    units = []
    for width in (3, 4):
        spec = spec_of("int2", width, "uint1", 1, 1, 1)
        operands = Operands(spec, rng)
        for x, y in itertools.product(values_of(spec.activations), values_of(spec.weights)):
            operands.product([([x], [y], 1)])
        units.append(operands.unit())
    check_units(units, stalls=STALLS)


def test_integers_and_other_tables(rng, need):
    """Weights without selectors; scales of all widths."""
    need("icarus")
    scales = ["uint1", "int1", "int2", "uint3", "int5", "uint8", "int8", "int13", "uint16"]
    weights = ["int8", "uint4", "e2m1", "bipolar", "ternary", "int6", "fixed<6,2>",
               "codebook<0,16>", "khot<5,1,2>"]
    check_units([unit_of(rng, "int8", w, scale, lanes, size, 1 + k % 3) for k, (
        w, scale, (lanes, size)) in enumerate(zip(weights, scales, itertools.cycle(
            [(4, 8), (4, 2), (3, 7), (1, 1), (1, 3)]), strict=False))], stalls=STALLS)


#: Kinds and what they take: one cycle a word, several, and as many as digits are not zero.
KINDS = [("term", 4), ("term", "int8"), ("weight_serial", 3), ("weight_serial", "int8"),
         ("exact", 4), ("exact", "int8"), ("activation_serial", 4), ("booth", "int8"), ("csd", 4),
         ("en_t", "int8"), ("parallel", "int8"), ("lut", 3), ("sparse_encoded", "int8"),
         ("bit_weight", "int4"), ("binary", "bipolar")]


def test_kinds_of_elements(rng, need):
    """The bits do not depend on the kind, the pace does."""
    need("icarus")
    units = [unit_of(rng, "bipolar" if pe == "binary" else "int8", w, scale, 2, size, 2, pe,
                     count=2)
             for (pe, w), (scale, size) in zip(KINDS, itertools.cycle(
                 [("uint7", 8), ("int3", 2)]), strict=False)]
    assert {unit.component.step for unit in units} > {1, 2, 4, 8}
    check_units(units, stalls=STALLS)


@pytest.mark.parametrize("width", [3, 4])
def test_channels_of_bitmod(width, rng, need):
    """Weights as they are stored, before the channel's scale: y of the paper."""
    need("icarus")
    form, groups = BitModFormat(width, 32), 3
    fields = form.encode(rng.normal(size=(4, groups * form.group)) * [[1], [20], [0.01], [1]])
    fields["channel"][:] = FP16_ONE
    activations = rng.integers(-128, 128, groups * form.group)
    grid = 2 if width == 4 else 1
    wanted = (form.decode(fields) * grid * activations).sum(axis=-1)

    operands = Operands(spec_of("int8", width, "uint7", 4, form.group, groups), rng)
    for codes, special, scales in zip(*(fields[name].astype(int).tolist() for name in (
            "codes", "special", "scales")), strict=True):
        operands.product([(x, [code | selector << width for code in w], scale)
                          for x, w, selector, scale in zip(
                              activations.reshape(groups, -1).tolist(), codes, special, scales,
                              strict=True)])
    assert operands.wanted == wanted.tolist()
    assert np.abs(wanted).min() > 0
    check_units([operands.unit()], stalls=STALLS)


@pytest.mark.parametrize(("arguments", "step", "interval", "latency"), [
    (("int8", 3, "uint7", 4, 128, 32), 2, 64, 6 + 1 + 8),
    (("int8", 4, "uint8", 4, 128, 32), 2, 64, 6 + 1 + 9),
    (("int8", "int6", "uint7", 4, 128, 32), 3, 96, 7 + 1 + 8),
    (("int8", "int8", "uint7", 4, 128, 32), 4, 128, 8 + 1 + 8),
    (("int8", 4, "uint7", 4, 16, 32), 2, 8, 6 + 1 + 8),
    (("int8", 4, "uint7", 4, 15, 32), 2, 8, 6 + 1 + 8),
    (("int8", 4, "uint7", 4, 12, 32), 2, 8, 6 + 1 + 8),
    (("int8", 4, "uint7", 16, 2, 32), 2, 8, 8 + 1 + 8),
    (("int8", 4, "uint16", 4, 16, 32), 2, 17, 6 + 1 + 17)])
def test_pace(arguments, step, interval, latency):
    """A group takes as long as its words, if its scale does not take longer."""
    unit = GroupDot(spec_of(*arguments))
    assert (unit.step, unit.interval, unit.latency) == (step, interval, latency)


def test_selected_codes():
    for width in (3, 4):
        form = selected_codes(width)
        assert form.width == width + SELECTOR
        codes = np.arange(1 << form.width).reshape(4, -1)
        np.testing.assert_array_equal(form.decode(codes), code_values(width))


@pytest.mark.full
@pytest.mark.parametrize("part", range(8))
def test_any_parameters(part, rng, need):
    need("verilator")
    units = []
    forms = ["int8", "int4", "uint3", "e2m1", "bipolar", "ternary", 3, 4]
    kinds = list(PE_KINDS)
    while len(units) < 12:
        scale = f"{rng.choice(['', 'u'])}int{rng.integers(1, 17)}"
        arguments = (str(rng.choice(["int8", "int5", "uint8", "ternary"])),
                     forms[rng.integers(len(forms))], scale, int(rng.integers(1, 10)),
                     int(rng.integers(1, 25)), int(rng.integers(1, 4)),
                     kinds[rng.integers(len(kinds))] if rng.random() < 0.7 else "term")
        spec = spec_of(*arguments)
        if PE_KINDS[spec.pe].refusal(spec.dot) is None and PE_KINDS[spec.pe].family is None:
            units.append(unit_of(rng, *arguments, count=8))
    check_units(units, simulator="verilator", stalls=[(0.0, 0.0), (0.7, 0.1), (0.1, 0.7)])


@pytest.mark.parametrize(("change", "error", "words"), [
    ({"size": 0}, ValueError, "size must be at least 1, not 0"),
    ({"lanes": 1.5}, TypeError, "lanes must be an integer, not 1.5"),
    ({"groups": 0}, ValueError, "groups must be at least 1, not 0"),
    ({"selector": 8}, ValueError, "selector must be 0 to 7 of the bits of int8, not 8"),
    ({"selector": -1}, ValueError, "selector must be 0 to 7 of the bits of int8, not -1"),
    ({"selector": 2}, ValueError, "selector must be 0 for int8, whose codes are no table's, not 2"),
    ({"activations": 3}, TypeError, "activations must be a Format, not 3"),
    ({"weights": 3}, TypeError, "weights must be a Format, not 3"),
    ({"scale": 8}, TypeError, "scale must be an IntFormat, not 8"),
    ({"scale": IntFormat(17)}, ValueError, "scale must have at most 16 bits, not int17")])
def test_what_it_refuses(change, error, words):
    given = {"activations": IntFormat(8), "weights": IntFormat(8), "scale": IntFormat(8),
             "lanes": 4, "size": 16, "groups": 2, **change}
    with pytest.raises(error, match=f"^{re.escape(words)}$"):
        GroupDot(GroupDotSpec(**given))


def test_what_no_element_takes():
    with pytest.raises(ValueError, match=r"^pe must be one of parallel, .*, not 'magic'$"):
        spec_of("int8", "int8", "int8", 4, 16, 2, "magic")
    with pytest.raises(ValueError, match=r"^size must be a multiple of 4 where neither"):
        spec_of("bipolar", "bipolar", "int8", 4, 15, 2)
    with pytest.raises(ValueError, match=r"^weights of a parallel dot product must be"):
        GroupDot(spec_of("int8", 4, "int8", 4, 16, 2, "parallel"))
    with pytest.raises(TypeError, match=r"^spec must be a GroupDotSpec, not 3$"):
        GroupDot(3)
