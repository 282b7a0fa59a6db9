"""Examples in docstrings show what really comes out."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

from tests.support.checkout import PACKAGES, module_name, modules

WITH_EXAMPLES = [module_name(path) for package in PACKAGES for path in modules(package)
                 if ">>> " in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples(name, capsys):
    failed, tried = doctest.testmod(import_module(name))
    assert not failed, capsys.readouterr().out
    assert tried


def test_the_golden_model_has_examples():
    assert sum(name.startswith("sw_model.") for name in WITH_EXAMPLES) >= 5
