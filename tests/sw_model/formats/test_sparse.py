"""N:M sparsity: worked blocks, pruning by plain words, packing bit by bit, refusals."""

from __future__ import annotations

from math import ceil, log2

import numpy as np
import pytest

from sw_model.formats import (
    NAMED,
    BipolarFormat,
    CodebookFormat,
    E8M0Format,
    FixedFormat,
    IntFormat,
    PositFormat,
    TernaryFormat,
)
from sw_model.formats.sparse import SparseFormat, parse_sparse_format, transposable_masks

INT8 = IntFormat(8)
TWO_FOUR = SparseFormat(2, 4, INT8)

ELEMENTS = [INT8, IntFormat(3), IntFormat(4, signed=False), IntFormat(32), FixedFormat(6, 3),
            TernaryFormat(), NAMED["e2m1"], NAMED["e4m3fn"], NAMED["bf16"], PositFormat(8, 0),
            CodebookFormat((-3.0, -1.0, 0.0, 2.0, 7.0))]

RATIOS = [(2, 4), (2, 8), (1, 4), (1, 1), (1, 2), (3, 5), (4, 4), (7, 33), (1, 64), (64, 64)]


def codes_of(element, rng, shape):
    """Random codes whose values are finite."""
    if isinstance(element, IntFormat | FixedFormat | TernaryFormat):
        return rng.integers(element.min, element.max, shape, endpoint=True)
    codes = np.arange(1 << element.width)
    legal = codes[element.legal()]
    return rng.choice(legal[np.isfinite(element.decode(legal))], shape)


def kept(element, block, keep):
    """Places of the ``keep`` largest magnitudes; of equals the lower places."""
    size = [abs(v) for v in element.decode(np.array(block)).tolist()]
    return sorted(sorted(range(len(block)), key=lambda k: (-size[k], k))[:keep])


def test_worked_blocks():
    fields = TWO_FOUR.compress([0, 5, 0, -3, 7, 0, 0, 1])
    assert fields["values"].tolist() == [[5, -3], [7, 1]]
    assert fields["places"].tolist() == [[1, 3], [0, 3]]
    values, places = TWO_FOUR.pack(fields)
    assert values.tolist() == [5, 253, 7, 1]
    assert places.tolist() == [0b1100_1101]


def test_bits():
    for keep, of, element, bits in ((2, 4, INT8, 5), (2, 8, INT8, 2.75), (2, 4, IntFormat(2), 2),
                                    (1, 4, INT8, 2.5), (4, 4, INT8, 10), (1, 1, INT8, 8),
                                    (1, 33, INT8, 14 / 33)):
        assert SparseFormat(keep, of, element).bits == bits
    for of in range(1, 65):
        assert SparseFormat(1, of, INT8).place_width == ceil(log2(of))


@pytest.mark.parametrize("element", ELEMENTS, ids=str)
@pytest.mark.parametrize(("keep", "of"), RATIOS)
def test_prune_against_plain_words(keep, of, element, rng):
    form = SparseFormat(keep, of, element)
    codes = codes_of(element, rng, (3, 5 * of))
    fields, mask = form.prune(codes), form.mask(codes)
    assert fields["values"].shape == fields["places"].shape == (3, 5, keep)
    dense = form.to_dense(fields)
    for row in range(3):
        for block in range(5):
            part = codes[row, of * block:of * (block + 1)]
            places = kept(element, part, keep)
            assert fields["places"][row, block].tolist() == places
            assert fields["values"][row, block].tolist() == part[places].tolist()
            assert np.flatnonzero(mask[row, of * block:of * (block + 1)]).tolist() == places
            wanted = [int(c) if k in places else form.zero for k, c in enumerate(part)]
            assert dense[row, of * block:of * (block + 1)].tolist() == wanted
    # What is sparse already loses nothing.
    again = form.compress(dense)
    np.testing.assert_array_equal(element.decode(form.to_dense(again)), element.decode(dense))


