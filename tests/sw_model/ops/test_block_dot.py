"""Dot products of block formats against exact rational numbers, from decoded reals alone."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from sw_model.formats import FixedFormat, parse_format
from sw_model.formats.blocks import GGUF_FORMATS, Runs, parse_block_format, run_format, runs_of
from sw_model.ops.block_dot import block_dot
from sw_model.specs import BlockDotSpec

FORMS = ["mx<e2m1>", "mx<e4m3fn>", "mx<e5m2>", "mx<e2m3>", "mx<e3m2>", "mxint8", "bfp<5,16>",
         "bfp<12,8>", "nvfp4", "nvint4", "nvfp4<ue5m3>", "nvint4<ue5m3>", *GGUF_FORMATS, "stq1_0",
         "sherry<64>", "bitmod<3,32>", "bitmod<4,64>", "olive<int4>", "olive<flint4>",
         "olive<int8>"]
LENGTH = 512


def encoded(text, rng):
    """A tensor's fields without what belongs to the whole of it, and its exact values."""
    form = parse_block_format(text)
    fields = dict(form.encode(rng.normal(size=LENGTH) * 2.0 ** rng.integers(-3, 4)))
    if "tensor_scale" in fields:
        fields["tensor_scale"] = np.asarray(np.float32(1))
    if "channel" in fields:
        fields["channel"] = np.asarray(np.float16(1).view(np.uint16))
    return form, fields


