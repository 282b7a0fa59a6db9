# amaranth: UnusedElaboratable=no
"""Numbers moved up and cut: every small number, distance and width."""

from __future__ import annotations

from typing import Any

import numpy as np
from amaranth import Module, unsigned
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from hw.codec.move_up import move_up
from tests.support.probe import probe

WIDTH = 7


class Mover(wiring.Component):
    """Numbers of seven bits, with the distance beside them or without."""

    def __init__(self, most: int, keep: int, given: bool) -> None:
        self.most, self.keep, self.given = most, keep, given
        super().__init__({"i": In(StructLayout({"value": WIDTH, "distance": 3})),
                          "distance": Out(3), "o": Out(unsigned(keep))})

    def elaborate(self, platform: Any) -> Elaboratable:
        m = Module()
        distance = self.i.distance if self.given else None
        moved, far = move_up(m, self.i.value, distance, self.most, self.keep, name="moved")
        m.d.comb += [self.o.eq(moved), self.distance.eq(far)]
        return m


def top(values: np.ndarray, keep: int) -> np.ndarray:
    """The top bits, the lowest for all below."""
    below = WIDTH - keep
    return values >> below | (values & (1 << below) - 1 != 0)


def test_every_number(need, tmp_path):
    need("verilator")
    values = np.arange(1 << WIDTH)
    lengths = np.array([value.bit_length() for value in values.tolist()])
    movers, patterns, wanted = [], [], []
    for most in range(WIDTH):
        for keep in range(1, WIDTH + 1):
            movers.append(Mover(most, keep, True))
            pairs = [(value, far) for value, length in zip(values, lengths, strict=True)
                     for far in range(min(most, WIDTH - length) + 1)]
            number, far = np.array(pairs).T
            patterns.append(number | far << WIDTH)
            wanted.append((top(number << far, keep), far))
    for keep in range(2, WIDTH + 1):
        movers.append(Mover(WIDTH - 1, keep, False))
        patterns.append(values)
        far = WIDTH - lengths
        wanted.append((top(values << far, keep), far))
    found = probe(movers, patterns, tmp_path / "build")
    for mover, outputs, (moved, far) in zip(movers, found, wanted, strict=True):
        told = f"most {mover.most}, keep {mover.keep}, given {mover.given}"
        np.testing.assert_array_equal(outputs["o"], moved, told)
        if not mover.given:
            # That of zero means nothing.
            np.testing.assert_array_equal(outputs["distance"][1:], far[1:], told)
