"""Documents name exactly the fields that the files have."""

from __future__ import annotations

import re

import pytest

from gen.mapping.kinds import UNIT_KINDS
from gen.mapping.plan import Plan, Unit
from tests.support.checkout import ROOT
from verif.certificate import Certificate


def documented(document: str, heading: str) -> set[str]:
    """Names in the first column of the table that is headed ``| heading |``."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    table = re.search(rf"^\| {heading} \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert table, f"{document}: no table headed {heading!r}"
    return {name for row in table[1].splitlines()
            for name in re.findall(r"`(\w+)`", row.split("|")[1])}


def test_certificate():
    assert documented("certificate.md", "field") == set(Certificate.__struct_fields__)


def test_units_of_a_plan():
    assert documented("plan.md", "field of a unit") == set(Unit.__struct_fields__)


def test_plan():
    edited = {"network", "device", "clock_mhz", "units", "dsp", "schema"}
    assert documented("plan.md", "field") == set(Plan.__struct_fields__) - edited


@pytest.mark.parametrize("kind", list(UNIT_KINDS))
def test_kinds_of_units(kind):
    assert f"`{kind}`" in (ROOT / "docs" / "plan.md").read_text(encoding="utf-8")
