"""Huffman codes and entropy-coded bfloat16 against searches, entropy and a decoder of strings."""

from __future__ import annotations

import heapq
from itertools import product

import numpy as np
import pytest

from sw_model.formats.entropy_coded import EntropyCodedBF16
from sw_model.formats.huffman import HuffmanCode
from sw_model.formats.package_merge import code_lengths
from sw_model.specs.huffman import HuffmanSpec

#: Of the exponents' bits in the notes on formats, section 10.
TOY = {120: 50, 121: 25, 119: 12, 122: 8, 118: 5}


def occurrences(table):
    often = np.zeros(256, np.int64)
    often[list(table)] = list(table.values())
    return often


def unlimited_cost(counts):
    """Bits of Huffman's own code: every merge adds a bit to all below it."""
    heap, cost = list(counts), 0
    heapq.heapify(heap)
    while len(heap) > 1:
        both = heapq.heappop(heap) + heapq.heappop(heap)
        cost += both
        heapq.heappush(heap, both)
    return cost


def least_cost(counts, longest):
    """Bits of the best code, by trying all lengths that a prefix code can have."""
    lengths = np.array(list(product(range(1, longest + 1), repeat=len(counts))))
    possible = (2.0 ** -lengths).sum(axis=1) <= 1
    return int((lengths[possible] * counts).sum(axis=1).min())


def decoded_as_strings(tensor):
    """Exponents, bit by bit and chunk by chunk, as one would on paper."""
    symbols = {word: symbol for symbol, word in tensor.code.words().items()}
    words, found = tensor.word_array.tolist(), []
    for start, size, count in zip(tensor.offsets, tensor.chunk_words, tensor.counts,
                                  strict=True):
        bits = iter("".join(f"{word:032b}" for word in words[start:start + size]))
        for _ in range(count):
            code = next(bits)
            while code not in symbols:
                code += next(bits)
            found.append(symbols[code])
        assert "1" not in (rest := "".join(bits))
        assert len(rest) < 32
    return found


def weights(rng, count):
    return rng.normal(0, 0.02, count).astype(np.float32).view(np.uint32).astype(np.int64) >> 16


@pytest.mark.parametrize(("symbols", "longest"), [(2, 1), (3, 2), (4, 2), (4, 4), (5, 3), (5, 5),
                                                  (6, 3), (6, 4)])
def test_no_code_is_shorter(rng, symbols, longest):
    for spread in (1, 3, 10):
        for _ in range(10):
            counts = 1 + (rng.exponential(1, symbols)**spread * 10).astype(np.int64)
            lengths = code_lengths(counts.tolist(), longest)
            assert max(lengths) <= longest
            assert sum(2.0**-bits for bits in lengths) == 1
            assert (counts * lengths).sum() == least_cost(counts, longest), counts


def test_without_a_limit_it_is_huffmans_code(rng):
    for symbols in (2, 3, 17, 100, 256):
        counts = rng.integers(1, 1000, symbols).tolist()
        lengths = code_lengths(counts, 64)
        cost = sum(count * bits for count, bits in zip(counts, lengths, strict=True))
        assert cost == unlimited_cost(counts)
        share = np.array(counts) / sum(counts)
        entropy = -(share * np.log2(share)).sum()
        assert entropy <= cost / sum(counts) < entropy + 1


def test_a_tighter_limit_never_costs_less():
    counts = [1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233]
    costs = [sum(map(int.__mul__, counts, code_lengths(counts, longest)))
             for longest in (4, 5, 6, 8, 11, 12, 16)]
    assert costs == sorted(costs, reverse=True)
    assert costs[-3] > costs[-2] == costs[-1] == unlimited_cost(counts)


def test_few_symbols():
    assert code_lengths([], 12) == ()
    assert code_lengths([7], 12) == (1,)
    assert code_lengths([7, 1], 1) == (1, 1)
    assert code_lengths([1] * 256, 8) == (8,) * 256


def test_toy_code():
    code = HuffmanCode.of_counts(occurrences(TOY))
    assert code.words() == {120: "0", 121: "10", 119: "110", 118: "1110", 122: "1111"}
    assert (code.counts, code.first_code, code.base) == ((1, 1, 1, 2), (0, 2, 6, 14),
                                                         (0, 1, 2, 3))
    assert code.cost(occurrences(TOY)) == 50 + 2 * 25 + 3 * 12 + 4 * 13
    offsets, words = code.encode([120, 121, 119, 118, 122], 5)
    assert (offsets.tolist(), words.tolist()) == ([0], [int("01011011101111".ljust(32, "0"), 2)])


