"""Numbers of a spec: seeds, files, lists, and the formats that hold them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gen.spec.values import (
    FileNumbers,
    ListNumbers,
    RandomNumbers,
    codes_of,
    parse_numbers,
    random_codes,
)
from sw_model.formats import Format, IntFormat, parse_format

INT8 = IntFormat(8)
HERE = Path()


@pytest.fixture
def arrays(tmp_path: Path) -> Path:
    np.savez(tmp_path / "w.npz", fc1=np.arange(6).reshape(2, 3), fc1_bias=np.array([-1, 300]),
             real=np.ones((2, 3)))
    np.savez(tmp_path / "one.npz", anything=np.eye(2, dtype=np.int16))
    return tmp_path


def test_seeds_give_every_code_and_the_same_ones_again() -> None:
    for spelling in ("int3", "uint2", "bipolar", "ternary"):
        format_ = parse_format(spelling)
        codes = random_codes(format_, (50, 20), 3)
        assert set(codes.ravel()) == set(range(format_.min, format_.max + 1))
        np.testing.assert_array_equal(codes, random_codes(format_, (50, 20), 3))
        assert (codes != random_codes(format_, (50, 20), 4)).any()


def test_a_file_s_array_is_found_by_its_name_or_as_the_only_one(arrays: Path) -> None:
    numbers = parse_numbers("w.npz", arrays)
    assert isinstance(numbers, FileNumbers)
    codes, format_ = codes_of(numbers, [(2, 3)], None, keys=("weights", "fc1"), default=INT8)
    np.testing.assert_array_equal(codes, [[0, 1, 2], [3, 4, 5]])
    assert str(format_) == "uint3"
    codes, format_ = codes_of(parse_numbers("w.npz:fc1_bias", arrays), [(2,)], None, keys=("bias",),
                              default=INT8)
    assert (codes.tolist(), str(format_)) == ([-1, 300], "int10")
    codes, _ = codes_of(parse_numbers("one.npz", arrays), [(2, 2)], INT8, keys=("weights",),
                        default=INT8)
    assert codes.tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize(("name", "message"), [
    ("none.npz", "none.npz: cannot be read: No such file or directory"),
    ("w.npz:fc2", "w.npz: no array 'fc2'; did you mean 'fc1'?"),
    ("text.npz", "text.npz: not an .npz file of plain arrays (File is not a zip file)"),
    ("pickle.npz", "pickle.npz: not an .npz file of plain arrays (Object arrays cannot be loaded"),
    ("empty.npz", "empty.npz: holds no arrays"),
])
def test_files_that_hold_no_arrays(arrays: Path, name: str, message: str) -> None:
    (arrays / "text.npz").write_text("weights")
    np.savez(arrays / "pickle.npz", a=np.array([None]))
    np.savez(arrays / "empty.npz")
    with pytest.raises(ValueError) as caught:
        parse_numbers(name, arrays)
    assert message in str(caught.value)


def test_files_that_would_grow_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gen.spec.values.MAX_FILE_BYTES", 5000)
    np.savez_compressed(tmp_path / "bomb.npz", a=np.zeros(5000, np.int8))
    with pytest.raises(ValueError, match=r"bomb.npz holds 5128 bytes, but at most 5000 are"):
        parse_numbers("bomb.npz", tmp_path)


@pytest.mark.parametrize(("numbers", "format_", "message"), [
    ("w.npz", None, "w.npz holds the arrays fc1, fc1_bias, real; say which, as in w.npz:fc1"),
    ("w.npz:real", None, "array 'real' of w.npz is float64, but must hold integers"),
    ("w.npz:fc1_bias", None, "array 'fc1_bias' of w.npz has shape [2], but must have [2, 3]"),
    ("w.npz:fc1", "int3", "array 'fc1' of w.npz holds 5, but int3 holds -4 to 3"),
    ([[1, -1, 1], [1, 0, 1]], "bipolar", "the list: a bipolar value must be -1 or +1"),
    ([[1, -2, 1], [1, 0, 1]], "ternary", "the list holds -2, but ternary holds -1 to 1"),
    ([[1, 2, 3]], None, "the list has shape [1, 3], but must have [2, 3]"),
])
def test_numbers_that_do_not_fit(arrays: Path, numbers: object, format_: str | None,
                                 message: str) -> None:
    parsed = parse_numbers(numbers, arrays)
    wanted: Format | None = parse_format(format_) if format_ else None
    with pytest.raises(ValueError) as caught:
        codes_of(parsed, [(2, 3)], wanted, keys=("weights",), default=INT8)
    assert str(caught.value) == message


def test_values_become_codes_of_their_format() -> None:
    codes, format_ = codes_of(parse_numbers([[1, -1]], HERE), [(1, 2)], parse_format("bipolar"),
                              keys=(), default=INT8)
    assert (codes.tolist(), str(format_)) == ([[1, 0]], "bipolar")


@pytest.mark.parametrize(("value", "message"), [
    ("random(x)", "must be random(seed), a file.npz or a list, not 'random(x)'"),
    ("weights.npy", "must be random(seed), a file.npz or a list, not 'weights.npy'"),
    (3, "must be random(seed), a file.npz or a list, not 3"),
    ([], "must not be an empty list"), ([[]], "must not be an empty list"),
    ([1, [2]], "must be a list of integers or a list of rows"),
    ([[[1]]], "must be a list of integers or a list of rows"),
    ([1, 2.5], "must hold integers, not 2.5"), ([True], "must hold integers, not true"),
    ([2**62], "4611686018427387904 is too large"),
    ([[1, 2], [3]], "has rows of different lengths: 1, 2"),
])
def test_values_that_are_no_numbers(value: object, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_numbers(value, HERE)
    assert str(caught.value) == message


def test_a_matrix_has_a_limit() -> None:
    with pytest.raises(ValueError, match="must be at most 16777216 numbers, not 4294967296"):
        codes_of(RandomNumbers(1), [(2**16, 2**16)], None, keys=(), default=INT8)


def test_lists_keep_their_rank() -> None:
    assert parse_numbers([1, 2], HERE).array.shape == (2,)  # type: ignore[union-attr]
    matrix = parse_numbers([[1, 2]], HERE)
    assert isinstance(matrix, ListNumbers)
    assert matrix.array.shape == (1, 2)
