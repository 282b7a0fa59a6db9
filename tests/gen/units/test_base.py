"""Wrong parameters: the message is about the key that is wrong."""

from __future__ import annotations

import math
import re

import pytest

from gen.spec.designs import unit_request
from gen.spec.document import parameters_document
from sw_model.faults import InputFault

LARGER, SMALLER = "must have a larger magnitude", "must have a smaller magnitude"


@pytest.mark.filterwarnings("ignore:overflow encountered")
@pytest.mark.parametrize(("unit", "given", "key", "message"), [
    ("softmax", "way=tflite scale=1e-30", "scale", LARGER),
    ("softmax", "way=tflite length=5000", "length", "must be at most 4095 for tflite, not 5000"),
    ("softmax", "way=tflite bits=12", "bits", "must be 8 or 16 for tflite, not 12"),
    ("softmax", "way=tflite source=int16", "source", "must be int8, not int16"),
    ("softmax", "way=shiftmax scale=1e-12", "scale", LARGER),
    ("softmax", "way=two_pass scale=1e-12", "scale", LARGER),
    ("softmax", "way=online scale=1e9", "scale", SMALLER),
    ("softmax", "way=shiftmax source=fixed<8,4>", "source", "must be integers for shiftmax"),
    ("softmax", "way=unified maximum=300", "maximum", "must be a code of int8, -128 to 127"),
    ("concatenate", "lanes=3", "lanes", "must divide channels, 4, not be 3"),
    ("concatenate", "scales=[]", "scales", "must have at least 1 entries, not 0"),
    ("concatenate", "scale_out=1e-30", "scale_out", LARGER),
    ("pool", "vectors=2", "vectors", "must be 1, not 2"),
    ("mean", "scale_out=1e-30", "scale_out", LARGER),
    ("mean", "zero_in=300", "zero_in", "must be -128 to 127, not 300"),
    ("absmax_quantise", "target=uint8", "target", "must be signed"),
    ("absmax_quantise", "target=int1", "target", "must have at least 2 bits, not 1"),
    ("piecewise", "low=5 high=1", "high", "must be above 5"),
    ("piecewise", "low=100 high=200", "low", "must be below 8, where fixed<12,8> ends"),
    ("piecewise", "source=int20", "source", "must have at most 16 bits"),
    ("integer_gelu", "scale=1e-9", "scale", LARGER),
    ("integer_gelu", "source=fixed<8,4>", "source", "must be integers such as int8"),
    ("shift_gelu", "scale=1e-12", "scale", LARGER),
    ("hard_swish", "scale_out=1e-30", "scale_out", LARGER),
    ("hard_sigmoid", "alpha=1e30", "alpha", SMALLER),
    ("sigmoid", "source=int16 zero_point=3", "zero_point", "must be 0 for int16, not 3"),
    ("delta_table", "step_bits=12 source=fixed<8,4>", "step_bits", "must be at most"),
    ("table", "function=gelu entries=random(1)", "entries", "must be left out"),
    ("add", "zero_a=300", "zero_a", "must be -128 to 127, not 300"),
    ("multiply", "scale_out=1e-30", "scale_out", LARGER),
    ("requantise", "source=fixed<8,4>", "source", "must be integers such as int8"),
    ("shift_rescale", "shift=[1,2,3]", "shift", ": the list has shape [3]"),
    ("stochastic_shift", "shift=[70]", "shift", "must be from 0 to 62"),
    ("k_hot_rescale", "hot=9", "hot", "must be 1 to 7, not 9"),
    ("hadamard", "size=24 channels=24", "size", "must be a power of two from 2 to 1024, not 24"),
    ("l1_norm", "epsilon=1e30", "epsilon", SMALLER),
    ("top_k", "k=65", "k", "must be at most the 64 elements of a row, not 65"),
    ("sampler", "temperature=1e-12", "temperature", LARGER),
    ("block_quantise", "length=63", "length", "must be a multiple of the 32 elements"),
    ("block_quantise", "tensor_scale=1", "tensor_scale", "must be left out for mx<e2m1>"),
])
def test_the_key_that_is_wrong(unit, given, key, message):
    with pytest.raises(InputFault) as found:
        unit_request(unit, parameters_document(unit, given.split()))
    text = str(found.value)
    assert re.match(rf"-p {key}=\S+: {key}:? ?{re.escape(message.removeprefix(': '))}", text), text
    assert "\n" not in text


def test_a_table_of_a_function():
    """Each entry is the nearest code, the target's ends beyond it."""
    graph = unit_request("table", parameters_document("table", [
        "function=exp", "source=fixed<8,4>", "target=ufixed<8,7>"])).graph
    found = graph.tensors["entries"].value
    wanted = [min(255, round(math.exp(code / 16) * 128)) for code in range(-128, 128)]
    assert found.tolist() == [wanted]