def test_toy_numbers():
    for pattern, exponent, rest in ((0x3F80, 127, 0x00), (0xBC4A, 120, 0xCA)):
        tensor = EntropyCodedBF16.encode([pattern])
        assert tensor.code == HuffmanCode((1,), (exponent,))
        assert (tensor.words, tensor.sign_mantissa) == (bytes(4), bytes([rest]))
        assert tensor.decode().tolist() == [pattern]


@pytest.mark.parametrize(("longest", "chunk"), [(8, 1000), (12, 1), (12, 1024), (16, 65536)])
def test_every_pattern(rng, longest, chunk):
    """NaN with every payload, infinities, exponents from 240 up, subnormals, both zeros."""
    patterns = rng.permutation(1 << 16)
    tensor = EntropyCodedBF16.encode(patterns, longest=longest, chunk=chunk)
    np.testing.assert_array_equal(tensor.decode(), patterns)


@pytest.mark.parametrize("chunk", [1, 5, 32, 200])
def test_as_on_paper(rng, chunk):
    for longest, patterns in ((12, weights(rng, 333)), (16, weights(rng, 1)),
                              (9, rng.integers(0, 1 << 16, 200)), (1, np.full(100, 0x7F80))):
        tensor = EntropyCodedBF16.encode(patterns, longest=longest, chunk=chunk)
        assert decoded_as_strings(tensor) == (patterns >> 7 & 255).tolist()
        np.testing.assert_array_equal(tensor.decode(), patterns)
        assert sum(tensor.counts) == len(patterns)


def test_size_of_weights():
    """The figures of the notes, and the bound on codes with the rests of their chunks."""
    patterns = weights(np.random.default_rng(0), 200_000)
    share = np.bincount(patterns >> 7 & 255) / len(patterns)
    entropy = -(share[share > 0] * np.log2(share[share > 0])).sum()
    assert round(entropy, 2) == 2.54
    for longest, bits in ((16, 2.590), (12, 2.591), (8, 2.624)):
        tensor = EntropyCodedBF16.encode(patterns, longest=longest)
        often = np.bincount(patterns >> 7 & 255, minlength=256)
        assert abs(tensor.code.cost(often) / len(patterns) - bits) < 0.003
        payload = (tensor.sizes.codes + tensor.sizes.sign_mantissa) / len(patterns)
        assert payload < 1.01 * (8 + entropy)
        assert tensor.bits_per_weight == 8 * len(tensor.to_bytes()) / len(patterns)


def test_sizes_are_those_of_the_bytes():
    tensor = EntropyCodedBF16.encode([0x3F80, 0x4000, 0xBC4A], chunk=2)
    sizes = tensor.sizes
    assert (sizes.codes, sizes.sign_mantissa, sizes.headers) == (64, 24, 64)
    assert sizes.tables == 8 * (20 + 2 * 2 + 3)
    assert sizes.total == 8 * len(tensor.to_bytes())


def test_nothing():
    tensor = EntropyCodedBF16.encode(np.zeros((0, 3), np.int64))
    assert tensor == EntropyCodedBF16(HuffmanCode((), ()), 1024, (), b"", b"")
    assert tensor.decode().size == 0
    assert EntropyCodedBF16.from_bytes(tensor.to_bytes()) == tensor
    assert np.isnan(tensor.bits_per_weight)


def test_bytes_and_back(rng):
    for patterns in (weights(rng, 1000).reshape(10, 100), rng.permutation(1 << 16), [5]):
        tensor = EntropyCodedBF16.encode(patterns, chunk=100)
        again = EntropyCodedBF16.from_bytes(tensor.to_bytes())
        assert again == tensor
        np.testing.assert_array_equal(again.decode(), np.ravel(patterns))


