"""Processing elements that a dense unit cannot have: one line, and nothing is written."""

from __future__ import annotations

import re

import pytest

from gen.spec.build import build_request
from gen.spec.designs import unit_request
from gen.spec.document import parameters_document
from sw_model.faults import InputFault


def attempt(folder, *given):
    request = unit_request("dense", parameters_document("dense", ["inputs=4", "outputs=2", *given]))
    build_request(request, folder, request.options, lambda _: None)


def test_formats_that_the_kind_does_not_take(tmp_path):
    words = ("unit 'dense_unit', pe ternary: weights of a ternary dot product must be ternary or "
             "bipolar, not int4 (with activations int8)")
    with pytest.raises(InputFault, match=f"^{re.escape(words)}$"):
        attempt(tmp_path / "out", "pe=ternary", "weight_format=int4", "weights=random(1)")
    assert not (tmp_path / "out").exists()
