"""``gatemill formats``: table, report, budget."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gen.cli import main


@pytest.fixture
def tensor(tmp_path):
    path = tmp_path / "t.npy"
    np.save(path, np.random.default_rng(5).normal(0, 1, (4, 256)).astype(np.float32))
    return path


def test_table_and_report(tensor, tmp_path, capsys):
    out = tmp_path / "formats.html"
    assert main(["formats", str(tensor), "--budget", "6", "-o", str(out)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].split()[:3] == ["format", "family", "bits"]
    recommended = [line for line in said if line.endswith("recommended")]
    assert len(recommended) == 1
    name = said[-2].removeprefix("recommended for 6 bits: ").split(" (")[0]
    assert recommended[0].startswith(name)
    assert said[-1] == f"report: {out}"
    page = out.read_text()
    assert page.count("<svg") == 1
    rows = [line for line in said[1:-4] if line and not line.startswith("not for this tensor")]
    assert page.count("<tr>") == 1 + len(rows) > 180


def test_json(tensor, capsys):
    assert main(["formats", str(tensor), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["budget"] == 8.5
    assert result["recommended"] in {row["name"] for row in result["formats"]}


@pytest.mark.parametrize(("arguments", "code", "message"), [
    (["--budget", "0"], 2, "--budget: 0 bits, but must be above 0 and at most 64"),
    (["--budget", "nan"], 2, "--budget: nan bits"),
    (["--budget", "0.25"], 1, "no format takes 0.25 bits"),
    (["-o", "/nowhere/there/f.html"], 2, "/nowhere/there/f.html: cannot be written"),
])
def test_refusals(tensor, capsys, arguments, code, message):
    assert main(["formats", str(tensor), *arguments]) == code
    assert message in capsys.readouterr().err