@pytest.mark.parametrize("element", ELEMENTS, ids=str)
@pytest.mark.parametrize(("keep", "of"), RATIOS)
def test_packed_bit_by_bit(keep, of, element, rng):
    form = SparseFormat(keep, of, element)
    fields = form.prune(codes_of(element, rng, (2, 3 * of)))
    values, places = form.pack(fields)
    assert values.dtype == places.dtype == np.uint8
    for row in range(2):
        for data, width, wanted in (
                (values, element.width, element.to_bits(fields["values"][row])),
                (places, (of - 1).bit_length(), fields["places"][row])):
            number = int.from_bytes(data[row].tobytes(), "little")
            assert data.shape == (2, ceil(3 * keep * width / 8))
            for k, code in enumerate(wanted.ravel().tolist()):
                assert number >> width * k & (1 << width) - 1 == code
            assert number >> width * 3 * keep == 0
    again = form.unpack(values, places, 3)
    for name, field in fields.items():
        np.testing.assert_array_equal(again[name], field)


def test_every_block_of_2_of_4_ternary():
    """All 81: those with at most two that are not zero survive, the others are named."""
    form = SparseFormat(2, 4, TernaryFormat())
    blocks = np.stack(np.meshgrid(*[[-1, 0, 1]] * 4, indexing="ij"), axis=-1).reshape(81, 4)
    for number, block in enumerate(blocks):
        if np.count_nonzero(block) <= 2:
            np.testing.assert_array_equal(form.to_dense(form.compress(block)), block)
        else:
            wrong = np.zeros((3, 8), int)
            wrong[2, 4:] = block
            with pytest.raises(ValueError, match=rf"^block \[2, 1\] has {np.count_nonzero(block)} "
                                                 r"codes that are not zero, but sparse<2,4,ternary>"
                                                 r" keeps 2 of 4$"):
                form.compress(wrong)
        places = kept(TernaryFormat(), block, 2)
        assert form.prune(blocks)["places"][number, 0].tolist() == places


def test_ties_keep_the_lower_place():
    fields = TWO_FOUR.prune([3, -3, 3, -3, 0, 0, 0, 0, 1, 5, -5, 5, -128, 127, 1, 0])
    assert fields["places"].tolist() == [[0, 1], [0, 1], [1, 2], [0, 1]]
    assert fields["values"].tolist() == [[3, -3], [0, 0], [5, -5], [-128, 127]]


def test_the_smallest_integer_is_the_largest_magnitude():
    form = SparseFormat(1, 2, IntFormat(32))
    assert form.prune([2**31 - 1, -(2**31)])["places"].tolist() == [[1]]


def test_floats():
    """Infinities are kept first, NaN is refused; minus zero is a zero, and lost."""
    e5m2 = NAMED["e5m2"]
    form = SparseFormat(1, 4, e5m2)
    assert form.prune([0x7B, 0xFC, 1, 0])["values"].tolist() == [[0xFC]]
    for call in (form.prune, form.compress, form.mask):
        with pytest.raises(ValueError, match=r"^NaN has no magnitude by which to keep or drop it$"):
            call([0x7E, 0, 0, 0])
    assert form.to_dense({"values": np.array([[0x7E]]), "places": np.array([[2]])}).tolist() \
        == [0, 0, 0x7E, 0]
    assert form.to_dense(form.compress([0x80, 0x80, 5, 0x80])).tolist() == [0, 0, 5, 0]


def test_zero_need_not_be_code_0():
    form = SparseFormat(1, 3, CodebookFormat((-3.0, -1.0, 0.0, 2.0)))
    assert form.zero == 2
    assert form.to_dense(form.compress([2, 0, 2])).tolist() == [2, 0, 2]
    assert form.compress([2, 2, 2])["places"].tolist() == [[0]]


def test_the_product_is_that_of_the_dense_matrix(rng):
    """y = sum over blocks and n of values * a[of * block + place]."""
    form = SparseFormat(2, 8, INT8)
    fields = form.prune(rng.integers(-128, 128, (6, 64)))
    a = rng.integers(-128, 128, 64)
    got = np.zeros(6, int)
    for row in range(6):
        for block in range(8):
            for n in range(2):
                place = int(fields["places"][row, block, n])
                got[row] += int(fields["values"][row, block, n]) * int(a[8 * block + place])
    np.testing.assert_array_equal(got, form.to_dense(fields) @ a)


