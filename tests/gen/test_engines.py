"""What engines read: build folders and input files, whole or broken."""

from __future__ import annotations

import numpy as np
import pytest

from gen.engines import load_graph, read_inputs
from sw_model.arrays import save_arrays
from sw_model.faults import InputFault
from sw_model.ops import RescaleMode
from tests.support.networks import two_layers
from tests.support.operations import OPERATIONS
from verif.manifest import Manifest


@pytest.fixture
def folder(tmp_path):
    """As much of a build folder as the golden engine reads."""
    two_layers().save(tmp_path)
    Manifest(name="two", top="two", verilog="rtl/two.v", gatemill="0", streams=()).save(tmp_path)
    return tmp_path


def test_a_build_folder(folder):
    assert load_graph(folder) == two_layers()
    with pytest.raises(InputFault, match=r"a build has its rounding already"):
        load_graph(folder, RescaleMode.FLOOR)


def test_a_folder_of_something_else(tmp_path):
    with pytest.raises(InputFault, match=r"holds no manifest\.json; name a build folder or a"):
        load_graph(tmp_path)


def test_a_spec(tmp_path):
    with pytest.raises(InputFault, match=r"two\.yaml: is a spec, not a model; `gatemill spec`"):
        load_graph(tmp_path / "two.yaml")


def test_broken_folders(folder):
    text = (folder / "graph.json").read_text()
    (folder / "graph.json").write_text(text[:-20])
    with pytest.raises(InputFault, match=r"graph\.json: not JSON .*; build the folder again$"):
        load_graph(folder)
    (folder / "graph.json").write_text(text)
    (folder / "graph.npz").write_bytes(b"PK\3\4")
    with pytest.raises(InputFault, match=r"graph\.npz: not an \.npz file .*; build the folder aga"):
        load_graph(folder)
    (folder / "graph.npz").unlink()
    with pytest.raises(InputFault, match=r"graph\.npz: cannot be read \(No such file"):
        load_graph(folder)


@pytest.fixture
def read(tmp_path):
    """What is read from a file of ``arrays`` for a network."""
    def read(graph, **arrays):
        save_arrays(path := tmp_path / "x.npz", arrays)
        return read_inputs(path, graph)
    return read


def test_inputs_by_name_or_place(read):
    x = np.array([[1, 2, 3]])
    for name in ("x", "in0"):
        assert read(two_layers(), **{name: x})["x"].tolist() == x.tolist()


def test_integers_for_reals(read):
    found = read(OPERATIONS["Relu"], x=np.ones((4, 2, 3), np.uint8))
    assert found["x"].dtype == np.float32


@pytest.mark.parametrize(("arrays", "message"), [
    ({}, "no array 'x' or 'in0'; there are none"),
    ({"y": np.zeros((1, 3), int)}, "no array 'x' or 'in0'; there are y"),
    ({"x": np.zeros((1, 3), int), "y": np.zeros(1)}, "unknown arrays y; the inputs are x"),
    ({"x": np.zeros((1, 4), int)}, r"'x' has shape \(1, 4\), but must be \(samples, 3\)"),
    ({"x": np.array(5)}, r"'x' has shape \(\), but must be \(samples, 3\)"),
    ({"x": np.zeros((1, 3))}, "'x' must hold integers for int8, not float64"),
    ({"x": np.array([[1, 2, 128]])}, r"array 'x'\[0, 2\] is 128, but int8 holds -128 to 127"),
])
def test_arrays_that_do_not_fit(read, arrays, message):
    with pytest.raises(InputFault, match=rf"x\.npz: .*{message}"):
        read(two_layers(), **arrays)


def test_reals_that_do_not_fit(read):
    for array, message in ((np.full((1, 2, 3), "a"), "is <U1, but must hold reals"),
                           (np.full((1, 2, 3), np.nan), "holds NaN")):
        with pytest.raises(InputFault, match=message):
            read(OPERATIONS["Relu"], x=array)


def test_files_that_hold_no_arrays(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros(3))
    (tmp_path / "x.txt").write_text("1 2 3")
    for name in ("x.npy", "x.txt"):
        with pytest.raises(InputFault, match=r"not an \.npz file of plain arrays \(File is not a"):
            read_inputs(tmp_path / name, two_layers())
    with pytest.raises(InputFault, match=r"none\.npz: cannot be read \(No such file"):
        read_inputs(tmp_path / "none.npz", two_layers())
