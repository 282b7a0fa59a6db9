# amaranth: UnusedElaboratable=no
"""Decoders of entropy-coded bfloat16 against what was encoded, in Icarus and the emulator."""

from __future__ import annotations

import numpy as np
import pytest

from bench.entropy import Case, first_chunks, outputs_of, spec_of
from hw.codec.chunks import ChunkMerge, ChunkSplit, Gather
from hw.codec.entropy_coded import EntropyDecoder
from hw.codec.huffman import HuffmanDecoder
from sw_model.formats.entropy_coded import EntropyCodedBF16
from sw_model.formats.huffman import HuffmanCode
from sw_model.specs.huffman import HuffmanSpec
from tests.support.entropy import emulated, header_words, symbol_words
from tests.support.units import STALLS, Interval, Unit, check_units

#: Counts whose best code has a word of every length, so that a limit is reached.
FIBONACCI = (1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597, 2584, 4181)


def encoded(exponents, rng, **settings):
    """Patterns with these exponents, and the container of them."""
    exponents = np.asarray(exponents)
    noise = rng.integers(0, 256, exponents.shape)
    patterns = noise >> 7 << 15 | exponents << 7 | noise & 127
    return patterns, EntropyCodedBF16.encode(patterns, **settings)


def every_length(rng, count, longest):
    """Exponents of which the code has words of 1 to ``longest`` bits, long ones as often."""
    weights = FIBONACCI[-longest - 1:]
    code = HuffmanCode.of_counts(weights, longest)
    assert code.longest == longest
    return code, rng.permutation(np.resize(np.array(code.symbols), count))


def with_code(code, exponents, rng, chunk):
    """As :func:`encoded`, but with a code that was made for other counts."""
    offsets, words = code.encode(exponents, chunk)
    rest = rng.integers(0, 256, len(exponents))
    tensor = EntropyCodedBF16(code, chunk, tuple(offsets.tolist()), words.tobytes(),
                              rest.astype(np.uint8).tobytes())
    return rest >> 7 << 15 | exponents << 7 | rest & 127, tensor


def symbols_unit(tensor, name):
    exponents = tensor.decode().astype(np.int64) >> 7 & 255
    decoder = HuffmanDecoder(spec_of(tensor))
    return Unit(decoder, {"headers": header_words(tensor), "words": tensor.word_array.tolist()},
                {"o": symbol_words(tensor, exponents)}, latency=decoder.latency, since="words",
                interval=Interval(1, stream="o") if tensor.count > 1 else None, name=name)


def weights(rng, count):
    """Patterns of normally distributed numbers, cut to bfloat16."""
    return rng.normal(0, 0.02, count).astype(np.float32).view(np.uint32).astype(np.int64) >> 16


def test_a_symbol_every_cycle(rng, need):
    """Codes of every length, one length and one symbol; chunks of every kind."""
    need("icarus")
    units = []
    for longest in (12, 16):
        for chunk in (1, 7, 100):
            code, exponents = every_length(rng, 301, longest)
            tensor = with_code(code, exponents, rng, chunk)[1]
            units.append(symbols_unit(tensor, f"{longest} bits, chunks of {chunk}"))
    code, exponents = every_length(rng, 200, 16)
    tensor = with_code(code, np.full_like(exponents, code.symbols[-1]), rng, 50)[1]
    units.append(symbols_unit(tensor, "longest code only"))
    for name, exponents in (("one symbol", np.full(200, 133)),
                            ("one element", np.array([255])),
                            ("two symbols", rng.integers(0, 2, 200) * 255),
                            ("every symbol", rng.permutation(256))):
        units.append(symbols_unit(encoded(exponents, rng, chunk=64)[1], name))
    check_units(units)