def test_other_bytes(rng):
    """What is kept of an array that can change does not change with it."""
    tensor = EntropyCodedBF16.encode(weights(rng, 100))
    data = bytearray(tensor.to_bytes())
    again = [EntropyCodedBF16.from_bytes(each) for each in (data, memoryview(data))]
    data[:] = bytes(len(data))
    assert again == [tensor] * 2
    for wrong, name in ((None, "NoneType"), ("GMH1" * 8, "str"), (np.zeros(32), "ndarray")):
        with pytest.raises(TypeError, match=rf"^a container must be bytes, not {name}$"):
            EntropyCodedBF16.from_bytes(wrong)


def broken(rng, change):
    data = bytearray(EntropyCodedBF16.encode(weights(rng, 100), chunk=40).to_bytes())
    change(data)
    return bytes(data)


def put(place, *values):
    return lambda data: data.__setitem__(slice(place, place + len(values)), bytes(values))


@pytest.mark.parametrize(("change", "message"), [
    (lambda data: data.clear(), r"^a container has at least 20 bytes, not 0$"),
    (put(0, 65), r"^a container begins with b'GMH1', not b'AMH1'$"),
    (put(8, 0, 0, 0, 0), r"^chunk must be 1 to 65536 elements, not 0$"),
    (put(8, 41), r"codes? .*of chunk \d "),
    (put(12, 101), r"^a container of 101 elements and \d+ words must have \d+ bytes, not \d+$"),
    (lambda data: data.append(0), r"must have \d+ bytes, not \d+$"),
    (put(20, 1), r"^there are \d+ code words, but \d+ symbols$"),
    (put(20, 0, 0, 0, 0), r"^there are \d+ code words, but \d+ symbols$"),
])
def test_broken_bytes(rng, change, message):
    with pytest.raises(ValueError, match=message):
        EntropyCodedBF16.from_bytes(broken(rng, change)).decode()


@pytest.mark.parametrize(("parts", "message"), [
    ((2, (0,), bytes(4), bytes(3)), r"^3 elements in chunks of 2 are 2 chunks, but there are 1 "
     "offsets$"),
    ((2, (0,), bytes(5), bytes(2)), r"^words must have four bytes each, but there are 5$"),
    ((2, (1,), bytes(8), bytes(2)), r"^codes must begin with word 0, not 1$"),
    ((2, (), bytes(4), b""), r"^codes must begin with word 0, not 1$"),
    ((2, (0, 0), bytes(4), bytes(3)), r"^chunk 0 must have 1 to 1 words, not 0$"),
    ((2, (0, 1), bytes(12), bytes(3)), r"^chunk 1 must have 1 to 1 words, not 2$"),
    ((2, (0, 9), bytes(8), bytes(3)), r"^chunk 0 must have 1 to 1 words, not 9$"),
    ((0, (), b"", b""), r"^chunk must be 1 to 65536 elements, not 0$"),
])
def test_parts_that_do_not_fit(parts, message):
    with pytest.raises(ValueError, match=message):
        EntropyCodedBF16(HuffmanCode((1, 1, 2), (1, 2, 3, 4)), *parts)


def test_elements_without_code_words():
    with pytest.raises(ValueError, match=r"^there are 1 elements, but no code words$"):
        EntropyCodedBF16(HuffmanCode((), ()), 2, (0,), bytes(4), bytes(1))
    with pytest.raises(TypeError, match=r"^code must be a HuffmanCode, not 3$"):
        EntropyCodedBF16(3, 2, (), b"", b"")


@pytest.mark.parametrize(("counts", "bits", "message"), [
    # 30 codes of one bit, and one of three that goes on in the next word.
    ((1, 1, 2), "0" * 30 + "11", r"^code 30 of chunk 0 is none, or is cut off$"),
    ((1, 1, 2), "0" * 31 + "1", r"^the codes of chunk 0 do not end in its last word, followed "
     "by zeros$"),
    ((1,), "0" * 29 + "100", r"^code 29 of chunk 0 is none, or is cut off$"),
    ((1,), "0" * 31 + "1", r"^the codes of chunk 0 do not end in its last word, followed by "
     "zeros$"),
])
def test_words_that_no_encoder_writes(counts, bits, message):
    code = HuffmanCode(counts, tuple(range(sum(counts))))
    words = int(bits, 2).to_bytes(4, "little")
    tensor = EntropyCodedBF16(code, 31, (0,), words, bytes(31))
    with pytest.raises(ValueError, match=message):
        tensor.decode()


