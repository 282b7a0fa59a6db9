"""Networks in files: the same again, the same bytes, and one line about anything else."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import numpy as np
import pytest

from sw_model.arrays import load_arrays, save_arrays
from sw_model.formats import BipolarFormat, IntFormat, TernaryFormat
from sw_model.graph import Graph, GraphError, State, Tensor, build
from sw_model.node import AtMost
from sw_model.ops import MatMul
from tests.support.networks import counter, two_layers
from tests.support.operations import OPERATIONS


def peculiar() -> Graph:
    """Everything that a file may hold: odd names, scales, a state, a run-time length."""
    weights = np.array([[1, -1, 0]])
    return build('net/"ü', [
        Tensor("<=5", (AtMost(5), 3), BipolarFormat(), (0.1, 1 / 3, 2.0**-60), -1),
        Tensor("w", (1, 3), TernaryFormat(), (1e-45,), value=weights),
        Tensor("w.npy", (), IntFormat(64), value=np.array(-(2**63))),
        Tensor("a/b\n", (AtMost(5), 1), IntFormat(3)), Tensor("h", (), IntFormat(64))],
        [MatMul(name="fc", inputs=("<=5", "w"), outputs=("a/b\n",), format=IntFormat(3))],
        ["<=5"], ["a/b\n", "w"], [State("h", "w.npy", "h")])


NETWORKS = {**OPERATIONS, "two": two_layers(), "counter": counter(), "peculiar": peculiar()}


@pytest.mark.parametrize("name", NETWORKS)
def test_round_trip(name, tmp_path):
    graph = NETWORKS[name]
    files = graph.save(tmp_path)
    assert [file.name for file in files] == ["graph.json", "graph.npz"]
    again = Graph.load(tmp_path)
    assert again == graph
    assert list(again.tensors) == list(graph.tensors)
    for key, tensor in graph.tensors.items():
        if tensor.value is None:
            assert again.tensors[key].value is None
        else:
            np.testing.assert_array_equal(again.tensors[key].value, tensor.value, strict=True)
    # The same bytes again, from what was read as from what was made.
    before = [file.read_bytes() for file in files]
    assert [file.read_bytes() for file in graph.save(tmp_path)] == before
    assert [file.read_bytes() for file in again.save(tmp_path)] == before


def test_equality_minds_constants():
    graph = two_layers()
    tensors = dict(graph.tensors)
    value = tensors["fc.weights"].value.copy()
    value[1, 2] += 1
    tensors["fc.weights"] = replace(tensors["fc.weights"], value=value)
    assert replace(graph, tensors=tensors) != graph
    assert replace(graph, tensors=dict(graph.tensors)) == graph


def test_what_was_read_runs_alike(tmp_path, rng):
    graph = two_layers()
    graph.save(tmp_path)
    x = rng.integers(-128, 128, (20, 3))
    ours, theirs = graph.trace({"x": x}), Graph.load(tmp_path).trace({"x": x})
    for name, array in ours.items():
        np.testing.assert_array_equal(theirs[name], array, strict=True)


def test_no_number_that_json_has_not(tmp_path):
    """Files are read by more than Python, which alone takes NaN and Infinity."""
    for graph in NETWORKS.values():
        graph.save(tmp_path)
        text = (tmp_path / "graph.json").read_text(encoding="utf-8")
        json.loads(text, parse_constant=lambda word: pytest.fail(word))


def test_numbers_that_json_has_not_are_refused(tmp_path):
    graph = OPERATIONS["BatchNormalisation"]
    endless = replace(graph, nodes=(replace(graph.nodes[0], epsilon=np.inf),))
    with pytest.raises(ValueError, match=r"^Out of range float values are not JSON compliant"):
        endless.save(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def saved(tmp_path):
    """A folder with a network, and what loading it says."""
    two_layers().save(tmp_path)

    def load() -> str:
        with pytest.raises(GraphError) as caught:
            Graph.load(tmp_path)
        message = str(caught.value)
        assert message.isprintable(), message
        assert len(message) < 800
        return message.removeprefix(f"{tmp_path}/")
    return tmp_path, load


def put(data, path, value):
    """``data`` with another value at the end of ``path``; ``...`` removes it."""
    data = copy.deepcopy(data)
    *way, last = path
    inner = data
    for step in way:
        inner = inner[step]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return data


@pytest.mark.parametrize(("path", "value", "message"), [
    (["schema"], 2, "schema is 2, not 1"),
    (["schema"], ..., "schema is None, not 1"),
    (["name"], ..., "not a network: 'name' is missing"),
    (["name"], 5, "not a network: name must be a str, not 5"),
    (["made_by"], "me", "not a network: unknown field 'made_by'; there are inputs, name, "),
    (["inputs"], "x", "not a network: inputs must be a list, not 'x'"),
    (["inputs"], [["x"]], "not a network: inputs must be a str, not ['x']"),
    (["outputs"], None, "not a network: outputs must be a list, not None"),
    (["outputs"], ["none"], "nothing makes output 'none'"),
    (["states"], [["h", "fc.bias"]], "not a network: a state must list its name, initial value "),
    (["states"], ["abc"], "not a network: a state must be a list, not 'abc'"),
    (["states"], [["fc.out", "fc.bias", "x"]], "node 'fc' (MatMul): 'fc.out' is made twice"),
    (["tensors"], {}, "not a network: tensors must be a list, not {}"),
    (["tensors", 0], None, "tensor None: must be a mapping, not NoneType"),
    (["tensors", 0, "shape"], [4], "node 'fc' (MatMul): input 'x' of shape (4,) does not fit 3"),
    (["tensors", 0, "shape"], [True], "tensor 'x': a dimension must be an integer, not True"),
    (["tensors", 0, "shape"], ["x=3"], "tensor 'x': a dimension must be a number or like '<=8'"),
    (["tensors", 0, "format"], "int", "tensor 'x': unknown format 'int'"),
    (["tensors", 0, "fromat"], "int8", "tensor 'x': unknown field 'fromat'; there are constant"),
    (["tensors", 0, "name"], "fc.out", "tensor 'fc.out' is listed twice"),
    (["tensors", 0, "constant"], True, "tensor 'x': its value is missing"),
    (["tensors", 1, "constant"], ..., "node 'fc' (MatMul): nothing before it makes 'fc.weights'"),
    (["tensors", 1, "shape"], [3, 2], "tensor 'fc.weights': value has shape (2, 3), but the "),
    (["tensors", 1, "format"], "int3", "tensor 'fc.weights': value[1, 1] is 5, but "),
    (["tensors", 1, "format"], "float32", "tensor 'fc.weights': value must be float"),
    (["tensors", 1, "name"], "w\n", "tensor 'w\\n': its value is missing"),
    (["nodes", 0, "op"], "Conv", "unknown operation 'Conv'; there are A"),
    (["nodes", 0, "bits"], 8, "node 'fc' (MatMul): unknown field 'bits'; there are format, "),
    (["nodes", 0, "format"], ..., "node 'fc' (MatMul): 'format' is missing"),
    (["nodes", 0, "inputs"], ["x"], "node 'fc' (MatMul): needs 2 or 3 inputs, not 1"),
    (["nodes", 0], [], "unknown operation None; there are"),
    (["nodes", 1, "shape"], [-1, -2], "node 'flat' (Reshape): cannot make [-1, -2] of 2 elements"),
])
def test_faults_of_the_text(saved, path, value, message):
    folder, load = saved
    file = folder / "graph.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(put(data, path, value)), encoding="utf-8")
    assert load().startswith(f"graph.json: {message}")


@pytest.mark.parametrize(("text", "message"), [
    (b"", "graph.json: not JSON (Expecting value"),
    (b'{"schema": 1', "graph.json: not JSON (Expecting"),
    (b"\xff\xfe", "graph.json: not JSON ('utf-8' codec can't decode"),
    (b"[" * 100_000, "graph.json: not JSON (maximum recursion depth exceeded"),
    (b"[]", "graph.json: not a network: must be a mapping, not list"),
    (b"null", "graph.json: not a network: must be a mapping, not NoneType"),
    (b'{"schema": ' + b"9" * 5000 + b"}", "graph.json: not JSON (Exceeds the limit"),
])
def test_what_is_no_json(saved, text, message):
    folder, load = saved
    (folder / "graph.json").write_bytes(text)
    assert load().startswith(message)


def test_faults_of_the_constants(saved):
    folder, load = saved
    file = folder / "graph.npz"
    whole = file.read_bytes()
    for data in (b"", b"no archive", whole[:-4], whole[:50], whole[60:]):
        file.write_bytes(data)
        assert load().startswith("graph.npz: not an .npz file of plain arrays (")
    file.write_bytes(whole)
    constants = load_arrays(file)
    save_arrays(file, {k: v for k, v in constants.items() if k != "fc.bias"})
    assert load() == "graph.json: tensor 'fc.bias': its value is missing"
    save_arrays(file, {**constants, "fc.bias": constants["fc.bias"][None]})
    assert load().startswith("graph.json: tensor 'fc.bias': value has shape (1, 2), but the tenso")
    save_arrays(file, {**constants, "fc.bias": constants["fc.bias"].astype(np.int64) << 31})
    assert load().startswith("graph.json: tensor 'fc.bias': value[0] is 21474836480")
    save_arrays(file, {**constants, "fc.bias": constants["fc.bias"].astype(complex)})
    assert load().startswith("graph.json: tensor 'fc.bias': value must hold integers")


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        Graph.load(tmp_path)
    two_layers().save(tmp_path)
    (tmp_path / "graph.npz").unlink()
    with pytest.raises(FileNotFoundError):
        Graph.load(tmp_path)


#: Values that belong nowhere, or somewhere else.
STRANGE = (None, True, -1, 0, 3, 2.5, 1e308, 2**70, "", "x", "int8", "fc.out", "<=3", [], [[]],
           ["x"], [3], {}, {"op": "Table"}, ...)


def places(data, way=()):
    """The paths of all values in ``data``."""
    for key in (range(len(data)) if isinstance(data, list) else data):
        yield (*way, key)
        if isinstance(data[key], list | dict):
            yield from places(data[key], (*way, key))


@pytest.mark.parametrize("name", ["two", "counter", "peculiar", "Rescale", "MultiThreshold"])
def test_strange_values_everywhere(name, rng):
    """Each value replaced by some that are strange there: a network, or one line."""
    graph = NETWORKS[name]
    constants = {t.name: t.value for t in graph.tensors.values() if t.value is not None}
    data = json.loads(json.dumps(graph.as_json()))
    refused = tried = 0
    for path in places(data):
        for place in rng.choice(len(STRANGE), 5, replace=False):
            tried += 1
            try:
                Graph.from_json(put(data, path, STRANGE[place]), constants).check()
            except GraphError as error:
                refused += 1
                if not str(error).isprintable():
                    pytest.fail(f"{path}: {error}")
    assert refused > 0.8 * tried
