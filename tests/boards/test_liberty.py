"""Finding the standard cells, and reading their areas."""

from __future__ import annotations

from pathlib import Path

import pytest

from boards import liberty
from sw_model.faults import ToolMissing


def test_a_missing_library_says_how_to_get_it(tmp_path: Path,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEMILL_DATA", str(tmp_path))
    monkeypatch.setattr(liberty, "__file__", str(tmp_path / "house" / "boards" / "liberty.py"))
    with pytest.raises(ToolMissing, match=r"^the target ihp needs sg13g2_stdcell_typ_\w+\.lib: "
                       r"set GATEMILL_DATA to a folder that has it under liberty/"):
        liberty.find_library()
    (tmp_path / "liberty").mkdir()
    (path := tmp_path / "liberty" / liberty.LIBRARY).write_text("library (x) { }")
    assert liberty.find_library() == path


def test_areas(tmp_path: Path) -> None:
    (path := tmp_path / "x.lib").write_text("""
library (x) {
  cell (inv_1) {
    area : 5.4432;
    pin (A) { direction : "input"; }
  }
  cell ("nand2") { footprint : "n"; area : 7 ; }
  cell (unknown) { }
}""")
    assert liberty.cell_areas(path) == {"inv_1": 5.4432, "nand2": 7.0}


def test_areas_of_the_real_library(data_dir: Path) -> None:
    areas = liberty.cell_areas(data_dir / "liberty" / liberty.LIBRARY)
    assert len(areas) > 70
    assert areas["sg13g2_inv_1"] == 5.4432
    assert areas["sg13g2_dfrbp_1"] > 45
