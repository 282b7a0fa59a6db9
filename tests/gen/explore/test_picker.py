"""The picker: errors by definition, exclusions with reasons, a recommendation within budget."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from gen.explore.candidates import FAMILIES, candidates
from gen.explore.picker import pick, read_tensor
from gen.explore.picture import picture
from sw_model.faults import InputFault, Verdict
from sw_model.formats.blocks import BlockFormat, parse_block_format


@pytest.fixture(scope="module")
def tensor():
    return np.random.default_rng(4).normal(0, 0.02, (8, 512)).astype(np.float32).astype(np.float64)


@pytest.fixture(scope="module")
def picked(tensor):
    return pick(tensor, 4.5)


def test_every_format_is_there_once(picked):
    names = [choice.name for choice in picked.choices]
    assert len(names) == len(set(names))
    assert len(names) + len(picked.excluded) > 200
    assert {choice.family for choice in picked.choices} == set(FAMILIES)
    assert {each.reason for each in picked.excluded} == {"there are negative values"}
    assert {each.name.split()[0] for each in picked.excluded} == {
        f"uint{width}" for width in range(1, 17)}
    names += [each.name for each in picked.excluded]
    every = [str(form) if isinstance(form, BlockFormat) else form.name for _, form in candidates()]
    assert sorted(every) == sorted(names)


@pytest.mark.parametrize("name", ["q4_0", "nvfp4", "mx<e4m3fn>", "bitmod<4,128>"])
def test_figures_are_those_of_the_format(picked, tensor, name):
    (choice,) = [choice for choice in picked.choices if choice.name == name]
    form = parse_block_format(name)
    fields = form.encode(tensor.astype(np.float32))
    error = form.decode(fields).astype(np.float64).reshape(tensor.shape) - tensor
    # The picker squares shares of the largest value: what is left are roundings of float64.
    assert choice.mse == pytest.approx(np.square(error).mean(), rel=1e-13)
    assert choice.largest == np.abs(error).max()
    assert choice.sqnr == pytest.approx(10 * math.log10(np.square(tensor).mean() / choice.mse),
                                        rel=1e-13)
    shared = {"nvfp4": 32, "bitmod<4,128>": 8 * 16}.get(name, 0)
    assert choice.bits == form.bits + shared / tensor.size


def test_order_front_and_recommendation(picked):
    bits = [choice.bits for choice in picked.choices]
    assert bits == sorted(bits)
    for choice in picked.choices:
        better = [c for c in picked.choices if c != choice and c.bits <= choice.bits
                  and c.mse <= choice.mse and (c.bits, c.mse) != (choice.bits, choice.mse)]
        assert not (choice.pareto and better)
    affordable = [choice for choice in picked.choices if choice.bits <= 4.5]
    assert picked.best in affordable
    assert picked.best.mse == min(choice.mse for choice in affordable)
    assert picked.best.pareto
    front = [choice for choice in picked.choices if choice.pareto]
    assert all(a.mse > b.mse for a, b in itertools.pairwise(front))


def test_what_does_not_take_the_tensor(tensor):
    found = pick(tensor[:, :100], 9.0)
    reasons = {each.name: each.reason for each in found.excluded}
    assert "mxint8" in reasons
    assert "q4_k" in reasons
    assert "takes runs of 32 elements, but the shape is" in reasons["mxint8"]
    assert all(choice.name not in reasons for choice in found.choices)


def test_small_values_are_not_lost():
    """Squares of the errors vanish in float64, but not the errors."""
    found = pick(np.random.default_rng(6).normal(0, 1e-200, (2, 256)), 8.5)
    assert all(choice.sqnr < np.inf for choice in found.choices if choice.largest > 0)
    assert all(choice.largest > 0 for choice in found.choices)


def test_vectors_have_no_channels():
    found = pick(np.random.default_rng(7).normal(0, 1, 256), 40)
    assert not any("per channel" in choice.name for choice in found.choices)


def test_counts_may_be_unsigned():
    found = pick(np.arange(256.0).reshape(2, 128), 9)
    (choice,) = [choice for choice in found.choices if choice.name == "uint8 per tensor"]
    assert choice.sqnr == np.inf


def test_values_beyond_a_format():
    found = pick(np.full((2, 256), 1e30), 64)
    assert {"fp16", "q4_0"} <= {each.name for each in found.excluded}
    assert found.best.mse <= min(choice.mse for choice in found.choices)


@pytest.mark.parametrize("tensor", [np.zeros((2, 256)), np.full((1, 256), -0.5), np.ones(1)])
def test_plain_tensors(tensor):
    found = pick(tensor, 64)
    assert found.best.sqnr == np.inf
    assert found.as_dict()["recommended"] == found.best.name
    assert all(math.isfinite(choice.bits) for choice in found.choices)
    exact = [row for row in found.as_dict()["formats"] if row["largest"] == 0]
    assert {row["sqnr"] for row in exact} == {None}
    # Of equal bits what comes first among the candidates: tensors before channels, say.
    places = {str(form) if isinstance(form, BlockFormat) else form.name: place
              for place, (_, form) in enumerate(candidates())}
    order = [(row["bits"], places[row["name"]]) for row in exact]
    assert order == sorted(order)
    assert found.best.name == exact[0]["name"]


def test_too_small_a_budget(tensor):
    with pytest.raises(Verdict, match=r"^no format takes 0\.5 bits; the least is 1\.\d+, of bip"):
        pick(tensor, 0.5)


@pytest.mark.parametrize(("content", "message"), [
    (np.array([[1.0, np.nan]]), r"element \[0, 1\] is nan, but all must be finite"),
    (np.array([np.inf]), r"element \[0\] is inf"),
    (np.array(np.nan), r"element \[0\] is nan"),
    (np.array([1.0, 1e300]), r"element \[1\] is 1e\+300, but all must be finite in float32"),
    (np.zeros((0, 4)), "holds no elements"),
    (np.array(["a"]), "holds <U1, but a tensor must hold real numbers"),
    (np.array([1j]), "holds complex128"),
])
def test_tensors_that_are_refused(tmp_path, content, message):
    np.save(path := tmp_path / "t.npy", content)
    with pytest.raises(InputFault, match=rf"t\.npy: {message}"):
        read_tensor(path)


@pytest.mark.skipif(np.finfo(np.longdouble).bits == 64, reason="long double is float64")
def test_what_is_wider_than_float64(tmp_path):
    np.save(path := tmp_path / "t.npy", np.ones(2, np.longdouble))
    with pytest.raises(InputFault, match=r"t\.npy: holds float\d+, which float64 would round; sa"):
        read_tensor(path)


def test_what_float32_rounds_to_its_largest(tmp_path):
    """Decimals of eight digits are often a little more; half a unit more is infinite."""
    most = float(np.finfo(np.float32).max)
    beyond = most + 2.0**103
    for real in (3.4028235e38, -3.4028235e38, np.nextafter(beyond, 0)):
        assert abs(real) > most
        np.save(path := tmp_path / "t.npy", np.array([real, 1.0]))
        assert read_tensor(path).tolist() == [real, 1.0]
    for real in (beyond, -beyond):
        np.save(path, np.array([1.0, real]))
        with pytest.raises(InputFault, match=r"element \[1\] is .*, but all must be finite in fl"):
            read_tensor(path)


@pytest.mark.parametrize("kind", [np.int64, np.uint64])
def test_integers_that_float64_would_round(tmp_path, kind):
    info = np.iinfo(kind)
    exact = [info.min, 2**53, 2**53 + 2, 2**62, info.max - info.max % 2**20]
    exact += [-2**53] if info.min else []
    np.save(path := tmp_path / "t.npy", np.array(exact, kind))
    assert [int(value) for value in read_tensor(path)] == exact
    for wrong in (2**53 + 1, info.max, *([-2**53 - 1, info.min + 1] if info.min else [])):
        np.save(path, np.array([[0, 1], [wrong, wrong]], kind))
        with pytest.raises(InputFault, match=rf"t\.npy: element \[1, 0\] is {wrong}, an integer "
                                             r"beyond 2\*\*53 that float64 would round"):
            read_tensor(path)
    np.save(path, kind(2**53 + 1))
    with pytest.raises(InputFault, match=r"t\.npy: element \[0\] is 9007199254740993, an int"):
        read_tensor(path)


def test_files_that_are_none(tmp_path):
    (tmp_path / "t.npy").write_bytes(b"no array")
    with pytest.raises(InputFault, match=r"not an \.npy file of plain numbers"):
        read_tensor(tmp_path / "t.npy")
    with pytest.raises(InputFault, match=r"none\.npy: cannot be read \(No such file"):
        read_tensor(tmp_path / "none.npy")
    header = b"\x93NUMPY\x01\x00" + (100).to_bytes(2, "little")
    for content in (b"PK\x03\x04 no zip", header + b"{'descr': '<f8', 'shape': (".ljust(100),
                    header + b"(" * 100,
                    header + b"{'descr': '<f8', 'fortran_order': False, "
                             b"'shape': (1000000000000,)}".ljust(99) + b"\n"):
        (tmp_path / "t.npy").write_bytes(content)
        with pytest.raises(InputFault, match=r"t\.npy: (not an \.npy file|cannot be read)"):
            read_tensor(tmp_path / "t.npy")
    np.savez(tmp_path / "t.npz", a=np.ones(3))
    with pytest.raises(InputFault, match="holds several arrays"):
        read_tensor(tmp_path / "t.npz")


def test_the_picture(picked):
    text = picture(picked)
    assert text == picture(picked)
    assert text.startswith("<svg")
    assert picked.best.name in text
    assert "signal to quantisation noise, dB" in text
