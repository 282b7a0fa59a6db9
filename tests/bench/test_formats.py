"""The rates of formats: what is measured, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import formats, record
from sw_model.formats.parse import SPELLINGS, parse_format


def test_a_short_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                     capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    found = {"count": 4, "least": 20.0, "rows": [
        {"case": "int8", "ways": ["encode", "decode"], "rates": [80.0, 190.4]},
        {"case": "trits", "ways": ["pack", "unpack"], "rates": [19.9, 20.0]}]}
    monkeypatch.setattr(formats, "in_process", lambda *_: found)
    assert formats.main([]) == 1
    table = capsys.readouterr().out.splitlines()
    assert [line.split() for line in table[1:3]] == [["int8", "80", "190"], ["trits", "20", "20"]]
    assert table[3] == "at least 20 demanded of each: MISSED by trits: pack"
    found["rows"][1]["rates"][0] = 20.0
    assert formats.main(["--json"]) == 0
    assert json.loads((tmp_path / "formats.json").read_text())["rows"] == found["rows"]
    assert formats.lines(found)[-1].endswith(": met")


def test_what_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kind of format, with few elements."""
    monkeypatch.setattr(formats, "COUNT", 64)
    rows = formats.run(0.0)["rows"]
    assert [row["case"] for row in rows] == [*formats.FORMATS, *formats.PACKINGS]
    assert all(value > 0 for row in rows for value in row["rates"])
    measured = {type(parse_format(name)) for name in formats.FORMATS if "of" not in name}
    kinds = {type(parse_format(example)) for _, example, _ in SPELLINGS if example != "float32"}
    assert kinds <= measured
