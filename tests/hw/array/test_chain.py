# amaranth: UnusedElaboratable=no
"""The chain of multipliers: exact sums of any lengths, however many products a lane holds."""

from __future__ import annotations

import re

import numpy as np
import pytest

from hw.array.chain import DspChain
from tests.support.chains import ChainCase, chain_of, check_chains
from tests.support.dots import codes_of
from tests.support.sparse_layers import draw

NARROW = (18, 18)

#: Activations, weights, M, length, group, vectors and ports; with splits behind every group,
#: some and none, into two or more parts, that leave much of a lane and nearly nothing.
SPECS = [("int8", "int8", 16, 12, 2, 2), ("int4", "int8", 5, 14, 2, 2, NARROW),
         ("uint4", "uint4", 4, 10, 2, 2, (14, 8)), ("int3", "int3", 4, 9, 3, 3, NARROW),
         ("int8", "int8", 3, 6, 2, 1), ("ternary", "int8", 4, 12, 1, 2, (12, 8)),
         ("bipolar", "bipolar", 2, 8, 1, 4, NARROW), ("fixed<6,3>", "int5", 4, 10, 5, 2)]

#: Longer ones.
MORE = [("int8", "int8", 4, 24, 4, 2), ("int8", "int8", 5, 40, 8, 2),
        ("uint4", "uint4", 8, 80, 2, 2, NARROW), ("uint8", "int4", 3, 60, 5, 2),
        ("int6", "ternary", 6, 24, 3, 2, NARROW), ("uint3", "int2", 4, 18, 2, 3, (18, 6)),
        ("int8", "int8", 16, 64, 2, 2)]


def case_of(spec, rng, count=300):
    """Any operands; the first of extremes, most of them summed up to the chain's end."""
    shapes = ((count, spec.vectors, spec.of), (count, spec.length))
    operands = []
    for form, shape in zip((spec.activations, spec.weights), shapes, strict=True):
        codes = draw(form, shape, rng, False)
        codes[:count // 3] = draw(form, (count // 3, *shape[1:]), rng, True)
        # A third of all the same.
        fixed = form.to_fixed(codes_of(form))
        ends = codes_of(form)[[np.argmin(fixed), np.argmax(fixed)]]
        codes[:count // 6] = rng.choice(ends, (count // 6, *[1] * (len(shape) - 1)))
        operands.append(codes)
    ends = rng.random((count, spec.nodes)) < rng.choice([0.0, 0.2, 0.6], (count, 1))
    return ChainCase(spec, *operands, rng.integers(0, spec.of, shapes[1]), ends.astype(int))


def cases_of(specs, rng):
    return [case_of(chain_of(*each[:6], **({"ports": each[6]} if each[6:] else {})), rng)
            for each in specs]


def test_sums_of_any_lengths(rng, need, tmp_path):
    """Reduction points are others with every word."""
    need("verilator")
    cases = cases_of(SPECS, rng)
    assert {case.spec.section for case in cases if case.spec.section < case.spec.nodes} >= {1, 2, 4}
    check_chains(cases, tmp_path / "build")


@pytest.mark.full
def test_longer_chains(rng, need, tmp_path):
    need("verilator")
    check_chains(cases_of(MORE, rng), tmp_path / "build")


@pytest.mark.parametrize("length", [8, 16, 24])
def test_more_than_eight_products(rng, need, tmp_path, length):
    """FlightLLM's lanes of 18 bits hold eight products of int8, of any signs, and no ninth."""
    need("verilator")
    spec = chain_of("int8", "int8", 4, length)
    assert length == 8 or (spec.lane, spec.limit, spec.section) == (18, 8, 4)
    splits = [node for node in range(spec.nodes) if spec.splits(node)]
    assert splits == list(range(3, spec.nodes - 1, 4))
    case = case_of(spec, rng, 64)
    case.ends[:] = 0
    for row, (first, second, weight) in enumerate((
            (-128, -128, -128), (-128, 127, -128), (127, -128, -128), (-128, -128, 127),
            (127, 127, 127), (127, 127, -128), (-1, 1, 1), (1, -1, 1))):
        case.a[row], case.w[row] = np.array([[first], [second]]), weight
    wanted = case.expected()
    assert wanted[0, -1].tolist() == [length * 2**14] * 2
    assert length == 8 or abs(wanted).max() > 2**17
    check_chains([case], tmp_path / "build")


def test_every_product(need, tmp_path):
    """One multiplier, every pair of activations and every weight, with nothing to spare."""
    need("verilator")
    cases = []
    for a, w, vectors in (("int4", "int4", 2), ("uint3", "int4", 3), ("bipolar", "int8", 3),
                          ("ternary", "ternary", 4), ("int5", "bipolar", 2)):
        spec = chain_of(a, w, 2, 1, 1, vectors)
        grid = np.meshgrid(*[codes_of(spec.activations)] * vectors, codes_of(spec.weights))
        flat = np.stack([axis.ravel() for axis in grid], axis=1)
        pairs = np.repeat(flat[:, :vectors, None], 2, axis=2)
        zero = np.zeros((len(flat), 1), int)
        cases.append(ChainCase(spec, pairs, flat[:, vectors:], zero, zero))
    check_chains(cases, tmp_path / "build")


def test_latency():
    """Picking, a product, a tree over the group, a node each, a split each, and the result."""
    assert DspChain(chain_of("int8", "int8", 16, 16, 2)).latency == 1 + 1 + 1 + 7 + 1 + 1
    assert DspChain(chain_of("int8", "int8", 16, 16, 8)).latency == 1 + 1 + 3 + 1 + 1 + 1
    assert DspChain(chain_of("int8", "int8", 4, 1, 1)).latency == 1 + 1 + 0 + 0 + 0 + 1


#: Of a multiplier that does not take one product.
NOT_AT_ALL = ("products of {} activations int19 and a weight int8 do not fit a multiplier of "
              "18 x 18 bits side by side; narrower formats do")


def test_what_it_refuses():
    for change, message in (
            ({"length": 0}, "length must be at least 1, not 0"),
            ({"group": 0}, "group must be at least 1, not 0"),
            ({"vectors": 0}, "vectors must be at least 1, not 0"),
            ({"of": 1}, "of must be at least 2, not 1"),
            ({"group": 3}, "length must be a multiple of group (3), not 16"),
            ({"group": 16}, "group must be at most 8, not 16: no more products of 2 activations "
                            "int8 and a weight int8 may be added in a multiplier of 27 x 18 bits"),
            ({"ports": NARROW}, "products of 2 activations int8 and a weight int8 do not fit a "
                                "multiplier of 18 x 18 bits side by side; fewer vectors do, or "
                                "narrower formats do"),
            ({"activations": "int19", "ports": NARROW}, NOT_AT_ALL.format(2)),
            ({"activations": "int19", "ports": NARROW, "vectors": 1}, NOT_AT_ALL.format(1)),
            ({"activations": "uint18", "ports": NARROW, "vectors": 1},
             NOT_AT_ALL.format(1).replace("int19", "uint18"))):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            chain_of(change.pop("activations", "int8"), "int8",
                     **{"of": 16, "length": 16, **change})
    chain_of("int18", "int18", 16, 16, vectors=1, ports=NARROW)
    message = ("weights of a chain must be integers, fixed point, bipolar or ternary, not e2m1 "
               "(activations int8, weights e2m1)")
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        chain_of("int8", "e2m1", 16, 16)