@pytest.mark.parametrize("ways", [1, 2, 4])
def test_numbers_in_order(rng, need, ways):
    """Chunks that end everywhere in a word; in steady state a full word every cycle."""
    need("icarus")
    units = []
    for count, chunk in ((1, 8), (7, 8), (8, 8), (9, 8), (41, 8), (30, 4), (203, 4)):
        patterns = weights(rng, count)
        case = Case([EntropyCodedBF16.encode(patterns, chunk=chunk)], [patterns], ways)
        units.append(Unit(case.component, case.stimulus, {"o": case.expected},
                          name=f"{count} in chunks of {chunk}"))
    patterns = weights(rng, 1200)
    case = Case([EntropyCodedBF16.encode(patterns, chunk=80)], [patterns], ways)
    units.append(Unit(case.component, case.stimulus, {"o": case.expected},
                      interval=Interval(1, stream="o"), name="throughput"))
    check_units(units)


@pytest.mark.parametrize("ways", [1, 2, 4])
def test_tensor_after_tensor(rng, need, ways):
    """The next tensor begins with a word, and with the decoder whose turn it is."""
    need("icarus")
    code, exponents = every_length(rng, 200, 9)
    parts = [with_code(code, part, rng, 12) for part in np.split(exponents, [1, 13, 80, 143])]
    case = Case([tensor for _, tensor in parts], [patterns for patterns, _ in parts], ways)
    check_units([Unit(case.component, case.stimulus, {"o": case.expected})])


def test_every_pattern(rng, need, tmp_path):
    """All 65,536 patterns: NaN with every payload, infinities, subnormals, both zeros."""
    need("verilator")
    patterns = rng.permutation(1 << 16)
    skewed = np.concatenate([patterns, np.repeat(weights(rng, 4096), 16)])
    cases = [Case([EntropyCodedBF16.encode(codes, chunk=256, longest=longest)], [codes], ways)
             for codes, longest, ways in ((patterns, 12, 1), (patterns, 8, 2), (skewed, 16, 1),
                                          (skewed, 12, 2), (skewed, 16, 4))]
    run_all = emulated(cases, tmp_path / "build")
    for idle, stall in STALLS:
        run = run_all(idle=idle, stall=stall, seed=3)
        for k, case in enumerate(cases):
            found = outputs_of(run, case.ways, f"u{k}__")
            assert found == case.expected, f"case {k}, {idle}, {stall}"


def test_throughput_of_long_tensors(rng, need, tmp_path):
    """Twice the chunks take exactly the cycles that the decoders need for the symbols."""
    need("verilator")
    patterns = weights(rng, 1 << 16)
    whole = EntropyCodedBF16.encode(patterns, chunk=512)
    for ways in (1, 2, 4):
        taken = []
        for tensor in (first_chunks(whole, 64), whole):
            case = Case([tensor], [patterns[:tensor.count]], ways, spec_of(whole))
            run = emulated([case], tmp_path / f"{ways}-{tensor.count}")()
            assert outputs_of(run, ways, "u0__") == case.expected
            taken.append(run.cycles)
        assert taken[1] - taken[0] == (1 << 15) // ways


def test_faults():
    code = HuffmanCode((1, 2), (7, 8, 9))
    spec = HuffmanSpec(code=code, chunk=6, chunk_words=1)
    with pytest.raises(TypeError, match=r"^spec must be a HuffmanSpec, not 3$"):
        HuffmanDecoder(3)
    for make in (ChunkSplit, EntropyDecoder):
        with pytest.raises(TypeError, match=r"^spec must be a HuffmanSpec, not 3$"):
            make(3, 2)
    with pytest.raises(ValueError, match=r"^ways must be a divisor of the chunk's 6 symbols, "
                                         r"not 4$"):
        EntropyDecoder(spec, 4)
    for make in (lambda: ChunkSplit(spec, 0), lambda: ChunkMerge(1, 0),
                 lambda: EntropyDecoder(spec, 0)):
        with pytest.raises(ValueError, match=r"^ways must be at least 1, not 0$"):
            make()
    with pytest.raises(ValueError, match=r"^lanes must be at least 1, not 0$"):
        Gather(0)
