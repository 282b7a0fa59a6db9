# amaranth: UnusedElaboratable=no
"""The N:M front end: sparse rows and dense ones on the same lanes, before several kinds."""

from __future__ import annotations

import re

import numpy as np
import pytest

from hw.pe import PE_KINDS
from hw.pe.sparse import SparseDotProduct, SparseDotSpec
from sw_model.formats import parse_format
from sw_model.formats.sparse import SparseFormat, parse_sparse_format
from tests.support.dots import codes_of
from tests.support.paced import run_paced

CASES = [("parallel", "int8", "sparse<2,4,int4>", 2, None),
         ("ternary", "int8", "sparse<3,4,ternary>", 2, None),
         ("lut", "int4", "sparse<2,8,int2>", 1, None),
         ("serial_lut", "uint4", "sparse<1,4,int3>", 3, None),
         ("exact", "e2m1", "sparse<2,4,e2m1>", 1, None),
         ("bit_weight", "int4", "sparse<3,7,int2>", 1, None),
         ("packed", "int8", "sparse<4,4,int4>", 1, None),
         ("packed", "int8", "sparse<2,4,int8>", 2, "xilinx")]


def spec_of(a, w, blocks):
    return SparseDotSpec(parse_format(a), parse_sparse_format(w), blocks)


def rows_of(spec, rng, count):
    """Dense rows of codes, of which each block has at most ``keep`` that are not zero."""
    blocks, keep, of = spec.blocks, spec.weights.keep, spec.weights.of
    element = spec.weights.element
    dense = rng.choice(codes_of(element), (count, blocks, of))
    for row in dense.reshape(-1, of):
        row[rng.permutation(of)[keep:]] = spec.weights.zero
    return dense.reshape(count, blocks * of)


def operands(spec, rng, count):
    """(activations, values, places, dense, turn, expected) for sparse steps, then dense ones."""
    blocks, keep, of = spec.blocks, spec.weights.keep, spec.weights.of
    a_fixed, w_fixed = spec.activations.to_fixed, spec.weights.element.to_fixed
    x = rng.choice(codes_of(spec.activations), (count, blocks * of))
    sparse = rows_of(spec, rng, count)
    for k in range(count):
        fields = spec.weights.compress(sparse[k])
        yield (x[k], fields["values"], fields["places"], 0, 0,
               int((a_fixed(x[k]) * w_fixed(sparse[k])).sum()))
    full = rng.choice(codes_of(spec.weights.element), (count, blocks, of))
    noise = rng.integers(0, of, (blocks, keep))
    for k in range(count):
        for turn in range(spec.turns):
            part = np.full((blocks, keep), spec.weights.zero)
            used = full[k][:, turn * keep:(turn + 1) * keep]
            part[:, :used.shape[1]] = used
            chosen = x[k].reshape(blocks, of)[:, turn * keep:(turn + 1) * keep]
            yield x[k], part, noise, 1, turn, int((a_fixed(chosen) * w_fixed(used)).sum())


@pytest.mark.parametrize(("kind", "a", "w", "blocks", "family"), CASES)
def test_sparse_and_dense_steps(kind, a, w, blocks, family, rng):
    """In any order, as often as operands are taken, with pauses."""
    spec = spec_of(a, w, blocks)
    unit = SparseDotProduct(PE_KINDS[kind], spec, family=family)
    steps = list(operands(spec, rng, 12))
    rng.shuffle(steps)

    def give(ctx, number, started):
        x, values, places, dense, turn, _ = steps[number]
        ctx.set(unit.dense, dense)
        ctx.set(unit.turn, turn)
        for lane, code in enumerate(x):
            ctx.set(unit.a[lane], int(code))
        for block in range(blocks):
            for place in range(spec.weights.keep):
                # What is not started must not matter.
                ctx.set(unit.w[block]["values"][place],
                        int(values[block][place]) if started else spec.weights.zero)
                ctx.set(unit.w[block].places[place], int(places[block][place]))

    found = run_paced(unit, len(steps), give, lambda ctx: ctx.get(unit.o), rng)
    assert found == [step[-1] for step in steps]


def test_turns():
    assert [spec_of("int8", w, 1).turns for w in (
        "sparse<2,4,int8>", "sparse<2,8,int8>", "sparse<1,4,int8>", "sparse<3,7,int8>")] == [
        2, 4, 4, 3]


def test_multipliers_of_the_family():
    """What does not pack for the narrowest multipliers may for others."""
    spec = spec_of("int8", "sparse<2,4,int8>", 2)
    with pytest.raises(ValueError, match=r"^no two products of activations int8 and weights int8 "
                                         r"fit a multiplier of 18 x 18 bits"):
        SparseDotProduct(PE_KINDS["packed"], spec)
    assert SparseDotProduct(PE_KINDS["packed"], spec, family="xilinx").latency == 4


def test_what_it_refuses():
    words = ("weights of a ternary dot product must be ternary or bipolar, not int4 "
             "(activations int8, weights int4): its lanes add, take off or skip an activation, and "
             "multiply nothing")
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        SparseDotProduct(PE_KINDS["ternary"], spec_of("int8", "sparse<2,4,int4>", 1))
    with pytest.raises(ValueError, match=r"^blocks must be at least 1, not 0$"):
        spec_of("int8", "sparse<2,4,int4>", 0)
    with pytest.raises(TypeError, match=r"^weights must be a SparseFormat, not IntFormat"):
        SparseDotSpec(parse_format("int8"), parse_format("int8"), 1)
    with pytest.raises(TypeError, match=r"^activations must be a Format, not 3$"):
        SparseDotSpec(3, SparseFormat(2, 4, parse_format("int8")), 1)
