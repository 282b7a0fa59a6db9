"""The host's side of frames, against lines made by another way."""

from __future__ import annotations

import struct

import pytest

from boards.protocol import MOST_WORDS, FrameReader, Operation, Request, Response, Status
from hw.bus import commands
from tests.support.frame_device import line_of, request_of


def test_requests(rng):
    """Each operation at each length, with bytes that need an escape."""
    for operation in Operation:
        for size in range(MOST_WORDS + 1):
            words = rng.integers(0, 1 << 32, size).tolist()
            words[:2] = [0x7E7D7E7D, 0xFFFFFFFF][:size]
            index, sequence = int(rng.integers(1 << 16)), int(rng.integers(256))
            if operation in (Operation.READ, Operation.READ_EACH):
                request, payload = Request(operation, index, count=size), [size]
            else:
                request, payload = Request(operation, index, tuple(words)), words
            content = request_of(sequence, operation, index,
                                 struct.pack(f"<{len(payload)}I", *payload))
            assert request.encode(sequence) == line_of(content)
            assert request.size == size


def test_responses(rng):
    """Back from a line in pieces of any size, with flags in a row and noise between."""
    sent = [Response(int(rng.integers(256)), Status(int(rng.integers(3))), size,
                     tuple(rng.integers(0, 1 << 32, size).tolist()) if reads else ())
            for size in range(MOST_WORDS + 1) for reads in (False, True)]
    line = b"noise" + b"~~".join(response.encode() for response in sent) + b"\x7e\x7e}~"
    for piece in (1, 7, 1000, len(line)):
        reader = FrameReader()
        found = [response for start in range(0, len(line), piece)
                 for response in reader.feed(line[start:start + piece])]
        assert found == [None, *sent, None]


def test_no_broken_frame_passes(rng):
    """Every bit inverted, every byte missing or doubled, and frames that are no response."""
    line = Response(0x7E, Status.DONE, 2, (0x7D, 0xFFFFFFFF)).encode()
    broken = [bytes(byte ^ (1 << bit % 8) * (k == bit // 8) for k, byte in enumerate(line))
              for bit in range(8, 8 * len(line) - 8)]
    broken += [line[:k] + line[k + 1:] for k in range(1, len(line) - 1)]
    broken += [line[:k] + line[k:k + 1] + line[k:] for k in range(1, len(line) - 1)]
    broken.append(line[:-1] + b"}")
    head = struct.Struct("<BBHH")
    broken += [line_of(content) for content in (
        b"", bytes(5), head.pack(1, 3, 0, 0), head.pack(1, 0, 1, 4),
        head.pack(1, 0, 0, 4) + bytes(4), head.pack(1, 0, 1, 3) + bytes(3),
        head.pack(1, 0, 2, 4) + bytes(4),
        head.pack(1, 0, 62, 248) + bytes(248))]
    for each in broken:
        assert set(FrameReader().feed(each + b"\x7e")) <= {None}, each.hex()


def test_the_device_means_the_same():
    assert MOST_WORDS == commands.WORDS
    assert {each.name: each.value for each in Operation} == {
        each.name: each.value for each in commands.Operation}
    assert {each.name: each.value for each in Status} == {
        each.name: each.value for each in commands.Status}


@pytest.mark.parametrize(("arguments", "message"), [
    ((Operation.READ, 1 << 16), r"^index must be 0 to 65535, not 65536$"),
    ((Operation.READ, 0, (), 62), r"^a frame has 0 to 61 words, not 62$"),
    ((Operation.WRITE, 0, (0,) * 62), r"^a frame has 0 to 61 words, not 62$"),
    ((Operation.WRITE, 0, (1 << 32,)), r"^a word must have 32 bits, not be 4294967296$"),
    ((Operation.WRITE, 0, (1,), 1), r"^WRITE must have words alone$"),
    ((Operation.READ_EACH, 0, (1,), 1), r"^READ_EACH must have a count alone$"),
])
def test_faults(arguments, message):
    with pytest.raises(ValueError, match=message):
        Request(*arguments)
