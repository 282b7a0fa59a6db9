"""How bfloat16 is entropy-coded: spelling, encoding, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats.entropy_coded import EntropyCodedBF16
from sw_model.formats.entropy_format import EntropyFormat, parse_entropy_format


def test_spelling():
    for form, text in ((EntropyFormat(), "entropy<bf16,12,1024>"),
                       (EntropyFormat(1, 1), "entropy<bf16,1,1>"),
                       (EntropyFormat(16, 65536), "entropy<bf16,16,65536>")):
        assert str(form) == text
        assert parse_entropy_format(text) == form
    assert parse_entropy_format("entropy < bf16 , 8 , 32 >") == EntropyFormat(8, 32)


def test_encode(rng):
    patterns = rng.integers(0, 1 << 16, 1000)
    tensor = EntropyFormat(9, 300).encode(patterns)
    assert tensor == EntropyCodedBF16.encode(patterns, longest=9, chunk=300)
    assert (tensor.code.longest, tensor.chunk) == (9, 300)
    np.testing.assert_array_equal(tensor.decode(), patterns)


def test_containers_are_told_in_a_line(rng):
    tensor = EntropyFormat().encode(rng.integers(0, 1 << 16, 1000))
    assert str(tensor) == (f"1000 elements of bf16, entropy-coded in {8 * len(tensor.to_bytes())} "
                           "bits")


@pytest.mark.parametrize(("text", "message"), [
    ("entropy", r"^an entropy-coded format is spelt like entropy<bf16,12,1024>, not 'entropy'$"),
    ("entropy<fp16,12,1024>", r"^an entropy-coded format is spelt like"),
    ("entropy<bf16,12>", r"^an entropy-coded format is spelt like"),
    ("entropy<bf16,-1,8>", r"^an entropy-coded format is spelt like"),
    ("entropy<bf16,0,8>", r"^longest must be 1 to 16 bits, not 0$"),
    ("entropy<bf16,17,8>", r"^longest must be 1 to 16 bits, not 17$"),
    ("entropy<bf16,12,0>", r"^chunk must be 1 to 65536 elements, not 0$"),
    ("entropy<bf16,12,65537>", r"^chunk must be 1 to 65536 elements, not 65537$")])
def test_no_such_format(text, message):
    with pytest.raises(ValueError, match=message):
        parse_entropy_format(text)


def test_wrong_types():
    with pytest.raises(TypeError, match=r"^an entropy-coded format must be spelt as a string, "
                                        r"not 12$"):
        parse_entropy_format(12)
    with pytest.raises(TypeError, match=r"^longest must be an integer, not 12\.0$"):
        EntropyFormat(12.0)
    with pytest.raises(TypeError, match=r"^chunk must be an integer, not '8'$"):
        EntropyFormat(12, "8")


def test_what_is_no_pattern():
    form = EntropyFormat()
    for wrong in (-1, 1 << 16, 2**40):
        with pytest.raises(ValueError, match=rf"^codes\[1\] is {wrong}, but bf16 holds"):
            form.encode([0, wrong])
    for codes in ([0.5], [float("nan")], ["a"], None):
        with pytest.raises(TypeError, match=r"^codes must hold integers for bf16, not "):
            form.encode(codes)
    assert form.encode([[1, 2], [3, 4]]).decode().tolist() == [1, 2, 3, 4]
