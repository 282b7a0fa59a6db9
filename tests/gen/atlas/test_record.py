"""Rows that Gatemill ships: what these netlists and tools give, and taken only while they do."""

from __future__ import annotations

from importlib.resources import files

import msgspec
import pytest

from boards.yosys import version
from gen.atlas import record
from gen.atlas.entries import entries
from gen.atlas.measure import measure
from gen.atlas.record import FILE, encoded, recorded
from sw_model.faults import ToolMissing
from tests.support.atlas_rows import row

#: Most area and rows of what is measured anew in ``make test``.
SMALL = 200


def shipped() -> bytes:
    return (files("gen.atlas") / FILE).read_bytes()


def silent(_: str) -> None:
    pass


@pytest.fixture
def synthesised(monkeypatch):
    """Families of which cells are asked for."""
    asked = []

    def fake(_, family, **__):
        asked.append(family)
        raise ToolMissing("no Yosys")

    monkeypatch.setattr("gen.atlas.measure.resources_of", fake)
    return asked


def test_every_entry_is_in_it():
    assert list(recorded()) == [entry.name for entry in entries()]


def test_it_is_written_as_it_is_read(library):
    assert encoded(recorded().values()) == shipped()


def test_some_hold(rng, synthesised):
    """Nothing is synthesised of rows whose netlists are as they were."""
    known = recorded()
    chosen = [entry for entry in entries() if (known[entry.name].um2 or 0) * entry.rows < 1e5]
    some = [chosen[k] for k in rng.permutation(len(chosen))[:20]]
    assert measure(some, silent, known=known) == [known[entry.name] for entry in some]
    assert not synthesised


def test_some_are_measured_again(rng, library):
    """And give the same figures here."""
    known = recorded()
    small = [entry for entry in entries() if known[entry.name].mhz is None
             and (known[entry.name].ecp5 or 1e9) * entry.rows < SMALL]
    some = [small[k] for k in rng.permutation(len(small))[:3]]
    assert measure(some, silent) == [known[entry.name] for entry in some]


@pytest.mark.full
def test_all_hold(synthesised):
    known = recorded()
    assert measure(entries(), silent, known=known) == list(known.values())
    assert not synthesised


def test_others_are_measured(synthesised):
    entry = next(entries())
    known = recorded()[entry.name]
    for other in (msgspec.structs.replace(known, content="0" * 16), None):
        synthesised.clear()
        with pytest.raises(ToolMissing):
            measure([entry], silent, known={entry.name: other} if other else {})
        assert synthesised


def test_another_yosys_measures_anew(synthesised, monkeypatch):
    entry = next(entries())
    assert measure([entry], silent, known=recorded())
    monkeypatch.setattr("gen.atlas.measure.version", lambda: f"{version()}.1")
    with pytest.raises(ToolMissing):
        measure([entry], silent, known=recorded())


def test_of_another_library_nothing_is_known(tmp_path, monkeypatch):
    (tmp_path / "other.lib").write_text("library (other) {}")
    monkeypatch.setattr(record, "find_library", lambda: tmp_path / "other.lib")
    assert recorded() == {}


def test_without_a_library_all_is(monkeypatch):
    def missing():
        raise ToolMissing("no library")

    monkeypatch.setattr(record, "find_library", missing)
    assert recorded()
    with pytest.raises(ToolMissing):
        encoded([])


def test_rows_that_are_not_whole_stay_out(library):
    whole = msgspec.structs.replace(row("parallel", "int8", "int8", 3000), content="1" * 16)
    text = encoded([row("binary", "bipolar", "bipolar", 30), whole])
    assert recorded(text) == {whole.name: whole}
