"""Names that people can write and terminals can show."""

from __future__ import annotations

import time

import pytest

from gen.frontends.names import Names, printable, readable


@pytest.mark.parametrize(("name", "short"), [
    ("functional_1/dense/MatMul", "dense"),
    ("functional_1/activation_3/Relu;functional_1/dense_3/BiasAdd", "dense_3"),
    ("functional_1/dense/BiasAdd/ReadVariableOp/resource", "dense"),
    ("net/reshape/Reshape", "reshape"), ("net/dense_1/MatMul1", "dense_1"),
    ("fc1.weight", "fc1_weight"), ("3x3", "n3x3"), ("x y\tz", "x_y_z"), ("dense", "dense"),
    ("a" * 99, "a" * 40), ("arith.constant12", ""), ("tfl.pseudo_qconst", ""), ("Identity_1", ""),
    ("StatefulPartitionedCall:0", ""), ("", ""), ("///", ""), ("MatMul", ""), ("ünï", "n"),
])
def test_readable(name, short):
    assert readable(name) == short


def test_printable():
    assert printable("StatefulPartitionedCall:0") == "StatefulPartitionedCall:0"
    assert printable("a\nb\x1b\u202ec") == "a_b__c"
    assert len(printable("x" * 1000)) == 200


def test_names_are_unique():
    names = Names()
    assert [names.unique(n) for n in ("a", "a", "a_2", "b", "a", "a_2")] == [
        "a", "a_2", "a_2_2", "b", "a_3", "a_2_3"]


def test_many_equal_names_take_no_time():
    names, start = Names(), time.process_time()
    assert len({names.unique("t") for _ in range(20_000)}) == 20_000
    assert time.process_time() - start < 2
