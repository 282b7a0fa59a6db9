"""Rows that Gatemill ships: what these netlists and tools give, and taken only while they do."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from types import SimpleNamespace

import msgspec
import pytest

from boards.component import Timing
from boards.devices import device
from boards.figures import Resources
from boards.place import Tool
from gen.atlas import record
from gen.atlas.entries import CLOCKED, entries
from gen.atlas.measure import measure
from gen.atlas.record import FILE, encoded, recorded
from sw_model.faults import ToolMissing
from tests.support.atlas_rows import row

#: Most area and rows of what is measured anew in ``make test``.
SMALL = 200

#: What has a clock, and what has none.
TIMED, PLAIN = (next(entry for entry in entries() if (entry.name in CLOCKED) == clocked)
                for clocked in (True, False))


def shipped() -> bytes:
    return (files("gen.atlas") / FILE).read_bytes()


def silent(_: str) -> None:
    pass


def missing(*_):
    raise ToolMissing("it is not here")


@pytest.fixture
def rows(monkeypatch):
    """All that is shipped, whatever library is here."""
    monkeypatch.setattr(record, "find_library", missing)
    return recorded()


@pytest.fixture
def synthesised(monkeypatch):
    """Families of which cells are asked for."""
    asked = []

    def fake(_, family, **__):
        asked.append(family)
        raise ToolMissing("no Yosys")

    monkeypatch.setattr("gen.atlas.measure.resources_of", fake)
    return asked


@pytest.fixture
def known(library):
    """The same, where the library is the one that they are of."""
    if not (found := recorded()):
        pytest.skip("rows are of another library of standard cells")
    return found


@pytest.fixture
def content(monkeypatch):
    """Digest of what a row depends on, found without a tool."""
    for name, found in (("find_library", None), ("resources_of", Resources(ffs=1)),
                        ("placement", SimpleNamespace(clocks={"clk": 1.0})),
                        ("timing", Timing(1.0, 1.0))):
        monkeypatch.setattr(f"gen.atlas.measure.{name}", lambda *_, _found=found, **__: _found)
    return lambda entry: measure([entry], silent)[0].content


def test_every_entry_is_in_it(rows):
    assert list(rows) == [entry.name for entry in entries()]


def test_it_is_written_as_it_is_read(known):
    assert encoded(known.values()) == shipped()


def test_some_hold(rng, rows, synthesised):
    """Nothing is synthesised of rows whose netlists are as they were."""
    chosen = [entry for entry in entries() if (rows[entry.name].um2 or 0) * entry.rows < 1e5]
    some = [chosen[k] for k in rng.permutation(len(chosen))[:20]]
    assert measure(some, silent, known=rows) == [rows[entry.name] for entry in some]
    assert not synthesised


def test_some_are_measured_again(rng, known, tmp_path, monkeypatch):
    """And give the same figures here."""
    monkeypatch.setenv("GATEMILL_CACHE", str(tmp_path))
    small = [entry for entry in entries() if known[entry.name].mhz is None
             and (known[entry.name].ecp5 or 1e9) * entry.rows < SMALL]
    some = [small[k] for k in rng.permutation(len(small))[:3]]
    assert measure(some, silent) == [known[entry.name] for entry in some]


@pytest.mark.full
def test_all_hold(rows, synthesised):
    """With the tools that they were measured with, those of clocks too."""
    assert measure(entries(), silent, known=rows) == list(rows.values())
    assert not synthesised


def test_others_are_measured(rows, synthesised):
    for other in (msgspec.structs.replace(rows[PLAIN.name], content="0" * 16), None):
        synthesised.clear()
        with pytest.raises(ToolMissing):
            measure([PLAIN], silent, known={PLAIN.name: other} if other else {})
        assert synthesised


@pytest.mark.parametrize(("what", "other"), [
    ("boards.yosys.version", lambda: "pyosys 99"), ("boards.yosys._SCHEMA", "figures 99"),
    ("boards.yosys.commands", lambda *_, **__: ["synth"]),
    ("boards.yosys.family", lambda _: "other cells")])
def test_what_synthesis_depends_on(what, other, rows, synthesised, monkeypatch):
    assert measure([PLAIN], silent, known=rows)
    monkeypatch.setattr(what, other)
    with pytest.raises(ToolMissing):
        measure([PLAIN], silent, known=rows)


@pytest.mark.parametrize(("what", "other"), [
    ("boards.place.find_tool", missing), ("boards.place._SCHEMA", "placement 99"),
    ("boards.place.find_tool", lambda _: Tool(("nextpnr",), "99")),
    ("boards.component.SHIM", "shim 99"), ("gen.atlas.measure.CLOCK_MHZ", 99.0),
    ("gen.atlas.measure.timing_flow", lambda _: ["other"]),
    ("gen.atlas.measure.device", lambda name: replace(device(name), nextpnr=("--85k",)))])
def test_what_clocks_depend_on(what, other, content, monkeypatch):
    """Beside that; and no other rows do."""
    before = content(TIMED), content(PLAIN)
    monkeypatch.setattr(what, other)
    assert content(TIMED) != before[0]
    assert content(PLAIN) == before[1]


def test_without_clocks_nothing_is_placed(rows, monkeypatch):
    """Nor asked for what places; rows that lack a clock are not whole."""
    monkeypatch.setattr("boards.place.find_tool", missing)
    monkeypatch.setattr("gen.atlas.measure.resources_of", lambda *_, **__: Resources(ffs=1))
    timed, plain = measure([TIMED, PLAIN], silent, clocks=False)
    assert (timed.mhz, timed.content) == (None, "")
    assert plain.content == rows[PLAIN.name].content


def test_without_a_library_rows_are_not_whole(monkeypatch):
    monkeypatch.setattr("gen.atlas.measure.find_library", missing)
    monkeypatch.setattr("gen.atlas.measure.resources_of", lambda *_, **__: Resources(ffs=1))
    (plain,) = measure([PLAIN], silent)
    assert (plain.um2, plain.content) == (None, "")


def test_of_another_library_nothing_is_known(tmp_path, monkeypatch):
    (tmp_path / "other.lib").write_text("library (other) {}")
    monkeypatch.setattr(record, "find_library", lambda: tmp_path / "other.lib")
    assert recorded() == {}


def test_without_a_library_all_is(rows):
    assert rows
    with pytest.raises(ToolMissing):
        encoded([])


def test_rows_that_are_not_whole_stay_out(library):
    whole = msgspec.structs.replace(row("parallel", "int8", "int8", 3000), content="1" * 16)
    text = encoded([row("binary", "bipolar", "bipolar", 30), whole])
    assert recorded(text) == {whole.name: whole}
