"""From bits that were seen back to the element that differs."""

from __future__ import annotations

import pytest

from verif.manifest import Stream, Tap, TapTensor
from verif.words import expectation

TAP = Tap(signal="t", lanes=3, width=6, sequence=(
    TapTensor(tensor="a", format="int6", vector=4, vectors=2),
    TapTensor(tensor="b", format="uint3", vector=5)))


@pytest.fixture
def tensors(rng):
    return {"a": rng.integers(-32, 31, (3, 2, 4), endpoint=True),
            "b": rng.integers(0, 7, (3, 5), endpoint=True)}


def as_bits(expected, words=None):
    """Bit strings as a simulator gives them."""
    width = expected.lanes * expected.width
    return [f"{word:0{width}b}" for word in (expected.words if words is None else words)]


def test_words_of_a_sequence(tensors):
    expected = expectation(TAP, tensors)
    assert len(expected.words) == len(expected.masks) == 3 * (2 * 2 + 2)
    full, two, one = (1 << 18) - 1, (1 << 12) - 1, (1 << 6) - 1
    assert expected.masks[:6] == (full, one, full, one, full, two)
    codes = [*tensors["a"][0, 0], *[0, 0], *tensors["a"][0, 1], *[0, 0], *tensors["b"][0], 0]
    lanes = [int(code) & 63 for code in codes]
    assert expected.words[:6] == tuple(lanes[k] | lanes[k + 1] << 6 | lanes[k + 2] << 12
                                       for k in range(0, 18, 3))
    assert expected.differences(as_bits(expected), tensors) == {}


def test_every_element_is_located(tensors):
    expected = expectation(TAP, tensors)
    places = set()
    for number, mask in enumerate(expected.masks):
        for lane in range(3):
            words = list(expected.words)
            words[number] ^= 1 << 6 * lane
            found = expected.differences(as_bits(expected, words), tensors)
            if not mask >> 6 * lane & 1:
                assert found == {}
                continue
            ((name, difference),) = found.items()
            right = int(tensors[name][difference.sample][difference.index])
            assert (difference.tensor, difference.expected) == (name, right)
            assert difference.seen == right ^ 1
            places.add((name, difference.sample, difference.index))
    assert len(places) == 3 * (8 + 5)


def test_the_first_of_each_tensor_is_kept(tensors):
    expected = expectation(TAP, tensors)
    found = expected.differences(as_bits(expected, [w ^ 0o101010 for w in expected.words]), tensors)
    assert {(d.tensor, d.sample, d.index) for d in found.values()} == {
        ("a", 0, (0, 0)), ("b", 0, (0,))}


def test_lanes_must_be_extended(tensors):
    tensors["b"][0, 0] = 5
    expected = expectation(TAP, tensors)
    words = list(expected.words)
    words[4] |= 0b111000
    assert expected.differences(as_bits(expected, words), tensors)["b"].seen == 61


def test_unknown_bits(tensors):
    expected = expectation(TAP, tensors)
    bits = as_bits(expected)
    bits[1] = "x" * 12 + bits[1][12:]
    assert expected.differences(bits, tensors) == {}
    bits[1] = bits[1][:17] + "x"
    difference = expected.differences(bits, tensors)["a"]
    assert (difference.index, difference.seen) == ((0, 3), bits[1][12:])


def test_missing_and_surplus_words_are_no_difference(tensors):
    expected = expectation(TAP, tensors)
    bits = as_bits(expected)
    assert expected.differences(bits[:5], tensors) == {}
    assert expected.differences([*bits, "1" * 18], tensors) == {}


def test_stream_of_single_bits(rng):
    stream = Stream(name="i", direction="in", tensor="x", format="bipolar", lanes=4, vector=6)
    codes = rng.integers(0, 1, (2, 6), endpoint=True)
    expected = expectation(stream, {"x": codes})
    assert expected.masks == (15, 3, 15, 3)
    noisy = expectation(stream, {"x": codes}, rng)
    assert [w & m for w, m in zip(noisy.words, noisy.masks, strict=True)] == list(expected.words)
