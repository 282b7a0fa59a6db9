"""Specs: what they refuse, and what they derive."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import IntFormat, TernaryFormat, covering
from sw_model.ops.rescale import multiply_add_shift
from sw_model.specs import (
    ArgMaxSpec,
    FrameworkRescaleSpec,
    MultiplyAddShiftSpec,
    RowJob,
    TableSpec,
    ThresholdSpec,
    VectorJob,
)

INT8 = IntFormat(8)


def make_mas(**changes):
    return MultiplyAddShiftSpec(**{
        "source": INT8, "target": IntFormat(4), "shift": 3, "low": -8, "high": 7,
        "multiplier": IntFormat(4), "offset": IntFormat(6), **changes})


def make_framework(**changes):
    return FrameworkRescaleSpec(**{
        "source": IntFormat(32), "target": INT8, "mode": "tflite_double", "zero_point": 0,
        "low": -128, "high": 127, "multiplier": IntFormat(31, signed=False),
        "exponent_low": -40, "exponent_high": -33, **changes})


@pytest.mark.parametrize(("changes", "message"), [
    ({"shift": -1}, r"^shift must be at least 0, not -1$"),
    ({"low": -9}, r"^clamp -9 to 7 does not fit int4, which holds -8 to 7$"),
    ({"low": 3, "high": 2}, r"^clamp 3 to 2 does not fit int4"),
    ({"signs": 3}, r"^signs must be 1 or 2, not 3$"),
    ({"extra_shift": -1}, r"^extra_shift must be at least 0, not -1$"),
    ({"source": IntFormat(8, signed=False), "operand": IntFormat(4)},
     r"^operand int4 must be unsigned, as the source uint8 is$"),
])
def test_multiply_add_shift_refuses(changes, message):
    with pytest.raises(ValueError, match=message):
        make_mas(**changes)


@pytest.mark.parametrize(("make", "changes", "message"), [
    (make_mas, {"multiplier": 4}, r"^multiplier must be an IntFormat, not 4$"),
    (make_mas, {"source": "int8"}, r"^source must be a Format, not 'int8'$"),
    (make_mas, {"shift": True}, r"^shift must be an integer, not True$"),
    (make_framework, {"exponent_low": 1.5}, r"^exponent_low must be an integer, not 1\.5$"),
])
def test_wrong_kinds(make, changes, message):
    with pytest.raises(TypeError, match=message):
        make(**changes)


@pytest.mark.parametrize(("changes", "message"), [
    ({"mode": "half_even"}, r"^mode must be one of tflite_double, tflite_ruy, .* "
                            r"away_from_zero, not 'half_even'$"),
    ({"mode": "tflite_single", "source": IntFormat(48)}, r"^source must have at most 32 bits"),
    ({"mode": "tflite_single", "source": IntFormat(49), "multiplier": IntFormat(15, signed=False)},
     r"^source must have at most 48 bits, not 49$"),
    ({"mode": "float32_half_even"}, r"^multiplier uint31 is out of range for float32_half_even$"),
    ({"mode": "float64_half_away", "exponent_high": 65}, r"^exponent_high must be at most 64 for "),
    ({"source": IntFormat(33)}, r"^source must have at most 32 bits, not 33$"),
    ({"multiplier": IntFormat(31)}, r"^multiplier int31 is out of range for tflite_double$"),
    ({"mode": "floor", "multiplier": IntFormat(55)}, r"^multiplier int55 is out of range"),
    ({"exponent_low": -30}, r"^exponent_low must not exceed exponent_high, but -30 > -33$"),
    ({"zero_point": None, "target": IntFormat(31)},
     r"^target must have at most 30 bits where zero points vary, not 31$"),
    ({"mode": "tflite_single", "exponent_high": 0}, r"^exponent_high must be negative"),
])
def test_framework_rescale_refuses(changes, message):
    with pytest.raises(ValueError, match=message):
        make_framework(**changes)


def test_shift_of_exponents():
    spec = make_framework()
    assert spec.shifts == 8
    assert [spec.shift_of(e) for e in (-33, -36, -40)] == [0, 3, 7]
    with pytest.raises(ValueError, match=r"^exponent must be -40 to -33, not -41$"):
        spec.shift_of(-41)


def test_total_holds_every_sum(rng):
    for _ in range(50):
        spec = make_mas(multiplier=IntFormat(int(rng.integers(1, 6)), bool(rng.random() < 0.5)),
                        offset=IntFormat(int(rng.integers(1, 9))),
                        source=IntFormat(5, bool(rng.random() < 0.5)))
        totals = [a * m + b for a in range(spec.source.min, spec.source.max + 1)
                  for m in (spec.multiplier.min, spec.multiplier.max)
                  for b in (spec.offset.min, spec.offset.max)]
        assert spec.total == covering(min(totals), max(totals))


@pytest.mark.parametrize("source", [INT8, IntFormat(8, signed=False), TernaryFormat()], ids=str)
def test_operand_is_exact_and_narrowest(rng, source):
    """Held to the golden model over every accumulator; the next narrower operand fails."""
    widths = set()
    acc = np.arange(source.min, source.max + 1)
    for _ in range(200):
        signs, shift = int(rng.integers(1, 3)), int(rng.integers(0, 9))
        multipliers = rng.integers(-40, 41, 2)
        offsets = rng.integers(-3000, 3000, (2, signs))
        low, high = sorted(rng.integers(-8, 8, 2).tolist())
        spec = make_mas(source=source, low=low, high=high, shift=shift, signs=signs,
                        multiplier=IntFormat(7), offset=IntFormat(13))
        operand = spec.operand_for(multipliers.tolist(), offsets.tolist())
        widths.add(str(operand))

        def exact(candidate, spec=spec, m=multipliers, b=offsets):
            def results(values):
                wide = np.broadcast_to(values[:, None], (values.size, 2))
                return np.clip(multiply_add_shift(wide, m, b, spec.shift), spec.low, spec.high)
            low_end, high_end = max(candidate.min, source.min), min(candidate.max, source.max)
            return np.array_equal(results(acc), results(np.clip(acc, low_end, high_end)))

        assert exact(operand)
        if operand.width > 1:
            smaller = IntFormat(operand.width - 1, operand.signed)
            assert not exact(smaller)
    assert source.width < 8 or len(widths) > 6, widths


def test_derived_formats():
    assert ThresholdSpec(source=INT8, target=INT8, count=1).threshold == IntFormat(9)
    assert TableSpec(source=TernaryFormat(), target=INT8).size == 3
    assert ArgMaxSpec(INT8, (VectorJob(3), VectorJob(17, 2))).target == IntFormat(5, signed=False)
    assert ArgMaxSpec(INT8, (VectorJob(1),)).target == IntFormat(1, signed=False)
    assert VectorJob(9).words(4) == 3
    assert RowJob(5, first=2).rows == range(2, 7)
    assert RowJob(5, first=2, shared=True).rows == range(2, 3)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: ThresholdSpec(source=INT8, target=INT8, count=-1), r"^count must be at least 0"),
    (lambda: TableSpec(source=IntFormat(17), target=INT8), r"^source must have at most 16 bits"),
    (lambda: ArgMaxSpec(INT8, ()), r"^jobs must not be empty$"),
    (lambda: VectorJob(0), r"^length must be at least 1, not 0$"),
    (lambda: VectorJob(1, 0), r"^vectors must be at least 1, not 0$"),
    (lambda: RowJob(1, first=-1), r"^first must be at least 0, not -1$"),
])
def test_other_specs_refuse(make, message):
    with pytest.raises(ValueError, match=message):
        make()
