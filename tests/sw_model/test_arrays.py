"""Files of arrays: names of any kind, fixed bytes, and damage of every kind."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from sw_model.arrays import load_arrays, save_arrays

ARRAYS = {
    "w": np.arange(6, dtype=np.int8).reshape(2, 3), "w.npy": np.array([7], np.int64),
    "a/b": np.array(3.5, np.float32), "/x": np.empty((0, 4), np.uint16), "": np.array([1, 2]),
    "Ünïcode ✓": np.array([[True]]), "..\\c:": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
}


def saved(arrays) -> bytes:
    data = io.BytesIO()
    save_arrays(data, arrays)
    return data.getvalue()


@pytest.fixture
def load(tmp_path):
    """Loads from bytes, by way of a file."""
    def load(data: bytes):
        (path := tmp_path / "arrays.npz").write_bytes(data)
        return load_arrays(path)
    return load


def test_round_trip(tmp_path):
    save_arrays(path := tmp_path / "arrays.npz", ARRAYS)
    assert path.read_bytes() == saved(ARRAYS)
    found = load_arrays(path)
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


def test_numpy_reads_it():
    with np.load(io.BytesIO(saved({"x": ARRAYS["w"]})), allow_pickle=False) as file:
        np.testing.assert_array_equal(file["x"], ARRAYS["w"], strict=True)


def test_same_bytes_whatever_the_memory_looks_like():
    data = saved(ARRAYS)
    assert saved({k: np.array(v, order="F") for k, v in ARRAYS.items()}) == data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_refuses_names_that_an_archive_would_cut():
    with pytest.raises(ValueError, match=r"^no file can hold an array called 'a\\x00b'$"):
        saved({"a\0b": np.zeros(1)})


def archive_of(**entries: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return data.getvalue()


def npy(header: str, data: bytes = b"", version: bytes = b"\1\0") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text + data


PICKLED = io.BytesIO()
np.save(PICKLED, np.array([{}]), allow_pickle=True)


@pytest.mark.parametrize("data", [
    b"", b"PK\3\4", b"no archive at all", saved(ARRAYS)[:-5], saved(ARRAYS)[40:],
    archive_of(text=b"1"), archive_of(**{"a.npy": b""}), archive_of(**{"a.npy": b"\x93NUMPY"}),
    archive_of(**{"a.npy": PICKLED.getvalue()}),
    archive_of(**{"a.npy": npy("{'descr': '|i1', 'fortran_order': False, 'shape': (4,)}", b"123")}),
    archive_of(**{"a.npy": npy(
        "{'descr': '<i8', 'fortran_order': False, 'shape': (9000000000000000,)}")}),
    archive_of(**{"a.npy": npy("{'descr': '|i1', 'shape': (4,)}", b"1234")}),
    archive_of(**{"a.npy": npy("{'descr': '|i1', 'fortran_order': False, 'shape': (-4,)}")}),
    archive_of(**{"a.npy": npy("{(((((")}), archive_of(**{"a.npy": npy("x" * 20_000)}),
    archive_of(**{"a.npy": npy("{}", version=b"\7\0")}),
])
def test_what_is_none_of_its_files(data, load):
    with pytest.raises(ValueError, match=r"^not an \.npz file of plain arrays \(.+\)$") as caught:
        load(data)
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_arrays_that_are_there_twice(load):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for _ in range(2):
            archive.writestr("a.npy", npy("{'descr': '|i1', 'fortran_order': False, 'shape': ()}",
                                          b"1"))
    with pytest.raises(ValueError, match=r"entry 'a\.npy' is no array, or there twice"):
        load(data.getvalue())


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_bytes(load, rng):
    """Either the arrays, or one clear line: never another exception."""
    whole = saved(ARRAYS)
    said = []
    for _ in range(400):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), rng.integers(1, 4)):
            data[place] = rng.integers(256)
        try:
            load(bytes(data))
        except ValueError as error:
            said.append(str(error))
    assert len(said) > 200
    assert not [line for line in said if "\n" in line]


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_arrays(tmp_path / "none.npz")
    with pytest.raises(OSError, match="directory"):
        load_arrays(tmp_path)
