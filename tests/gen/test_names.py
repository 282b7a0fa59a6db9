"""Identifiers: legal everywhere, distinct, stable."""

from __future__ import annotations

import re

import pytest

from gen.names import LONGEST, identifier, identifiers


@pytest.mark.parametrize(("text", "expected"), [
    ("plain", "plain"), ("functional_1/dense/MatMul", "functional_1_dense_MatMul"),
    ("42", "n42"), ("", "n"), ("__a__b__", "a_b"), ("a b\n;c", "a_b_c"), ("été", "t"),
    ("wire", "wire_n"), ("class", "class_n"), ("package", "package_n"), ("logic", "logic_n"),
    ("clk", "clk_n"), ("rst", "rst_n"), ("gatemill_rom", "gatemill_rom_n"), ("Wire", "Wire")])
def test_identifier(text, expected):
    assert identifier(text) == expected


def test_identifier_takes_another_fallback():
    assert identifier("7", fallback="model") == "model7"
    assert identifier("module", fallback="model") == "module_model"


def test_long_names_are_cut_and_stay_apart():
    long = ["x" * 300 + tail for tail in ("a", "b")]
    short = [identifier(name) for name in long]
    assert all(len(name) == LONGEST for name in short)
    assert short[0] != short[1]
    assert identifier("y" * LONGEST) == "y" * LONGEST


def test_identifiers_are_distinct_even_in_folders_that_ignore_case():
    names = ["a/b", "a.b", "A_B", "a_b_2", "a_b"]
    given = identifiers(names)
    assert given == {"a/b": "a_b", "a.b": "a_b_2", "A_B": "A_B_3", "a_b_2": "a_b_2_2",
                     "a_b": "a_b_4"}


def test_identifiers_keep_off_what_is_taken():
    assert identifiers(["i", "o"], taken=["I", "clk"]) == {"i": "i_2", "o": "o"}


def test_whatever_comes_out_is_an_identifier(rng):
    for _ in range(500):
        text = "".join(map(chr, rng.integers(1, 0x2FF, int(rng.integers(0, 200)))))
        name = identifier(text)
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name), (text, name)
        assert "__" not in name
        assert identifier(name) == name
