# amaranth: UnusedElaboratable=no
"""Processing elements that a dense unit cannot have: one line, and nothing is written."""

from __future__ import annotations

import re
import sys
from dataclasses import replace

import pytest

from gen.spec.build import build_request
from gen.spec.designs import unit_request
from gen.spec.document import parameters_document
from hw.array.dense import DenseLayer, DenseSpec
from sw_model.faults import InputFault
from sw_model.formats import IntFormat


def attempt(folder, *given):
    request = unit_request("dense", parameters_document("dense", ["inputs=4", "outputs=2", *given]))
    build_request(request, folder, request.options, lambda _: None)


def test_devices_that_lack_its_cells(tmp_path):
    words = ("unit 'dense_unit', pe ternary_ecp5: it is made of cells of ecp5, but ice40-up5k is "
             "of ice40")
    request = unit_request("dense", parameters_document("dense", [
        "inputs=4", "outputs=2", "pe=ternary_ecp5", "weight_format=ternary",
        "weights=random(1)"]))
    with pytest.raises(InputFault, match=f"^{re.escape(words)}$"):
        build_request(request, tmp_path / "out", replace(request.options, device="ice40-up5k"),
                      lambda _: None)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("device", "words"), [
    ("ecp5-25k", "it is made of cells of ice40, but ecp5-25k is of ecp5"),
    ("ice40-hx8k", "it is made of DSP blocks, but of ice40-hx8k there are none to take")])
def test_devices_that_lack_dsp_blocks(device, words, tmp_path):
    words = f"unit 'dense_unit', pe packed_ice40: {words}"
    request = unit_request("dense", parameters_document("dense", [
        "inputs=4", "outputs=2", "pe=packed_ice40", "weights=random(1)"]))
    with pytest.raises(InputFault, match=f"^{re.escape(words)}$"):
        build_request(request, tmp_path / "out", replace(request.options, device=device),
                      lambda _: None)


def test_formats_that_the_kind_does_not_take(tmp_path):
    words = ("unit 'dense_unit', pe ternary: weights of a ternary dot product must be ternary or "
             "bipolar, not int4 (activations int8, weights int4): its lanes add, take off or skip "
             "an activation, and multiply nothing")
    with pytest.raises(InputFault, match=f"^{re.escape(words)}$"):
        attempt(tmp_path / "out", "pe=ternary", "weight_format=int4", "weights=random(1)")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("device", "weights", "ports"), [
    ("ice40-up5k", "int5", "16 x 16"), ("ecp5-25k", "int6", "18 x 18")])
def test_multipliers_are_those_of_the_device(device, weights, ports, tmp_path):
    """Two products of int8 and int5 fit one of ECP5, and none of iCE40."""
    words = (f"unit 'dense_unit', pe packed: no two products of activations int8 and weights "
             f"{weights} fit a multiplier of {ports} bits")
    request = unit_request("dense", parameters_document("dense", [
        "inputs=4", "outputs=2", "pe=packed", f"weight_format={weights}", "weights=random(1)"]))
    with pytest.raises(InputFault, match=f"^{re.escape(words)}"):
        build_request(request, tmp_path / "out", replace(request.options, device=device),
                      lambda _: None)


@pytest.mark.parametrize("weights", ["int4", "ternary", "bipolar"])
def test_accumulators_hold_what_the_weights_reach(weights, tmp_path, monkeypatch):
    """Narrower than the formats alone would have it, and checked where hardware is made."""
    made = []
    monkeypatch.setattr(sys.modules["gen.parts.dense"], "DenseSpec",
                        lambda *given: made.append(DenseSpec(*given)) or made[-1])
    settings = ["inputs=9", "outputs=3", f"weight_format={weights}", "weights=random(1)"]
    request = unit_request("dense", parameters_document("dense", settings))
    build_request(request, tmp_path / "out", request.options, lambda _: None)
    (spec,) = made
    low, high = spec.reach
    least, most = (9 * end for end in spec.dot.product_range)
    assert least <= low <= high <= most
    assert spec.accumulator.min <= low
    assert high <= spec.accumulator.max
    with pytest.raises(ValueError, match=r"^accumulator int\d+ holds .*, but the results that it "
                                         r"is told of come to"):
        DenseLayer(replace(spec, accumulator=IntFormat(spec.accumulator.width - 1)))
