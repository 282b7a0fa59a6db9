"""Builds: the same bytes each time, from their own plan too, and nothing left out."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile

import msgspec
import numpy as np
import pytest

from gen.build import BuildOptions, build_graph, stimulus_for
from gen.engines import results, run_golden, run_rtl
from gen.mapping.plan import Plan
from gen.source import build_source
from sw_model.faults import InputFault
from sw_model.formats import BipolarFormat, Float32Format, IntFormat
from sw_model.graph import Graph
from sw_model.ops import ArgMax, Operator, RescaleMode
from sw_model.partition import core_graph
from tests.conftest import ROOT
from tests.support.graphs import NetworkBuilder
from verif.manifest import Manifest, changed_files

MODEL = ROOT / "examples" / "digits" / "digits.onnx"
INT8 = IntFormat(8)


def network(seed=1):
    """Two inputs, one of them real; a layer that two read; integers, reals and a class out."""
    rng = np.random.default_rng(seed)
    builder = NetworkBuilder("heads")
    reals = builder.input("reals", (6,), Float32Format())
    codes = builder.input("codes", (2, 5), INT8)
    here = builder.quantise("head", reals, np.float32(0.05))
    here = builder.matmul("a", here, rng.integers(-90, 90, (7, 6)), rng.integers(-99, 99, 7))
    shared = builder.rescale("a_scaled", here, [0.004], RescaleMode.EXACT_HALF_EVEN)
    there = builder.matmul("b", codes, rng.integers(-90, 90, (3, 5)))
    there = builder.rescale("b_scaled", there, [0.003] * 3, RescaleMode.EXACT_HALF_EVEN, low=0)
    flat = builder.reshape("flat", there, (6,))
    scores = builder.matmul("c", flat, rng.integers(-90, 90, (4, 6)))
    tail = builder.dequantise("tail", builder.matmul("d", shared, rng.integers(-9, 9, (3, 7))),
                              np.float32(0.25))
    real = builder.arithmetic("add", Operator.ADD, tail, np.float32(0.5))
    return builder.build(builder.node(ArgMax, "best", scores), shared, real)


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("builds") / "heads"
    manifest = build_graph(network(), folder, BuildOptions(samples=9))
    return folder, manifest


def test_every_file_is_listed(built):
    folder, manifest = built
    files = contents(folder)
    assert set(files) == {*manifest.files, "manifest.json"}
    assert {name: hashlib.sha256(data).hexdigest() for name, data in files.items()
            if name != "manifest.json"} == dict(manifest.files)
    assert Manifest.load(folder) == manifest
    assert not changed_files(folder, manifest)
    assert {"graph.json", "graph.npz", "imported/graph.json", "imported/graph.npz", "plan.json",
            "proof.json", "vectors.npz", "rtl/heads.v"} <= set(files)
    assert Graph.load(folder / "imported").inputs == ("reals", "codes")


def test_memory_images(built):
    folder, manifest = built
    assert {memory.name for memory in manifest.memory} >= {
        "a_unit_weights", "a_unit_bias", "b_unit_weights", "c_unit_weights", "d_unit_weights"}
    for memory in manifest.memory:
        words = (folder / memory.file).read_text().splitlines()
        assert len(words) == memory.depth
        assert {len(word) for word in words} == {-(-memory.width // 4)}
        assert all(int(word, 16) < 1 << memory.width for word in words)
        assert memory.bytes == -(-memory.depth * memory.width // 8)
        assert memory.sha256 == manifest.files[memory.file]
        verilog = (folder / manifest.verilog).read_text()
        assert verilog.count(f'"{memory.file.removeprefix("rtl/")}"') == 1


def test_manifest_says_what_runs_where(built):
    folder, manifest = built
    assert (manifest.host.head, manifest.host.tail) == (("head",), ("tail", "add"))
    assert {stream.tensor for stream in manifest.streams} == {
        "head.out", "codes", "best.out", "a_scaled.out", "d_acc"}
    plan = Plan.load(folder / "plan.json")
    assert manifest.prediction.interval == plan.prediction.interval
    assert manifest.model is None


def test_nothing_tells_when_or_where(built, tmp_path):
    folder, _ = built
    for name, data in contents(folder).items():
        for path in (folder, tmp_path.parent, ROOT):
            assert str(path).encode() not in data, name
        if name.endswith(".npz"):
            with zipfile.ZipFile(folder / name) as archive:
                assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_same_bytes_each_time(tmp_path):
    """From another working folder, into another one, under another hash seed, from a copy."""
    found = []
    for place, seed in (("here", "1"), ("elsewhere/deep", "2")):
        (cwd := tmp_path / place).mkdir(parents=True)
        out = cwd / f"out_{seed}"
        model = MODEL if seed == "1" else cwd / MODEL.name
        if model != MODEL:
            model.write_bytes(MODEL.read_bytes())
        subprocess.run([sys.executable, "-m", "gen.cli", "build", str(model), "-o", str(out),
                        "--rate", "1e5"], check=True, cwd=cwd, capture_output=True,
                       env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)})
        found.append(contents(out))
    assert found[0] == found[1]


def test_rebuilt_by_its_own_plan(built, tmp_path):
    folder, _ = built
    plan = Plan.load(folder / "plan.json")
    build_graph(network(), tmp_path / "again", BuildOptions(samples=9, plan=plan))
    assert contents(tmp_path / "again") == contents(folder)
    # What follows from the units is made anew, whatever the file says.
    bare = msgspec.structs.replace(plan, links=(), buffers=(), schedule=(), weights=(),
                                   prediction=None)
    build_graph(network(), tmp_path / "bare", BuildOptions(samples=9, plan=bare))
    assert contents(tmp_path / "bare") == contents(folder)


def test_edited_plan(built, tmp_path, need):
    """One unit for all layers, another folding: other Verilog, the same results."""
    folder, manifest = built
    plan = json.loads((folder / "plan.json").read_text())
    dense = [unit for unit in plan["units"] if unit["kind"] == "dense"]
    others = [unit for unit in plan["units"] if unit["kind"] not in ("dense", "multiply_add_shift")]
    scaled = [unit for unit in plan["units"] if unit["kind"] == "multiply_add_shift"]
    order = [node.name for node in core_graph(Graph.load(folder)).nodes]
    jobs = {kind: sorted((job for unit in units for job in unit["jobs"]), key=order.index)
            for kind, units in (("dense", dense), ("scaled", scaled))}
    assert (len(dense), len(scaled), len(others)) == (4, 2, 1)
    plan["units"] = [{**dense[0], "name": "all", "jobs": jobs["dense"], "rows": 3, "lanes": 4},
                     {**scaled[0], "name": "scale", "jobs": jobs["scaled"], "lanes": 2}, *others]
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    edited = build_graph(network(), tmp_path / "edited", BuildOptions(
        samples=9, plan=Plan.load(tmp_path / "plan.json")))
    assert edited.prediction.interval > manifest.prediction.interval
    kept = ("graph.json", "graph.npz", "vectors.npz", "proof.json")
    before, after = contents(folder), contents(tmp_path / "edited")
    assert all(before[name] == after[name] for name in kept)
    need("verilator")
    # The layers differ in their clamps, and two outputs are wider on the wire than they are.
    for samples in (0, 1, 4):
        rng = np.random.default_rng(samples)
        inputs = {"reals": rng.normal(0, 3, (samples, 6)).astype(np.float32),
                  "codes": rng.integers(-128, 128, (samples, 2, 5))}
        graph = Graph.load(tmp_path / "edited")
        for dequantise in (False, True):
            golden = results(graph, run_golden(graph, inputs), dequantise=dequantise)
            rtl = results(graph, run_rtl(tmp_path / "edited", graph, inputs),
                          dequantise=dequantise)
            imported = results(network(), run_golden(network(), inputs), dequantise=dequantise)
            assert list(golden) == list(rtl) == ["best.out", "a_scaled.out", "add.out"]
            for name, codes in golden.items():
                assert len(codes) == samples
                assert rtl[name].dtype == codes.dtype
                np.testing.assert_array_equal(rtl[name], codes)
                np.testing.assert_array_equal(imported[name], codes)


def test_plan_of_another_network(built, tmp_path):
    folder, _ = built
    other = NetworkBuilder("other")
    x = other.input("x", (3,), INT8)
    graph = other.build(other.matmul("fc", x, np.ones((2, 3))))
    with pytest.raises(InputFault, match=r"^plan: unit 'a_unit' has the unknown job 'a'; there "
                                         r"are fc$"):
        build_graph(graph, tmp_path / "out", BuildOptions(plan=Plan.load(folder / "plan.json")))
    assert list(tmp_path.iterdir()) == []


def test_command_line_over_the_plan(tmp_path):
    """--plan brings device and clock along; what is said beside it counts more."""
    spec = ROOT / "examples" / "specs" / "two_layers.yaml"
    (first,) = build_source(spec, tmp_path / "first", lambda _: None, device="ecp5-45k", clock=30)
    plan = first.folder / "plan.json"
    for place, settings, expected in (
            ("a", {}, ("ecp5-45k", 30.0)), ("b", {"device": "ice40-hx8k"}, ("ice40-hx8k", 30.0)),
            ("c", {"clock": 12.5}, ("ecp5-45k", 12.5))):
        build_source(spec, tmp_path / place, lambda _: None, plan=plan, **settings)
        again = Plan.load(tmp_path / place / "plan.json")
        assert (again.device, again.clock_mhz) == expected
        assert again.units == Plan.load(plan).units


def test_stimulus():
    """Codes of the core's inputs: first the extremes, then any."""
    builder = NetworkBuilder("inputs")
    x = builder.input("x", (40,), INT8)
    y = builder.input("y", (2, 30), BipolarFormat())
    core = builder.build(builder.matmul("a", x, np.ones((1, 40))),
                         builder.matmul("b", y, np.ones((1, 30))))
    stimulus = stimulus_for(core, 50)
    assert {name: array.shape for name, array in stimulus.items()} == {
        "x": (50, 40), "y": (50, 2, 30)}
    assert stimulus["x"].dtype == np.int8
    assert (stimulus["x"][0] == -128).all()
    assert (stimulus["x"][1] == 127).all()
    assert set(np.unique(stimulus["y"])) == {0, 1}
    assert len(np.unique(stimulus["x"][2:])) > 250
    for name, array in stimulus_for(core, 50).items():
        np.testing.assert_array_equal(array, stimulus[name])
    assert not np.array_equal(stimulus_for(core, 50, seed=2)["x"], stimulus["x"])
    for samples in (0, 1):
        assert {len(array) for array in stimulus_for(core, samples).values()} == {samples}


def test_stimulus_of_a_float_head_is_what_the_head_gives(built):
    folder, _ = built
    with np.load(folder / "vectors.npz") as file:
        assert sorted(file.files) == ["codes", "head.out"]
        assert file["head.out"].shape == (9, 6)
        assert file["head.out"].dtype == np.int8


def test_stimulus_that_is_given(tmp_path):
    given = np.arange(12, dtype=np.int8).reshape(2, 6)
    codes = np.zeros((2, 2, 5), np.int8)
    build_graph(network(), tmp_path / "out", BuildOptions(
        samples=5, stimulus={"head.out": given, "codes": codes}))
    with np.load(tmp_path / "out" / "vectors.npz") as file:
        np.testing.assert_array_equal(file["head.out"], given)
        np.testing.assert_array_equal(file["codes"], codes)


def test_samples_of_a_spec(tmp_path):
    (tmp_path / "spec.yaml").write_text(
        "unit: argmax\nparams: {length: 4, source: int4}\nverify: {samples: 7}\n")
    build_source(tmp_path / "spec.yaml", tmp_path / "out", lambda _: None)
    with np.load(tmp_path / "out" / "vectors.npz") as file:
        assert [file[name].shape for name in file.files] == [(7, 4)]
