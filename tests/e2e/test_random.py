"""Random networks: imported, compiled and emulated outputs are equal, element by element."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.random_networks import check_networks, networks

#: Networks in one compiled top.
TOGETHER = 34

SETTINGS = settings(
    derandomize=True, deadline=None, database=None, print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large,
                           HealthCheck.large_base_example, HealthCheck.function_scoped_fixture],
    # A failure names its network; shrinking would compile for hours.
    phases=[Phase.explicit, Phase.generate])


def together(drawn):
    with tempfile.TemporaryDirectory() as folder:
        check_networks(drawn, Path(folder) / "build")


@settings(SETTINGS, max_examples=3)
@given(st.lists(networks(), min_size=TOGETHER, max_size=TOGETHER))
def test_networks(need, drawn):
    need("verilator")
    together(drawn)


@pytest.mark.full
@settings(SETTINGS, max_examples=30)
@given(st.lists(networks(), min_size=TOGETHER, max_size=TOGETHER))
def test_many_networks(need, drawn):
    need("verilator")
    together(drawn)
