"""The estimate of library units: fitted to all of them, and no further off than it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import library_prices
from gen.mapping import library_prices as prices
from gen.mapping.kinds import served
from gen.mapping.library_prices import Sample, fits, library_price


def test_every_operation_is_priced() -> None:
    """Those of the catalogue, and of them every variant."""
    found = library_prices.priced()
    assert list(found) == list(fits())
    assert set(found) <= set(served())
    for operation, cases in found.items():
        *fitted, check = library_prices.points(cases)
        known = fits()[operation]
        assert [each.given for each in known.samples] == [(unit, *given)
                                                          for unit, given, _ in fitted]
        assert known.check.given == (check[0], *check[1])
        assert {each.lanes for each in known.samples} == {1, 4}
        assert known.check.lanes == 2


def test_the_file_is_what_the_samples_give() -> None:
    found = {operation: library_prices.fit((*each.samples, each.check))
             for operation, each in fits().items()}
    path = Path(prices.__file__).with_name(prices.FILE)
    assert library_prices.encoded(found) == path.read_bytes()


def test_a_fit() -> None:
    """What follows the law is found again, and the last sample does not count."""
    law = [Sample((), width, lanes, 2 * lanes, 10 + 5 * lanes + 3 * lanes * width, 100 * lanes)
           for width, lanes in ((8, 1), (8, 4), (16, 1), (16, 2))]
    found = library_prices.fit([*law, Sample((), 8, 2, 1e6, 1e6, 1e6)])
    assert found.luts == pytest.approx((10, 5, 3), abs=0.05)
    assert found.multipliers == pytest.approx((0, 2, 0), abs=0.01)
    assert found.price(12, 3, True) == pytest.approx((6, 133), rel=0.01)
    assert found.price(12, 3, False) == pytest.approx((0, 300), rel=0.01)
    assert library_price("MatMul", 8, 1, True) is None


def test_errors() -> None:
    """Of two lanes, to which nothing is fitted: what the module says at most."""
    rows = [library_prices._errors(operation, each) for operation, each in fits().items()]
    result = {"rows": rows}
    lines = library_prices.lines(result)
    assert len(lines) == len(rows) + 2
    off = [abs(row[key]) for row in rows for key in ("check", "check_fabric")]
    assert max(off) < 0.205
    assert sum(off) / len(off) < 0.0295