def test_a_word_too_many():
    tensor = EntropyCodedBF16(HuffmanCode((1, 1, 2), (1, 2, 3, 4)), 31, (0,), bytes(8), bytes(31))
    with pytest.raises(ValueError, match="do not end in its last word"):
        tensor.decode()


@pytest.mark.parametrize(("counts", "symbols", "message"), [
    ((0,) * 16 + (2,), (1, 2), r"^code words must have at most 16 bits, not 17$"),
    ((2, 0), (1, 2), r"^counts of code words must be 0 or more, and the last not 0, not"),
    ((-1, 3), (1, 2), r"^counts of code words must be 0 or more, and the last not 0, not"),
    ((2,), (1, 2, 3), r"^there are 2 code words, but 3 symbols$"),
    ((2,), (1, 256), r"^symbols must be 0 to 255$"),
    ((2,), (1, 1), r"^a symbol has two code words$"),
    ((1, 1), (1, 2), r"^3 of 4 bit strings begin a code word; all must"),
    ((3,), (1, 2, 3), r"^3 of 2 bit strings begin a code word; all must"),
    ((0, 1), (1,), r"^1 of 4 bit strings begin a code word; all must, and a symbol alone must "
     "have one bit$"),
    ((1, 2), (1, 3, 2), r"^symbols of one length must ascend, not \(3, 2\)$"),
])
def test_no_codes(counts, symbols, message):
    with pytest.raises(ValueError, match=message):
        HuffmanCode(counts, symbols)


def test_what_cannot_be_encoded():
    with pytest.raises(ValueError, match=r"^words of at most 2 bits are too few for 5 symbols$"):
        HuffmanCode.of_counts(occurrences(TOY), 2)
    with pytest.raises(ValueError, match=r"^longest must be at most 16, not 17$"):
        HuffmanCode.of_counts(occurrences(TOY), 17)
    with pytest.raises(ValueError, match=r"^longest must be at least 1, not 0$"):
        HuffmanCode.of_counts(occurrences(TOY), 0)
    with pytest.raises(ValueError, match=r"^there can be at most 256 symbols, not 257$"):
        HuffmanCode.of_counts([1] * 257, 16)
    with pytest.raises(TypeError, match=r"^occurrences must be a list of integers$"):
        HuffmanCode.of_counts([0.5])
    with pytest.raises(ValueError, match=r"^occurrences must have one axis, but the shape is "
                                         r"\(1, 1\)$"):
        HuffmanCode.of_counts([[1]])
    with pytest.raises(ValueError, match=r"^counts must be at least 1, not -1$"):
        HuffmanCode.of_counts([3, -1])
    for symbol in (5, -1, 256 + 120):
        with pytest.raises(ValueError, match=rf"^symbol {symbol} has no code word$"):
            HuffmanCode.of_counts(occurrences(TOY)).encode([120, symbol], 8)
    with pytest.raises(ValueError, match=r"65536, but bf16 holds 0 to 65535$"):
        EntropyCodedBF16.encode([65536])
    with pytest.raises(TypeError, match=r"^codes must hold integers for bf16, not float64$"):
        EntropyCodedBF16.encode([0.5])
    with pytest.raises(ValueError, match=r"^chunk must be 1 to 65536 elements, not 65537$"):
        EntropyCodedBF16.encode([1], chunk=65537)


def test_spec():
    code = HuffmanCode((1, 2), (7, 8, 9))
    spec = HuffmanSpec(code=code, chunk=100, chunk_words=5)
    assert spec.window == 35
    # 3 bits of words, 7 of symbols, and the last chunk's mark.
    assert spec.headers([5, 1], [100, 4]) == [5 | 100 << 3, 1 | 4 << 3 | 1 << 10]
    assert spec.headers([], []) == []
    with pytest.raises(ValueError, match=r"^chunk_words must be 1 to 7, not 8$"):
        HuffmanSpec(code=code, chunk=100, chunk_words=8)
    with pytest.raises(ValueError, match=r"^chunk must be at least 1, not 0$"):
        HuffmanSpec(code=code, chunk=0, chunk_words=1)
    with pytest.raises(ValueError, match=r"^code must have a symbol$"):
        HuffmanSpec(code=HuffmanCode((), ()), chunk=1, chunk_words=1)
    with pytest.raises(TypeError, match=r"^code must be a HuffmanCode, not 3$"):
        HuffmanSpec(code=3, chunk=1, chunk_words=1)
