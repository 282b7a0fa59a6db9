"""The bundled network through the UART shell by the real driver, on good lines and on bad ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from boards.beats import to_beats
from boards.driver import Board
from boards.host import AccessFailed, Host
from boards.registers import Error, RegisterMap
from gen.cli import main
from gen.engines import load_graph, run_golden
from gen.on_board import run_board, simulated_board
from gen.source import build_source
from sw_model.arrays import load_arrays
from sw_model.faults import Fault, InputFault
from verif.manifest import Manifest

EXAMPLES = Path("examples/digits")

#: Of a bitstream: its file and its shell.
RECORD = """{"schema": 1, "board": "b", "programmer": "", "flash": false, "identity": "01",
 "file": %s, "link": {"shell": "%s"}}"""


@pytest.fixture(scope="module")
def digits(tmp_path_factory, need):
    need("verilator")
    out = tmp_path_factory.mktemp("digits") / "build"
    build_source(EXAMPLES / "digits.onnx", out, lambda _: None, device="ice40-up5k", clock=12.0)
    return out


@pytest.fixture(scope="module")
def images():
    return {"image": load_arrays(EXAMPLES / "test_images.npz")["image"][:100].astype(np.float32)}


class BadLine:
    """Spoils bytes, in both directions, with some chance."""

    def __init__(self, rng, chance):
        self.rng, self.chance, self.passed, self.spoilt = rng, chance, 0, 0

    def __call__(self, into, data):
        hit = self.rng.random(len(data)) < self.chance
        self.passed += len(data)
        self.spoilt += int(hit.sum())
        flips = self.rng.integers(1, 256, len(data))
        return bytes(int(byte ^ flip) if bad else byte
                     for byte, bad, flip in zip(data, hit, flips, strict=True))


def codes_and_scores(folder, images):
    """What the core takes and gives, by the golden model."""
    graph = load_graph(folder)
    values, manifest = run_golden(graph, images), Manifest.load(folder)
    return ({each.tensor: values[each.tensor] for each in manifest.inputs},
            {each.tensor: values[each.tensor] for each in manifest.outputs})


def map_of(folder):
    manifest = Manifest.load(folder)
    return RegisterMap(manifest.streams, manifest.prediction)


def test_the_engine(digits, images):
    graph = load_graph(digits)
    expected, shares = run_golden(graph, images), []
    found = run_board(digits, graph, images, "sim", progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    for name in graph.outputs:
        assert_array_equal(found[name], expected[name])
        assert found[name].dtype == expected[name].dtype


@pytest.mark.parametrize("chance", [0.0, 0.01])
def test_a_hundred_images_on_a_bad_line(digits, images, rng, chance):
    """A byte in a hundred is wrong: every loss is recovered, nothing wrong is accepted."""
    codes, scores = codes_and_scores(digits, images)
    line = BadLine(rng, chance)
    with (simulated_board(digits, spoil=line) as port,
          Host(port, 1_000_000, timeout=0.1 if chance else 5) as host):
        board = Board(host, map_of(digits))
        found = board.run(codes)
        bad = board.read("BAD_FRAMES")
        epoch = board.read("EPOCH")
    for name, expected in scores.items():
        assert_array_equal(found[name].reshape(expected.shape), expected)
    assert epoch == 1
    if chance:
        assert line.spoilt > line.passed * chance / 2 > 20
        assert host.lost > 20
        assert bad > 10
    else:
        assert (host.lost, bad, board.repeated, line.spoilt) == (0, 0, 0, 0)


def test_a_half_sent_image_is_given_up(digits, images):
    """The core is usable afterwards, and the driver of a later program never notices."""
    codes, scores = codes_and_scores(digits, images)
    map = map_of(digits)
    (port_in,), (port_out,) = map.inputs, map.outputs
    beats = to_beats(port_in.stream, codes[port_in.stream.tensor])[0].tolist()
    with simulated_board(digits) as port, Host(port, 1_000_000, timeout=5) as host:
        host.write(map["TIMEOUT"].index, 1)
        host.write_port(port_in.data, beats[:5])
        looks = iter(range(1000))
        while host.read(map["EPOCH"].index) == 0:
            assert next(looks) < 999, "the image is never given up"
        assert host.read(map["ERRORS"].index) == Error.PART
        assert host.read(map["TIMEOUTS"].index) == 1
        # Nothing comes out of half an image, and waiting for it ends.
        with pytest.raises(AccessFailed, match="READ of register 20 failed after 0 of 1 words"):
            host.read_port(port_out.data, 1)
        assert host.read(map["ERRORS"].index) == Error.PART | Error.WAIT
        found = Board(host, map).run({name: array[:3] for name, array in codes.items()})
        for name, expected in scores.items():
            assert_array_equal(found[name].reshape(3, -1), expected[:3].reshape(3, -1))


def test_back_pressure(digits, images):
    """Images that nobody reads fill the core and then wait; none is lost."""
    codes, scores = codes_and_scores(digits, images)
    map = map_of(digits)
    (port_in,), (port_out,) = map.inputs, map.outputs
    beats = to_beats(port_in.stream, codes[port_in.stream.tensor])
    with simulated_board(digits) as port, Host(port, 1_000_000, timeout=5) as host:
        host.write(map["CONTROL"].index, 1)
        host.write(map["TIMEOUT"].index, 20)
        taken, sent = 0, beats.reshape(-1).tolist()
        try:
            while taken < len(sent):
                host.write_port(port_in.data, sent[taken:taken + len(beats[0])])
                taken += len(beats[0])
        except AccessFailed as failed:
            taken += failed.done
        assert len(beats[0]) <= taken < len(sent) // 2
        # What went in comes out, and where the rest of an image goes on it is whole.
        (wanted,) = scores.values()
        expected = to_beats(port_out.stream, wanted)
        whole, part = divmod(taken, len(beats[0]))
        assert host.read_port(port_out.data, port_out.beats) == expected[0].tolist()
        if part:
            host.write_port(port_in.data, sent[taken:(whole + 1) * len(beats[0])])
            whole += 1
        for number in range(1, whole):
            assert host.read_port(port_out.data, port_out.beats) == expected[number].tolist()
        assert host.read(map["EPOCH"].index) == 1


def test_another_build_is_refused(digits, images):
    manifest = Manifest.load(digits)
    other = RegisterMap(manifest.streams, manifest.prediction, identity=12345)
    with (simulated_board(digits) as port, Host(port, 1_000_000, timeout=5) as host,
          pytest.raises(InputFault, match=r"the board holds build 0{32}, not 0+3039")):
        Board(host, other)


def test_nobody_there(digits, images, tmp_path):
    graph = load_graph(digits)
    with pytest.raises(Fault, match="cannot be opened"):
        run_board(digits, graph, images, str(tmp_path / "tty"))


@pytest.mark.parametrize(("text", "message"), [
    ("{", "truncated"), ("{}", "missing required field"), ("[]", "Expected"),
    (RECORD % ("null", "uart"), "there is no bitstream"),
    (RECORD % ('"digits.bin"', "selftest"), "has the shell selftest, and a driver needs uart"),
])
def test_a_record_of_no_bitstream_for_a_driver(digits, images, tmp_path, text, message):
    (tmp_path / "bitstream").mkdir()
    (tmp_path / "manifest.json").write_bytes((digits / "manifest.json").read_bytes())
    (tmp_path / "bitstream" / "digits.bin").write_bytes(b"")
    (tmp_path / "bitstream" / "bitstream.json").write_text(text)
    with pytest.raises(InputFault, match=message):
        run_board(tmp_path, load_graph(digits), images, str(tmp_path / "tty"))


def test_the_command(digits, images, tmp_path, capsys):
    np.savez(tmp_path / "x.npz", **images)
    call = ["run", str(digits), "--inputs", str(tmp_path / "x.npz"), "-o", str(tmp_path / "y.npz")]
    assert main([*call, "--engine", "board", "--port", "sim"]) == 0
    found = load_arrays(tmp_path / "y.npz")
    assert main(call) == 0
    assert_array_equal(found["logits"], load_arrays(tmp_path / "y.npz")["logits"])
    capsys.readouterr()
    for options, said in ((["--engine", "board"], "--port: goes with --engine board"),
                          (["--port", "sim"], "--port: goes with --engine board"),
                          (["--engine", "fpga"], "unknown engine 'fpga'")):
        assert main([*call, *options]) == 2
        assert said in capsys.readouterr().err
    nowhere = ["--engine", "board", "--port", str(tmp_path / "tty"), "--baud", "3000000000"]
    assert main([*call, *nowhere]) != 70
    assert "cannot be opened at 3000000000 baud" in capsys.readouterr().err


def test_a_second_driver_is_refused(digits):
    with (simulated_board(digits) as port, Host(port, 1_000_000, timeout=5),
          pytest.raises(Fault, match="cannot be opened")):
        Host(port, 1_000_000)


def test_an_image_outlives_lost_requests(digits, images):
    """The board waits longer than the driver takes to repeat what is lost."""
    codes, scores = codes_and_scores(digits, images)
    map = map_of(digits)
    with simulated_board(digits) as port, Host(port, 1_000_000, timeout=0.5) as host:
        board = Board(host, map)
        ticks = board.read("TIMEOUT")
        assert ticks * map.tick >= 8 * 0.5 * 100_000
        found = board.run({name: array[:2] for name, array in codes.items()})
    for name, expected in scores.items():
        assert_array_equal(found[name], expected[:2].reshape(2, -1))


def test_no_samples(digits):
    graph = load_graph(digits)
    none = {"image": np.zeros((0, 64), np.float32)}
    assert len(run_board(digits, graph, none, "sim")[graph.outputs[0]]) == 0
