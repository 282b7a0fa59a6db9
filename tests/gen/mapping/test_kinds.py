"""After which word units give theirs: by word, vector and block."""

from __future__ import annotations

from gen.mapping.frames import Frame
from gen.mapping.kinds import (
    UNIT_KINDS,
    at_the_end,
    each_block,
    each_vector,
    each_word,
    kinds_of,
    once_a_block,
)
from sw_model.formats import IntFormat
from sw_model.ops import BlockQuantise
from sw_model.specs import BlockQuantiseSpec

NODE = BlockQuantise(name="q", inputs=("x",), outputs=("y", "s"),
                     spec=BlockQuantiseSpec(IntFormat(8), "mxint8<4>"))


def test_places() -> None:
    """Two vectors of eight elements in words of two, blocks of four."""
    taken, scales = Frame(8, 2), Frame(2, 2)
    for releases, given, lanes_out, wanted in (
            (each_word, taken, 2, [0, 1, 2, 3, 4, 5, 6, 7]),
            (each_vector, taken, 2, [3, 3, 3, 3, 7, 7, 7, 7]),
            (each_vector, Frame(1, 2), 1, [3, 7]),
            (each_block, taken, 2, [1, 1, 3, 3, 5, 5, 7, 7]),
            (once_a_block, scales, 1, [1, 3, 5, 7]),
            (at_the_end, Frame(8, 1), 2, [4, 5, 6, 7])):
        assert releases(NODE, taken, given, 2, lanes_out).tolist() == wanted, releases


def test_kinds() -> None:
    assert kinds_of("MultiThreshold") == ("threshold", "binary_threshold")
    assert kinds_of("Reshape") == ()
    codes, scales = UNIT_KINDS["block_quantise"].results
    assert (codes.lanes_out(4), scales.lanes_out(4)) == (4, 1)
    assert UNIT_KINDS["reciprocal"].results[0].lanes_out(4) == 8
