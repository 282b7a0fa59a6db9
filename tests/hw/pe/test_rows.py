# amaranth: UnusedElaboratable=no
"""Rows that share activations: the results of one element a row, whatever is shared."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache, partial

import pytest

from hw.pe import PE_KINDS
from hw.pe.packing import PORTS
from hw.pe.rows import SeparateRows, rows_of
from tests.hw.pe.test_kinds import FORMATS, bits_of, is_native, spec_of
from tests.hw.pe.test_packed_rows import case_of
from tests.support.enabled import Enabled, check_enabled
from tests.support.parts import in_parts

#: Kinds whose rows share something; packed for every size of multipliers.
KINDS = [(kind, family) for kind, make in PE_KINDS.items() if make.shared is not None
         for family in ({ports: family for family, ports in PORTS.items()}.values()
                        if kind == "packed" else [None])]

#: Lanes and rows.
SIZES = list(itertools.product((1, 4), (2, 3, 5)))

#: Those of the cover.
FEW = [(1, 2), (1, 5), (4, 2), (4, 3)]

#: What one test compiles at most, as :func:`size_of` counts: a minute or two.
LARGEST = 12_000


@cache
def legal_pairs(kind, family):
    """Pairs of formats that a kind takes, the narrowest products first."""
    make = PE_KINDS[kind]
    return sorted((pair for pair in itertools.product(FORMATS, repeat=2)
                   if make.refusal(spec_of(*pair, 1), **make.parameters(family)) is None),
                  key=lambda pair: bits_of(*pair))


def cover():
    """Every format on both sides, every kind and family twice or more, with few rows and lanes."""
    wanted = {(side, pair[side]) for one in KINDS for pair in legal_pairs(*one) for side in (0, 1)}
    cases = []
    for one, (lanes, rows) in zip(itertools.cycle(KINDS), itertools.cycle(FEW), strict=False):
        if not wanted and len(cases) >= 2 * len(KINDS):
            return cases
        best = max(legal_pairs(*one), key=lambda pair: len(wanted & set(enumerate(pair))))
        wanted -= set(enumerate(best))
        cases.append((*one, *best, lanes, rows))
    raise AssertionError


def every_pair(kind, family):
    """Each legal pair: without decoders with lanes and rows in turn, behind them, where it is the
    same element, with the fewest."""
    sizes = itertools.cycle(SIZES)
    return [(kind, family, a, w, *(next(sizes) if is_native(kind, a, w) else SIZES[0]))
            for a, w in legal_pairs(kind, family)]


def size_of(case):
    """Bits of all products."""
    _, _, a, w, lanes, rows = case
    return lanes * rows * (bits_of(a, w) + 8)


def check_rows(cases, rng, folder, count=500):
    """Operands as often as they are taken, and, where that is sooner, as they might be."""
    enabled = []
    for kind, family, a, w, lanes, rows in cases:
        draw = partial(case_of, partial(rows_of, PE_KINDS[kind]), spec_of(a, w, lanes), rows, rng,
                       count, family=family)
        enabled.append(draw())
        if "ready" in enabled[-1].component.signature.members:
            enabled.append(replace(draw(), between=partial(Enabled, eager=True)))
    check_enabled(enabled, folder)


def test_pairwise(need, tmp_path, rng):
    need("verilator")
    check_rows([*cover(), ("parallel", None, "int8", "int3", 4, 3)], rng, tmp_path / "build", 100)


@pytest.mark.full
@pytest.mark.parametrize("cases", [part for one in KINDS
                                   for part in in_parts(every_pair(*one), size_of, LARGEST)],
                         ids=lambda cases: "{}-{}-{}-{}".format(*cases[0]))
def test_every_pair_of_formats(cases, need, tmp_path, rng):
    need("verilator")
    check_rows(cases, rng, tmp_path / "build")


def test_interval_is_known_before():
    for make in PE_KINDS.values():
        spec = spec_of("int8", "int3", 3)
        if make.refusal(spec) is None:
            assert rows_of(make, spec, 2).interval == make(spec).interval \
                == make.interval_of(spec)


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"^rows must be at least 1, not 0$"):
        SeparateRows(PE_KINDS["parallel"], spec_of("int8", "int8", 1), 0)
    with pytest.raises(TypeError, match=r"^spec must be a DotSpec, not 3$"):
        SeparateRows(PE_KINDS["parallel"], 3, 1)
    with pytest.raises(ValueError, match="weights of a ternary dot product must be"):
        rows_of(PE_KINDS["ternary"], spec_of("int8", "int4", 1), 2)


def test_rows_are_packed_for_the_family():
    """As many multipliers as its ports allow, two rows or one, and no pair is refused that fits."""
    packed = PE_KINDS["packed"]
    for family in PORTS:
        for a, w in (("int6", "int4"), ("int8", "int2"), ("int8", "int4")):
            spec = spec_of(a, w, 16)
            for rows in (1, 2, 5):
                wanted = packed.shared(spec, rows, ports=PORTS[family])
                found = rows_of(packed, spec, rows, family=family)
                assert type(found) is type(wanted)
                assert multipliers_of(found) == multipliers_of(wanted)
    assert multipliers_of(rows_of(packed, spec_of("int8", "int8", 16), 2, family="xilinx")) == 16
    with pytest.raises(ValueError, match="fit a multiplier of 18 x 18 bits"):
        rows_of(packed, spec_of("int8", "int8", 16), 2, family="ecp5")


def multipliers_of(rows):
    """Those of all rows."""
    if isinstance(rows, SeparateRows):
        return sum(element.component.multipliers for element in rows._elements)
    return rows.multipliers
