"""``plan.json``: what it may say, and one clear line about what it may not."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gen.assemble import assemble
from gen.mapping.kinds import UNIT_KINDS
from gen.mapping.plan import LARGEST, Plan, Unit
from sw_model.faults import InputFault
from tests.support.cores import random_core, random_plan

UNIT = {"name": "u", "kind": "dense", "jobs": ["fc"], "rows": 2, "lanes": 3}
PLAN = {"network": "n", "device": "ecp5-85k", "clock_mhz": 50, "units": [UNIT]}


def written(folder, content):
    path = folder / "plan.json"
    if not isinstance(content, bytes):
        content = (content if isinstance(content, str) else json.dumps(content)).encode()
    path.write_bytes(content)
    return path


def fault(path):
    with pytest.raises(InputFault) as caught:
        Plan.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def with_unit(**fields):
    return {**PLAN, "units": [{**UNIT, **fields}]}


def test_least_plan(tmp_path):
    plan = Plan.load(written(tmp_path, PLAN))
    assert plan.units == (Unit(name="u", kind="dense", jobs=("fc",), rows=2, lanes=3,
                               pe="parallel", memory="auto"),)
    assert plan.unit_of("fc") is plan.units[0]
    assert (plan.links, plan.prediction) == ((), None)


def test_round_trip(tmp_path):
    """A whole plan, with all that follows from its units; the same bytes each time."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        core = random_core(rng)
        plan = assemble(core, random_plan(rng, core), "top").plan
        data = plan.encode()
        again = Plan.load(written(tmp_path, data))
        assert again == plan
        assert again.encode() == data
        assert assemble(core, again, "top").plan.encode() == data


def test_missing_and_unreadable(tmp_path):
    assert fault(tmp_path / "none.json") == "cannot be read (No such file or directory)"
    assert fault(tmp_path) == "cannot be read (Is a directory)"


@pytest.mark.parametrize(("content", "message"), [
    ("", "not a plan: Input data was truncated"),
    ('{"network": "n"', "not a plan: Input data was truncated"),
    (b"\xff\xfe", "not a plan: JSON is malformed: invalid character (byte 0)"),
    ("[]", "not a plan: Expected `object`, got `array`"),
    ("[" * 100_000, "not a plan: "),
    ({"schema": 2, "other": 1}, "schema is 2, not 1"),
    ({"schema": "1"}, "not a plan: Expected `int`, got `str` - at `$.schema`"),
    ({**PLAN, "unit": []}, "not a plan: Object contains unknown field `unit`; there are network, "
                           "device, clock_mhz, units, dsp, schema, links, buffers, schedule, "
                           "weights, prediction, estimate"),
    ({"network": "n"}, "not a plan: Object missing required field `device`"),
    ({**PLAN, "device": "ecp5-86k"}, "device: no device 'ecp5-86k'; did you mean ecp5-85k?"),
    ({**PLAN, "clock_mhz": 0}, "not a plan: clock_mhz must be above 0 and at most 2000, not 0"),
    ({**PLAN, "clock_mhz": -5}, "not a plan: clock_mhz must be above 0 and at most 2000, not -5"),
    ({**PLAN, "clock_mhz": 1e9}, "not a plan: clock_mhz must be above 0 and at most 2000, "
                                 "not 1e+09"),
    ({**PLAN, "units": [UNIT, UNIT]}, "not a plan: two units are called 'u'"),
    (with_unit(row=1), "not a plan: Object contains unknown field `row` - at `$.units[0]`; there "
                       "are name, kind, jobs, lanes, rows, pe, memory"),
    (with_unit(kind="dens"), f"not a plan: kind must be one of {', '.join(sorted(UNIT_KINDS))}, "
                             "not 'dens'"),
    (with_unit(memory="flash"), "not a plan: memory must be one of auto, block, distributed, "
                                "not 'flash'"),
    (with_unit(kind="table"), "not a plan: unit 'u': a table unit has lanes, but no rows"),
    (with_unit(rows=0), "not a plan: rows of unit 'u' must be at least 1, not 0"),
    (with_unit(lanes=-1), "not a plan: lanes of unit 'u' must be at least 1, not -1"),
    (with_unit(lanes=2.0), "not a plan: Expected `int`, got `float`"),
    (with_unit(lanes=True), "not a plan: Expected `int`, got `bool`"),
    (with_unit(lanes=10**40), "not a plan: "),
    (with_unit(rows=LARGEST // 3 + 1), f"not a plan: unit 'u': {LARGEST // 3 + 1} rows of 3 lanes "
                                       f"are more than the {LARGEST} that one unit may have"),
    (with_unit(kind="argmax", rows=1, lanes=LARGEST + 1),
     f"not a plan: unit 'u': {LARGEST + 1} lanes are more than the {LARGEST} that one unit may"),
    (with_unit(jobs=[]), "not a plan: unit 'u' has no jobs"),
    (with_unit(name=""), "not a plan: a unit must have a name")])
def test_faults(tmp_path, content, message):
    assert fault(written(tmp_path, content)).startswith(message)


def test_units_of_a_plan_of_a_later_version_are_not_looked_at(tmp_path):
    assert fault(written(tmp_path, {**PLAN, "schema": 3, "engines": []})) == "schema is 3, not 1"
