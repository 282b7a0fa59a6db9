"""Samples through a board that loses bytes, is reset, fails, or is another one."""

from __future__ import annotations

import numpy as np
import pytest

from boards.beats import from_beats, to_beats
from boards.driver import Board
from boards.host import Host
from boards.registers import RegisterMap
from sw_model.faults import Fault, InputFault
from tests.support.board_model import HZ, BoardModel, Wire
from verif.manifest import Prediction, Stream

X = Stream(name="x", direction="in", tensor="image", format="int8", lanes=1, vector=64)
W = Stream(name="w", direction="in", tensor="other", format="uint4", lanes=3, vector=10, vectors=2)
Y = Stream(name="y", direction="out", tensor="scores", format="int20", lanes=2, vector=10)
Z = Stream(name="z", direction="out", tensor="class", format="uint4", lanes=1, vector=1)


def golden(*codes):
    """What the model computes of a sample's codes, by position of the output."""
    total = sum(int(np.sum(each * np.arange(1, each.size + 1))) for each in map(np.ravel, codes))
    return np.arange(10) * total % 1000 - 500, np.array([total % 16])


class Setup:
    """A board, and a driver on it."""

    def __init__(self, rng, inputs=(X,), outputs=(Y, Z), *, loss=0.0, identity=5, driver=5,
                 tries=5):
        streams = (*inputs, *outputs)
        self.map = RegisterMap(streams, Prediction(interval=10, latency=20), identity=identity)
        self.inputs, self.outputs, self.tries = inputs, outputs, tries
        self.model = BoardModel(self.map, self.compute)
        self.wire = Wire(self.model.device, rng, loss)
        self.expects = RegisterMap(streams, Prediction(interval=10, latency=20), identity=driver)

    def compute(self, beats):
        codes = [from_beats(stream, np.array([words], np.uint32))
                 for stream, words in zip(self.inputs, beats, strict=True)]
        return [to_beats(stream, result[None])[0].tolist()
                for stream, result in zip(self.outputs, golden(*codes), strict=False)]

    def connect(self):
        self.board = Board(Host(self.wire, 10_000_000, timeout=0.001, tries=300), self.expects,
                           tries=self.tries)
        return self.board

    def check(self, rng, samples):
        given = {stream.tensor: rng.integers(stream.number_format.min, stream.number_format.max,
                                             (samples, stream.vectors, stream.vector),
                                             endpoint=True) for stream in self.inputs}
        shares = []
        got = self.board.run(given, progress=shares.append)
        expected = [golden(*(given[stream.tensor][k] for stream in self.inputs))
                    for k in range(samples)]
        for place, stream in enumerate(self.outputs):
            np.testing.assert_array_equal(got[stream.tensor], [each[place] for each in expected])
        assert shares[-1] == 1


@pytest.mark.parametrize("inputs", [(X,), (X, W)])
@pytest.mark.parametrize("samples", [1, 16, 35])
def test_samples(rng, inputs, samples):
    setup = Setup(rng, inputs)
    assert setup.connect().repeated == 0
    setup.check(rng, samples)
    assert setup.board.repeated == 0


def test_hundred_samples_with_a_byte_in_a_hundred_spoilt(rng):
    setup = Setup(rng, loss=0.01)
    setup.connect()
    setup.check(rng, 100)
    assert setup.board.repeated == 0
    assert setup.model.device.bad > 20


def test_a_sample_outlives_lost_requests(rng):
    """The board is told to wait for longer than the driver takes to send again."""
    setup = Setup(rng, loss=0.005)
    setup.model.timeout = 20
    board = setup.connect()
    # Half of it, since the driver's clock runs on while it measures.
    assert setup.model.timeout * setup.map.tick > 0.5 * 8 * 0.001 * HZ
    setup.check(rng, 50)
    assert setup.wire.loss
    assert board.repeated <= 16


@pytest.mark.parametrize("inputs", [(X,), (X, W)])
def test_resets_by_the_board_cost_a_repeat(rng, inputs):
    """At whatever access the accelerator is reset, or fails: the samples are right."""
    setup = Setup(rng, inputs, tries=30)
    setup.connect()
    now = setup.model.accesses
    setup.model.resets_at = set((now + rng.integers(1, 2500, 12)).tolist())
    setup.model.fails_at = set((now + rng.integers(1, 2500, 12)).tolist())
    setup.check(rng, 60)
    assert setup.board.repeated > 0


def test_a_reset_between_runs_and_a_power_cycle(rng):
    setup = Setup(rng)
    setup.connect()
    setup.check(rng, 2)
    for _ in range(256):
        setup.model.access(setup.map["CONTROL"].index, True, 1)
    setup.check(rng, 2)
    setup.model.power_cycle()
    setup.check(rng, 2)
    assert setup.board.repeated == 2


def test_epoch_zero_is_left(rng):
    """It is what a board has that was switched on: never the driver's."""
    setup = Setup(rng)
    setup.model.epoch = 255
    setup.connect()
    assert setup.model.epoch == 1


def test_gives_up(rng):
    setup = Setup(rng, tries=3)
    setup.connect()
    setup.model.fails_at = set(range(10_000))
    with pytest.raises(Fault, match=r"^the port: WRITE of register 16 failed after 0 of 16 words; "
                                    r"tried 3 times, ERRORS is 0x2$"):
        setup.check(rng, 1)
    setup.model.fails_at = set()
    setup.model.resets_at = set(range(20_000))
    with pytest.raises(Fault, match=r"; tried 3 times, ERRORS is 0x2$"):
        setup.check(rng, 1)


def test_another_board(rng):
    with pytest.raises(InputFault, match=rf"^the port: the board holds build {9:032x}, not "
                                         rf"{5:032x}: load that one by `gatemill program`$"):
        Setup(rng, identity=9).connect()
    assert Setup(rng, identity=9, driver=0).connect()
    for index, value, message in (
            (0, 7, r"^the port: what answers is not Gatemill's: it says 0x00000007"),
            (1, 9, r"^the port: the board's registers are of version 9, but this driver's of 1"),
            (19, 3, r"^the port: a sample of 'image' has 3 beats on the board, but 16 in")):
        setup = Setup(rng)
        setup.model.constants[index] = value
        with pytest.raises(InputFault, match=message):
            setup.connect()


def test_wrong_inputs(rng):
    setup = Setup(rng)
    board = setup.connect()
    with pytest.raises(ValueError, match=r"^inputs must be image, not other$"):
        board.run({"other": np.zeros((1, 64), int)})
    with pytest.raises(ValueError, match=r"^input 'image' has shape \(1, 63\), but a sample "):
        board.run({"image": np.zeros((1, 63), int)})
    with pytest.raises(ValueError, match=r"one number of samples, not \[0\]$"):
        board.run({"image": np.zeros((0, 64), int)})
    with pytest.raises(ValueError, match=r"'image'"):
        board.run({"image": np.full((1, 64), 128)})
    with pytest.raises(ValueError, match=r"^tries must be at least 1, not 0$"):
        Setup(rng, tries=0).connect()
