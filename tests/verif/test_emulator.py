"""The emulator on designs whose every cycle is known, and on designs that misbehave."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.faults import InputFault
from sw_model.formats import parse_format
from tests.support.build_folders import probe_folder
from tests.support.increments import Chain, increments_folder
from verif import emulator_build
from verif.emulator import Emulator, SimulationFault, Stuck

#: Payloads of 1, 8, 9, 32, 33, 64, 65, 128 and 300 bits; vectors that fill words, and not.
CHAINS = [Chain("bipolar", 1, 3), Chain("int8", 1, 1), Chain("uint3", 3, 7),
          Chain("int32", 1, 4), Chain("uint11", 3, 6), Chain("int64", 1, 2),
          Chain("uint13", 5, 11), Chain("int16", 8, 20), Chain("uint12", 25, 60)]

PROBE_WORDS = [3, -5, 127, -128, *range(12)]


@pytest.fixture(scope="module")
def increments(tmp_path_factory, need):
    need("verilator")
    return Emulator(increments_folder(tmp_path_factory.mktemp("increments"), CHAINS))


@pytest.fixture
def probe(tmp_path, need):
    need("verilator")
    return Emulator(probe_folder(tmp_path, PROBE_WORDS))


def stimulus(rng, samples):
    """Codes for every chain."""
    return {f"x{k}": rng.integers(form.min, form.max, (samples, chain.vector), endpoint=True)
            for k, chain in enumerate(CHAINS) for form in [parse_format(chain.format)]}


def incremented(codes, spelling):
    """What one stage makes of ``codes``."""
    form = parse_format(spelling)
    return form.from_bits((form.to_bits(codes) + np.uint64(1)) & np.uint64((1 << form.width) - 1))


def bytes_of(*words):
    """Probe samples of two words each."""
    return {"x": np.array(words, np.uint8).view(np.int8).reshape(-1, 2)}


@pytest.mark.parametrize(("idle", "stall"), [(0, 0), (0.6, 0), (0, 0.6), (0.3, 0.4)])
def test_every_payload_in_one_top(increments, rng, idle, stall):
    inputs = stimulus(rng, 40)
    run = increments.run(inputs, idle=idle, stall=stall, seed=5)
    for k, chain in enumerate(CHAINS):
        middle = incremented(inputs[f"x{k}"], chain.format)
        np.testing.assert_array_equal(run.taps[f"e{k}"], inputs[f"x{k}"], f"{chain}")
        np.testing.assert_array_equal(run.taps[f"m{k}"], middle, f"{chain}")
        np.testing.assert_array_equal(run.outputs[f"y{k}"],
                                      incremented(middle, chain.format), f"{chain}")
        assert run.outputs[f"y{k}"].dtype == parse_format(chain.format).dtype


def test_cycles_at_full_rate(increments, rng):
    run = increments.run(stimulus(rng, 10))
    for k, chain in enumerate(CHAINS):
        words = -(-chain.vector // chain.lanes)
        first = np.arange(10, dtype=np.uint64) * words
        np.testing.assert_array_equal(run.accepted[f"i{k}"], first)
        np.testing.assert_array_equal(run.delivered[f"o{k}"], first + words - 1 + 2)
    longest = max(-(-chain.vector // chain.lanes) for chain in CHAINS)
    assert run.interval == longest
    assert run.latency == longest - 1 + 2
    assert run.cycles == 10 * longest + 2
    assert run.samples == 10


def test_interval_needs_samples(increments, rng):
    assert increments.run(stimulus(rng, 3)).interval is None


def test_seed_repeats_the_same_stalls(increments, rng):
    inputs = stimulus(rng, 20)
    cycles = [increments.run(inputs, idle=0.3, stall=0.3, seed=seed).cycles
              for seed in (1, 1, 2)]
    assert cycles[0] == cycles[1] != cycles[2]
    assert min(cycles) > increments.run(inputs).cycles


def test_pauses_are_as_frequent_as_asked(probe, rng):
    words = rng.integers(0, 16, (4000, 2)).astype(np.int8)
    idling = probe.run({"x": words}, idle=0.25).cycles
    assert 1.25 < idling / 8000 < 1.42  # 1 / (1 - 0.25) cycles a word
    stalling = probe.run({"x": words}, stall=0.5).cycles
    assert 1.9 < stalling / 8000 < 2.1


def test_taps_are_optional(increments, rng):
    inputs = stimulus(rng, 2)
    assert increments.run(inputs, taps=False).taps == {}
    assert set(increments.run(inputs).taps) == {
        f"{tensor}{k}" for k in range(len(CHAINS)) for tensor in "em"}


def test_memory_is_read_at_every_run(probe, monkeypatch):
    words = np.array(PROBE_WORDS, np.int8)
    run = probe.run({"x": np.arange(16, dtype=np.int8).reshape(8, 2)})
    np.testing.assert_array_equal(run.outputs["y"], words.reshape(8, 2))

    folder = probe_folder(probe.folder, [*PROBE_WORDS[:-1], -77])
    monkeypatch.setattr(emulator_build, "_build", None)
    run = Emulator(folder).run({"x": np.arange(16, dtype=np.int8).reshape(8, 2)})
    words[-1] = -77
    np.testing.assert_array_equal(run.outputs["y"], words.reshape(8, 2))


def test_one_tap_carries_several_tensors(probe):
    run = probe.run({"x": np.arange(16, dtype=np.int8).reshape(8, 2)}, stall=0.5)
    words = np.array(PROBE_WORDS).reshape(8, 2)
    np.testing.assert_array_equal(run.taps["first"], words[:, :1])
    np.testing.assert_array_equal(run.taps["second"], words[:, 1:] & 15)


def test_shapes_come_from_the_graph(tmp_path, need):
    need("verilator")
    folder = probe_folder(tmp_path, PROBE_WORDS)
    (folder / "graph.json").write_text('{"tensors": [{"name": "y", "shape": [2, 1]}]}')
    assert Emulator(folder).run(bytes_of(1, 2, 3, 4)).outputs["y"].shape == (2, 2, 1)
    (folder / "graph.json").write_text('{"tensors": [{"name": "y", "shape": [3]}]}')
    with pytest.raises(InputFault, match=r"tensor 'y' has shape \[3\], but .* 2 elements"):
        Emulator(folder)


def test_deadlock_names_what_is_missing(probe):
    with pytest.raises(Stuck) as caught:
        probe.run(bytes_of(1, 2, 0x80, 3, 4, 5), deadline=50)
    assert caught.value.missing == {"i": (3, 6), "o": (3, 6), "wide": (3, 6)}
    assert "i sent 3 of 6 words (in sample 1: a word is offered and not taken)" in str(caught.value)
    assert "o seen 3 of 6 words (in sample 1: ready, but no word is offered)" in str(caught.value)


def test_a_slow_design_is_not_stuck(probe):
    run = probe.run(bytes_of(*range(16)), idle=0.95, seed=1, deadline=400)
    assert run.cycles > 100


@pytest.mark.parametrize(("byte", "what"), [(0x81, "payload changed before ready"),
                                            (0x82, "valid fell before ready")])
def test_broken_stream_rules(probe, byte, what):
    with pytest.raises(SimulationFault, match=f"o__valid: {what} in cycle [0-9]+, word 2"):
        probe.run(bytes_of(1, 2, byte, byte, byte, byte), stall=0.9)


def test_surplus_words(probe):
    with pytest.raises(SimulationFault, match=r"words after .* due: o \(2\), wide \(2\)$"):
        probe.run(bytes_of(1, 0x83, 2, 0x83))


def test_broken_memory_image(tmp_path, need):
    need("verilator")
    folder = probe_folder(tmp_path, PROBE_WORDS)
    (folder / "rtl" / "probe.mem").write_text("00\nzebra\n")
    with pytest.raises(SimulationFault, match=r"probe.mem:[0-9]+: .*syntax error"):
        Emulator(folder).run(bytes_of(1, 2))


def test_missing_memory_image(tmp_path):
    folder = probe_folder(tmp_path, PROBE_WORDS)
    (folder / "rtl" / "probe.mem").unlink()
    with pytest.raises(InputFault, match=r"rtl/probe.mem: missing"):
        Emulator(folder)


def test_verilog_that_verilator_refuses(tmp_path, need):
    need("verilator")
    folder = probe_folder(tmp_path, PROBE_WORDS)
    (folder / "rtl" / "probe.v").write_text("module probe(\n")
    with pytest.raises(SimulationFault, match=r"rtl/probe.v: Verilator refuses it: .*syntax"):
        Emulator(folder)


def test_a_port_of_another_width(tmp_path, need):
    need("verilator")
    folder = probe_folder(tmp_path, PROBE_WORDS)
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text.replace('"width": 12', '"width": 13'))
    with pytest.raises(SimulationFault, match="wide_payload has 12 bits, but must have 13"):
        Emulator(folder).run(bytes_of(1, 2))


@pytest.mark.parametrize(("inputs", "what"), [
    ({}, "inputs must be x, not none"),
    ({"z": np.zeros((1, 2), np.int8)}, "inputs must be x, not z"),
    ({"x": np.zeros((1, 3), np.int8)}, "has shape .1, 3., but a sample has 2 elements"),
    ({"x": np.zeros((0, 2), np.int8)}, "one number of samples"),
    ({"x": np.full((1, 2), 128)}, "holds -128 to 127")])
def test_wrong_inputs(probe, inputs, what):
    with pytest.raises(ValueError, match=what):
        probe.run(inputs)


def test_wrong_chances(probe):
    with pytest.raises(ValueError, match=r"^stall must be at least 0 and below 1, not 1$"):
        probe.run(bytes_of(1, 2), stall=1)


def test_waveform_of_a_window(tmp_path, need):
    need("verilator")
    folder, wave = probe_folder(tmp_path, PROBE_WORDS), tmp_path / "wave.vcd"
    emulator = Emulator(folder, waves=wave)
    inputs = bytes_of(*range(16))
    assert emulator.run(inputs).cycles == 17
    whole = wave.read_text()
    assert "wide_payload" in whole
    emulator.run(inputs, window=(4, 6))
    times = [int(line[1:]) for line in wave.read_text().splitlines() if line.startswith("#")]
    # Two cycles of reset come before cycle 0; each cycle has two phases.
    assert times == [12, 13, 14, 15]
    assert whole.count("#") > 30


def test_working_directory_is_restored(probe, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    probe.run(bytes_of(1, 2))
    assert tmp_path.samefile(".")


def test_progress_reaches_a_caller(increments, rng):
    seen = []
    increments.run(stimulus(rng, 40_000), progress=seen.append)
    assert seen == sorted(seen)
    assert 0 < seen[0] < 1
