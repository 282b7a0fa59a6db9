"""Parameters to JSON's kinds and back, each wrong kind refused."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest

from sw_model.formats import FixedFormat, Format, IntFormat, Rounding
from sw_model.plain import from_plain, require_keys, to_plain


@dataclass(frozen=True, kw_only=True)
class Inner:
    form: Format
    most: int | None = None


@dataclass(frozen=True, kw_only=True)
class Outer:
    inner: Inner
    sizes: tuple[int, ...] = ()


OUTER = Outer(inner=Inner(form=IntFormat(8), most=3), sizes=(1, 2))


@pytest.mark.parametrize(("hint", "value", "plain"), [
    (Outer, OUTER, {"inner": {"form": "int8", "most": 3}, "sizes": [1, 2]}),
    (Inner, Inner(form=IntFormat(4)), {"form": "int4", "most": None}),
    (int, -5, -5), (int, 0, 0), (float, 0.1, 0.1), (float, 1e-300, 1e-300), (bool, True, True),
    (str, "a\n", "a\n"), (Rounding, Rounding.HALF_UP, "half_up"), (Format, IntFormat(8), "int8"),
    (Format, FixedFormat(8, -4), "fixed<8,-4>"), (tuple[int, ...], (1, -2), [1, -2]),
    (tuple[str, ...], ("<=5", ""), ["<=5", ""]), (tuple[float, ...], (), []),
])
def test_round_trip(hint, value, plain):
    assert to_plain(value) == plain
    again = from_plain("it", hint, json.loads(json.dumps(to_plain(value))))
    assert again == value
    assert type(again) is type(value)


def test_numpys_numbers_become_pythons():
    for value in (np.int64(3), np.float32(0.1), np.bool_(True), (np.int8(1), np.int8(2))):
        assert json.loads(json.dumps(to_plain(value))) == to_plain(value)
    assert to_plain(np.float32(0.1)) == float(np.float32(0.1))


def test_whole_numbers_are_reals():
    assert from_plain("it", float, 2) == 2.0
    assert type(from_plain("it", float, 2)) is float


@pytest.mark.parametrize(("hint", "value", "error", "message"), [
    (int, True, TypeError, "it must be an integer, not True"),
    (int, 2.0, TypeError, r"it must be an integer, not 2\.0"),
    (int, "2", TypeError, "it must be an integer, not '2'"),
    (float, "2", TypeError, "it must be a number, not '2'"),
    (float, False, TypeError, "it must be a number, not False"),
    (float, float("nan"), ValueError, "it must be finite, not nan"),
    (float, float("inf"), ValueError, "it must be finite, not inf"),
    (bool, 1, TypeError, "it must be a bool, not 1"),
    (str, None, TypeError, "it must be a str, not None"),
    (list, {}, TypeError, r"it must be a list, not \{\}"),
    (tuple[str, ...], "ab", TypeError, "it must be a list, not 'ab'"),
    (tuple[str, ...], ["a", 1], TypeError, "it must be a str, not 1"),
    (tuple[int, ...], [True], TypeError, "it must be an integer, not True"),
    (Rounding, "up", ValueError, "it must be one of floor, ceiling, .*, not 'up'"),
    (Rounding, [], ValueError, r"it must be one of .*, not \[\]"),
    (Format, 8, TypeError, "a format must be spelt as a string, not 8"),
    (Format, "int", ValueError, "unknown format 'int'"),
    (Outer, [], TypeError, "it: must be a mapping, not list"),
    (Outer, {}, ValueError, "it: 'inner' is missing"),
    (Outer, {"inner": {"form": "int8", "least": 1}}, ValueError,
     "it: inner: unknown field 'least'; there are form, most"),
    (Inner, {"form": "int8", "most": "3"}, TypeError, "it: most must be an integer, not '3'"),
])
def test_wrong_kinds(hint, value, error, message):
    with pytest.raises(error, match=f"^{message}"):
        from_plain("it", hint, value)


def test_keys():
    required, optional = frozenset({"a", "b"}), frozenset({"c"})
    for good in ({"a": 1, "b": 2}, {"a": 1, "b": 2, "c": 3}):
        assert require_keys(good, required, optional) is good
    with pytest.raises(ValueError, match=r"^'b' is missing$"):
        require_keys({"a": 1, "c": 3}, required, optional)
    with pytest.raises(ValueError, match=r"^unknown field 'd'; there are a, b, c$"):
        require_keys({"a": 1, "b": 2, "d": 4}, required, optional)
    with pytest.raises(TypeError, match=r"^must be a mapping, not list$"):
        require_keys([], required)