def exact(form, fields):
    """Values by an arithmetic of their own: the format's words, with fractions."""
    halves = {name: [Fraction(float(x)) for x in np.atleast_1d(fields[name]).astype(np.uint16)
                     .view(np.float16)] for name in ("d", "dmin") if name in fields}
    if str(form) in ("q4_k", "q6_k", "q4_1"):
        codes = fields["codes"].astype(int)
        values = []
        for block, row in enumerate(codes):
            for place, code in enumerate(row.tolist()):
                if str(form) == "q4_k":
                    part = place // 32
                    values.append(halves["d"][block] * int(fields["scales"][block][part]) * code
                                  - halves["dmin"][block] * int(fields["minima"][block][part]))
                elif str(form) == "q6_k":
                    values.append(halves["d"][block] * int(fields["scales"][block][place // 16])
                                  * (code - 32))
                else:
                    scale, minimum = (Fraction(float(fields[name][block:block + 1]
                                                     .view(np.float16)[0]))
                                      for name in ("scales", "minima"))
                    values.append(scale * code + minimum)
        return values
    # All others decode without rounding where nothing scales the whole tensor.
    return [Fraction(float(x)) for x in form.decode(fields)]


@pytest.mark.parametrize("weights", FORMS)
@pytest.mark.parametrize("activations", ["mxint8", "q4_1", "nvfp4", "olive<int4>"])
def test_against_rational_numbers(activations, weights, rng):
    """A window is exact; into float32 exact terms are rounded, and then each sum."""
    (a, a_fields), (w, w_fields) = encoded(activations, rng), encoded(weights, rng)
    sides = run_format(a), run_format(w)
    size = min([16, *(side.size for side in sides if side.size)])
    spec = BlockDotSpec.fitting(64, activations=sides[0], weights=sides[1], size=size,
                                runs=LENGTH // size)
    found = block_dot(runs_of(a, a_fields), runs_of(w, w_fields), spec)
    products = [x * y for x, y in zip(exact(a, a_fields), exact(w, w_fields), strict=True)]
    if isinstance(spec.target, FixedFormat):
        assert Fraction(int(found)) * Fraction(2) ** spec.target.lsb == sum(products)
        return
    terms = exact_terms(spec, a, a_fields, w, w_fields)
    assert sum(terms) == sum(products)
    total = np.float32(0)
    for term in terms:
        total = total + nearest_float32(term)
    assert found == total


def exact_terms(spec, a, a_fields, w, w_fields):
    """What goes into the sum across runs, in its order."""
    sides = [parts(run_format(form), runs_of(form, fields).of_size(spec.size))
             for form, fields in ((a, a_fields), (w, w_fields))]
    terms = []
    for run in range(len(sides[0])):
        (a_elements, a_scale, a_minimum), (w_elements, w_scale, w_minimum) = (
            side[run] for side in sides)
        pairs = [(a_elements, a_scale, w_elements, w_scale)]
        ones = [Fraction(1)] * spec.size
        if w_minimum is not None:
            pairs.append((a_elements, a_scale, ones, w_minimum))
        if a_minimum is not None:
            pairs.append((ones, a_minimum, w_elements, w_scale))
            if w_minimum is not None:
                pairs.append((ones, a_minimum, ones, w_minimum))
        terms += [s * t * sum(p * q for p, q in zip(x, y, strict=True)) for x, s, y, t in pairs]
    return terms


def parts(form, runs):
    """Elements, scale and minimum of every run as fractions, from codes that decode exactly."""
    def scale_of(scale, codes, run):
        if scale is None:
            return None
        value = (Fraction(float(scale.form.decode(codes.codes[run:run + 1])[0]))
                 if not scale.total else Fraction(2) ** (int(codes.codes[run]) - 127))
        if scale.factor is not None:
            value *= int(codes.factors[run])
        return -value if scale.negative else value

    unit = Fraction(2) ** form.element.lsb
    return [([unit * int(x) for x in form.element.to_fixed(runs.elements[run])],
             scale_of(form.scale, runs.scale, run) or Fraction(form.scale is None),
             scale_of(form.minimum, runs.minimum, run))
            for run in range(runs.elements.shape[0])]


def nearest_float32(value):
    """Half to even, by comparing with the neighbours of a first guess."""
    guess = np.float32(float(value))
    near = [guess, *(np.nextafter(guess, np.float32(end)) for end in (-np.inf, np.inf))]
    return min(near, key=lambda x: (abs(Fraction(float(x)) - value), x.view(np.uint32) & 1))


def test_what_is_no_finite_number():
    form = parse_block_format("mx<e5m2>")
    run = run_format(form)
    spec = BlockDotSpec.fitting(32, activations=run, weights=run, size=32, runs=2)
    fields = form.encode(np.ones(64))
    ones = runs_of(form, fields)
    assert block_dot(ones, ones, spec) == 64
    for place, code in ((0, 0x7C), (40, 0x7F), (63, 0xFC)):
        changed = {**fields, "codes": fields["codes"].copy()}
        changed["codes"].reshape(-1)[place] = code
        assert np.isnan(block_dot(ones, runs_of(form, changed), spec))
    broken = {**fields, "scales": np.array([127, 255], np.uint8)}
    assert np.isnan(block_dot(runs_of(form, broken), ones, spec))


def test_longer_runs_are_several():
    """A dot product does not depend on the size in which runs are taken, while it is exact."""
    a, w = parse_block_format("bitmod<4,64>"), parse_block_format("bitmod<3,32>")
    rng = np.random.default_rng(4)
    fields = [form.encode(rng.normal(size=(3, 128))) for form in (a, w)]
    sides = [runs_of(form, each) for form, each in zip((a, w), fields, strict=True)]
    found = []
    for size in (32, 16, 4, 1):
        spec = BlockDotSpec.fitting(64, activations=run_format(a), weights=run_format(w),
                                    size=size, runs=128 // size)
        assert spec.sum.is_exact
        found.append(block_dot(*sides, spec) * 2.0**spec.target.lsb)
    assert all((each == found[0]).all() for each in found)
    with pytest.raises(ValueError, match=r"^size must be a divisor of 64, not 5$"):
        sides[0].of_size(5)


def test_widest_results():
    """The largest sums of the largest elements fill the window, of either sign."""
    form = run_format(parse_format("int8"))
    spec = BlockDotSpec.fitting(64, activations=form, weights=form, size=4, runs=3)
    for a, w in ((-128, -128), (-128, 127), (127, 127)):
        found = block_dot(Runs(np.full((3, 4), a)), Runs(np.full((3, 4), w)), spec)
        assert found == 12 * a * w
        assert spec.target.min <= found <= spec.target.max
    assert spec.target.width == (12 * 128 * 128).bit_length() + 1