def test_two_masks_of_a_matrix(rng):
    form = SparseFormat(2, 4, INT8)
    matrix = rng.integers(-128, 128, (8, 12))
    rows, columns = transposable_masks(matrix, form)
    assert rows.shape == columns.shape == (8, 12)
    assert (rows.reshape(8, 3, 4).sum(axis=2) == 2).all()
    assert (columns.reshape(2, 4, 12).sum(axis=1) == 2).all()
    np.testing.assert_array_equal(rows, form.to_dense(form.prune(matrix)) != 0)
    np.testing.assert_array_equal(columns.T, form.to_dense(form.prune(matrix.T)) != 0)
    with pytest.raises(ValueError, match=r"^a matrix must have two axes, but the shape is \(4,\)$"):
        transposable_masks(np.zeros(4, int), form)
    with pytest.raises(ValueError, match=r"takes runs of 4 codes, but the shape is \(12, 6\)$"):
        transposable_masks(np.zeros((6, 12), int), form)


def test_empty():
    for shape in ((0,), (3, 0), (0, 8)):
        fields = TWO_FOUR.prune(np.zeros(shape, int))
        assert fields["values"].shape == (*shape[:-1], shape[-1] // 4, 2)
        assert TWO_FOUR.to_dense(fields).shape == shape
        values, places = TWO_FOUR.pack(fields)
        assert values.shape == (*shape[:-1], shape[-1] // 2)
        again = TWO_FOUR.unpack(values, places, shape[-1] // 4)
        assert again["values"].shape == fields["values"].shape
        assert TWO_FOUR.compress(np.zeros(shape, int))["places"].size == 0


@pytest.mark.parametrize("form", [SparseFormat(*ratio, element) for ratio in RATIOS[:3]
                                  for element in ELEMENTS], ids=str)
def test_spelling(form):
    assert parse_sparse_format(str(form)) == form
    assert hash(parse_sparse_format(str(form))) == hash(form)


def test_other_spellings():
    assert parse_sparse_format("sparse< 1 , 4,e4m3>") == SparseFormat(1, 4, NAMED["e4m3fn"])
    for text in ("sparse<2,4>", "sparse", "sparse<2,4,int8", "sparse<-1,4,int8>", ""):
        with pytest.raises(ValueError, match=r"^a sparse format is spelt like sparse<2,4,int8>, "):
            parse_sparse_format(text)
    with pytest.raises(ValueError, match=r"^unknown format 'int'"):
        parse_sparse_format("sparse<2,4,int>")
    with pytest.raises(ValueError, match=r"^keep must be 1 to 4, not 5$"):
        parse_sparse_format("sparse<5,4,int8>")
    with pytest.raises(TypeError, match=r"^a sparse format must be spelt as a string, not 3$"):
        parse_sparse_format(3)


def fields_of(values, places):
    return {"values": np.array(values), "places": np.array(places)}


@pytest.mark.parametrize(("call", "message"), [
    (lambda: SparseFormat(0, 4, INT8), r"^keep must be 1 to 4, not 0$"),
    (lambda: SparseFormat(5, 4, INT8), r"^keep must be 1 to 4, not 5$"),
    (lambda: SparseFormat(1, 65, INT8), r"^of must be 1 to 64, not 65$"),
    (lambda: SparseFormat(1, 0, INT8), r"^of must be 1 to 64, not 0$"),
    (lambda: SparseFormat(1, 4, IntFormat(33)), r"at most 32 bits, which int33 has not$"),
    (lambda: SparseFormat(1, 4, BipolarFormat()), r"must have a zero, which bipolar has not$"),
    (lambda: SparseFormat(1, 4, E8M0Format()), r"must have a zero, which e8m0 has not$"),
    (lambda: TWO_FOUR.prune(np.zeros(6, int)), r"takes runs of 4 codes, but the shape is \(6,\)$"),
    (lambda: TWO_FOUR.prune(0), r"takes runs of 4 codes, but the shape is \(\)$"),
    (lambda: TWO_FOUR.prune([0, 0, 128, 0]), r"^codes\[2\] is 128, but int8 holds"),
    (lambda: TWO_FOUR.compress([1, 2, 3, 0]), r"^block \[0\] has 3 codes that are not zero"),
    (lambda: TWO_FOUR.to_dense({"values": np.zeros((1, 2), int)}),
     r"has the field 'places', but there are values$"),
    (lambda: TWO_FOUR.pack({}), r"has the field 'values', but there are none$"),
    (lambda: TWO_FOUR.to_dense(fields_of([1, 2], [0, 1])), r"must have the same shape"),
    (lambda: TWO_FOUR.to_dense(fields_of([[1, 2]], [[0, 1], [0, 1]])), r"must have the same shape"),
    (lambda: TWO_FOUR.to_dense(fields_of([[1, 2, 3]], [[0, 1, 2]])), r"must have the same shape"),
    (lambda: TWO_FOUR.to_dense(fields_of([[1, 200]], [[0, 1]])), r"^values\[0, 1\] is 200, but"),
    (lambda: TWO_FOUR.to_dense(fields_of([[1, 2]], [[0, 4]])), r"within 0 to 3, unlike \[0, 4\]$"),
    (lambda: TWO_FOUR.pack(fields_of([[1, 2]], [[-1, 1]])), r"within 0 to 3, unlike \[-1, 1\]$"),
    (lambda: TWO_FOUR.pack(fields_of([[1, 2]], [[2, 1]])), r"within 0 to 3, unlike \[2, 1\]$"),
    (lambda: TWO_FOUR.pack(fields_of([[1, 2]], [[1, 1]])), r"within 0 to 3, unlike \[1, 1\]$"),
    (lambda: TWO_FOUR.unpack(np.zeros(3, np.uint8), np.zeros(1, np.uint8), 1),
     r"^values of 1 blocks of sparse<2,4,int8> take 2 bytes, but the shape is \(3,\)$"),
    (lambda: TWO_FOUR.unpack(np.zeros(2, np.uint8), np.zeros(2, np.uint8), 1),
     r"^places of 1 blocks of sparse<2,4,int8> take 1 bytes, but the shape is \(2,\)$"),
    (lambda: TWO_FOUR.unpack(np.zeros(2, np.uint8), np.array([0x14], np.uint8), 1),
     r"^the last 4 bits behind 2 codes of 2 bits must be zero$"),
    (lambda: TWO_FOUR.unpack(np.zeros(2, np.uint8), np.array([0x1], np.uint8), 1),
     r"^places must ascend within 0 to 3, unlike \[1, 0\]$"),
    (lambda: TWO_FOUR.unpack(np.zeros(0, np.uint8), np.zeros(0, np.uint8), -1),
     r"^blocks must not be negative, not -1$"),
    (lambda: SparseFormat(2, 4, TernaryFormat()).unpack(
        np.array([2], np.uint8), np.array([4], np.uint8), 1), r"ternary"),
])
def test_wrong_values(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("call", "message"), [
    (lambda: SparseFormat(2.0, 4, INT8), r"^keep must be an integer, not 2\.0$"),
    (lambda: SparseFormat(2, True, INT8), r"^of must be an integer, not True$"),
    (lambda: SparseFormat(2, 4, "int8"), r"^element must be a Format, not 'int8'$"),
    (lambda: TWO_FOUR.prune(np.zeros(4)), r"^codes must hold integers for int8, not float64$"),
    (lambda: TWO_FOUR.to_dense(fields_of([[1.0, 2.0]], [[0, 1]])), r"^values must hold integers"),
    (lambda: TWO_FOUR.to_dense(fields_of([[1, 2]], [[0.0, 1.0]])),
     r"^places must be integers, not float64$"),
    (lambda: TWO_FOUR.unpack(np.zeros(2), np.zeros(1, np.uint8), 1),
     r"^values must be bytes \(uint8\), not float64$"),
    (lambda: TWO_FOUR.unpack(np.zeros(2, np.uint8), np.zeros(1, int), 1),
     r"^places must be bytes \(uint8\), not int64$"),
    (lambda: TWO_FOUR.unpack(np.zeros(2, np.uint8), np.zeros(1, np.uint8), 1.0),
     r"^blocks must be an integer, not 1\.0$"),
])
def test_wrong_kinds(call, message):
    with pytest.raises(TypeError, match=message):
        call()
