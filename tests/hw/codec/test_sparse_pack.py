# amaranth: UnusedElaboratable=no
"""Streams of bytes of N:M blocks, there and back: sparse ones, any bits, and one wrong part."""

from __future__ import annotations

import numpy as np
import pytest

from hw.codec.sparse import sparse_layout
from hw.codec.sparse_pack import SparsePacker, SparseUnpacker
from sw_model.formats import IntFormat
from sw_model.formats.sparse import SparseFormat, parse_sparse_format
from tests.support.layouts import words_of
from tests.support.probe import probe

#: Formats and blocks in a row; bits fill up the last bytes of some.
CASES = [("sparse<2,4,int8>", 1), ("sparse<2,4,int8>", 4), ("sparse<2,4,int4>", 3),
         ("sparse<1,4,ternary>", 5), ("sparse<3,4,codebook<-1,0,5>>", 3), ("sparse<2,8,e4m3fn>", 2),
         ("sparse<4,4,uint3>", 3), ("sparse<3,7,khot<5,0,2>>", 2)]

COUNT = 200


def sparse_fields(form, blocks, rng):
    """Random blocks that are legal."""
    legal = form.element.encode(rng.normal(0, 2, (COUNT, blocks, form.keep)))
    places = np.sort(rng.permuted(np.tile(np.arange(form.of), (COUNT, blocks, 1)), axis=-1)
                     [..., :form.keep], axis=-1)
    return {"values": form.element.to_bits(legal).astype(np.int64), "places": places}


def any_bits(form, blocks, rng):
    """Patterns of the same shape, legal or not."""
    shape = (COUNT, blocks, form.keep)
    widths = {"values": form.element.width, "places": form.place_width}
    fields = {name: rng.integers(0, 1 << width, shape) for name, width in widths.items()}
    for name, width in widths.items():
        fields[name][0], fields[name][1] = 0, (1 << width) - 1
    return fields


def one_changed(form, fields, rng):
    """Blocks of which one part of each is another."""
    changed = {name: array.copy() for name, array in fields.items()}
    others = any_bits(form, fields["values"].shape[1], rng)
    for row in range(COUNT):
        name = ("values", "places")[row % 2]
        place = (row, *(rng.integers(extent) for extent in changed[name].shape[1:]))
        changed[name][place] = others[name][place]
    return changed


def golden(form, fields, row):
    """Both streams of bytes, None for what is refused."""
    values, places = (fields[name][row].astype(np.uint64) for name in ("values", "places"))
    try:
        return form.pack({"values": form.element.from_bits(values), "places": places})
    except ValueError:
        return None


def numbers(streams):
    return [int.from_bytes(np.ravel(part).tobytes(), "little") for part in streams]


def test_there_and_back(need, rng, tmp_path):
    need("verilator")
    forms = [(parse_sparse_format(text), blocks) for text, blocks in CASES]
    given, words, data = [], [], []
    for form, blocks in forms:
        legal = sparse_fields(form, blocks, rng)
        parts = [legal, any_bits(form, blocks, rng), one_changed(form, legal, rng)]
        fields = {name: np.concatenate([part[name] for part in parts]) for name in legal}
        given.append(fields)
        words.append(words_of(SparsePacker(form, blocks).i.shape(), fields))
        streams = [part.reshape(COUNT, -1) for part in form.pack(
            {"values": form.element.from_bits(legal["values"]), "places": legal["places"]})]
        packed = np.concatenate(streams, axis=1)
        noise = rng.integers(0, 256, packed.shape, np.uint8)
        data.append(np.concatenate([packed, noise]))
    found = probe([*(SparsePacker(*case) for case in forms),
                   *(SparseUnpacker(*case) for case in forms)], [*words, *data],
                  tmp_path / "build")
    for k, (form, blocks) in enumerate(forms):
        check_packed(form, given[k], found[k])
        check_unpacked(form, blocks, data[k], found[len(forms) + k])


def check_packed(form, fields, found):
    expected = [golden(form, fields, row) for row in range(3 * COUNT)]
    assert found["illegal"].tolist() == [streams is None for streams in expected], str(form)
    assert not found["illegal"][:COUNT].any()
    for row, streams in enumerate(expected):
        if streams is not None:
            seen = [int(found["o"][name][row]) for name in ("values", "places")]
            assert seen == numbers(streams), f"{form}, row {row}"


def check_unpacked(form, blocks, data, found):
    size = len(form.pack({"values": np.full((blocks, form.keep), form.zero),
                          "places": np.tile(np.arange(form.keep), (blocks, 1))})[0])
    legal = 0
    for row, line in enumerate(data):
        try:
            fields = form.unpack(line[:size], line[size:], blocks)
        except ValueError:
            assert found["illegal"][row], f"{form}, row {row}"
            continue
        assert not found["illegal"][row], f"{form}, row {row}"
        patterns = {"values": form.element.to_bits(fields["values"]).astype(np.int64),
                    "places": fields["places"]}
        wanted = [int.from_bytes(word.tobytes(), "little")
                  for word in words_of(sparse_layout(form), patterns)]
        assert [int(word) for word in found["o"][row]] == wanted, f"{form}, row {row}"
        legal += 1
    assert legal >= COUNT


@pytest.mark.parametrize("make", [SparsePacker, SparseUnpacker])
def test_what_there_is_not(make):
    with pytest.raises(TypeError, match=r"^format_ must be a SparseFormat, not IntFormat"):
        make(IntFormat(4), 1)
    form = SparseFormat(2, 4, IntFormat(4))
    with pytest.raises(ValueError, match=r"^blocks must be at least 1, not 0$"):
        make(form, 0)
    with pytest.raises(TypeError, match=r"^blocks must be an integer, not 1\.5$"):
        make(form, 1.5)
    with pytest.raises(ValueError, match=r"^sparse<1,1,int4> has no places$"):
        make(SparseFormat(1, 1, IntFormat(4)), 1)
