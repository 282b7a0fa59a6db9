# amaranth: UnusedElaboratable=no
"""What kinds take: a reason against each pair that is refused, and no other pair fails."""

from __future__ import annotations

import re

import pytest

from boards import families
from hw.pe import PE_KINDS, DotSpec, element_of
from hw.pe.base import FAMILIES
from hw.pe.lut_row import LutRow
from hw.pe.lut_table import LutTable
from hw.pe.lut_tile import LutTile
from hw.pe.operands import MOST_DECODED
from hw.pe.packed_products import PackedProducts
from hw.pe.packed_rows import PackedRows, PackedSet
from hw.pe.rows import rows_of
from hw.pe.serial_rows import SerialRows
from hw.pe.sparse_encoded_rows import SparseEncodedRows
from hw.pe.sparse_encoder import SparseEncoder
from hw.shapes import fixed_shape
from hw.verilog import to_verilog
from sw_model.formats import parse_format

#: Of every sort: the narrowest, the widest, and some beyond what any kind is made for.
FORMATS = ["int1", "uint1", "int8", "uint8", "int9", "int17", "int33", "int64", "uint63",
           "fixed<6,2>", "bipolar", "ternary", "e2m1", "e4m3fn", "e5m2", "e8m0", "fp16", "bf16",
           "posit<4,1>", "posit<8,0>", "posit<16,1>", "codebook<-1,0,0.5,2>", "khot<8,5,2>",
           "float32"]

#: Both operands of a kind that decodes, or takes no codes.
DECODING = ("integers, fixed point, bipolar, ternary, or codes of at most 20 bits on their grid",
            "it computes with whole numbers on the grid, which are the dearer the wider they are; "
            "an exact one multiplies significands and shifts")
PLAIN = ("integers, fixed point, bipolar or ternary",
         "multipliers of numbers on the grid are wider than those of significands; an exact one "
         "takes it")
ANY = ("of a format that has a decoder",
       "tensors of such values are the host's, no hardware carries them")
WORDS = {"parallel": ("a parallel dot product", PLAIN), "exact": ("an exact dot product", ANY),
         "table": ("a product by table", ANY), "lut": ("a dot product by look-up", DECODING),
         "serial_lut": ("a dot product by look-up", DECODING),
         "bit_weight": ("a dot product by bit weights", DECODING),
         "carry_save_tree": ("a dot product by carry-save trees", DECODING),
         "mixed": ("a mixed dot product", DECODING), "packed": ("a packed dot product", DECODING),
         "weight_serial": ("a bit-serial dot product (weights in turn)", DECODING),
         "activation_serial": ("a bit-serial dot product (activations in turn)", DECODING),
         "booth": ("a Booth dot product", DECODING), "csd": ("a CSD dot product", DECODING),
         "en_t": ("an EN-T dot product", DECODING), "term": ("a term dot product", DECODING),
         "sparse_encoded": ("a sparse encoded dot product", DECODING)}


def spec_of(a, w, lanes=2):
    return DotSpec(parse_format(a), parse_format(w), lanes)


#: As the other operand of each: of every sort again.
OTHERS = ["int8", "ternary", "e2m1", "float32"]


@pytest.mark.parametrize("others", [
    OTHERS, pytest.param([name for name in FORMATS if name not in OTHERS], marks=pytest.mark.full)],
    ids=["some", "all"])
@pytest.mark.parametrize("kind", PE_KINDS)
def test_a_pair_is_refused_or_there_is_an_element(kind, others):
    """With the interval that is known before."""
    make = PE_KINDS[kind]
    for a, w in {pair for x in FORMATS for y in others for pair in ((x, y), (y, x))}:
        spec = spec_of(a, w)
        if reason := make.refusal(spec):
            assert a in reason
            assert w in reason
            assert ": " in reason or "fit a multiplier" in reason
            with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
                make(spec)
        else:
            unit = make(spec)
            assert unit.interval == make.interval_of(spec)
            assert unit.spec == spec


@pytest.mark.parametrize("names", [
    ["int33", "e2m1", "bipolar"], pytest.param(FORMATS, marks=pytest.mark.full)],
    ids=["some", "all"])
@pytest.mark.parametrize("kind", PE_KINDS)
def test_elements_elaborate(kind, names):
    """Of every format on both sides, by the narrowest other."""
    make, other = PE_KINDS[kind], "bipolar" if kind.startswith(("ternary", "binary")) else "int1"
    specs = [spec_of(*pair, 1) for name in names for pair in ((name, other), (other, name))]
    legal = [spec for spec in specs if make.refusal(spec) is None]
    assert legal
    for spec in legal:
        assert "module unit" in to_verilog(make(spec), "unit")


@pytest.mark.parametrize("kind", WORDS)
@pytest.mark.parametrize(("a", "w", "name"), [("float32", "int4", "activations"),
                                              ("int4", "float32", "weights")])
def test_words(kind, a, w, name):
    """Both formats, what is legal, and why nothing else is."""
    what, (legal, why) = WORDS[kind]
    assert PE_KINDS[kind].refusal(spec_of(a, w)) == (
        f"{name} of {what} must be {legal}, not float32 (activations {a}, weights {w}): {why}")


def test_words_of_ternary():
    for kind in ("ternary", "ternary_ecp5"):
        assert PE_KINDS[kind].refusal(spec_of("int8", "int2")) == (
            "weights of a ternary dot product must be ternary or bipolar, not int2 (activations "
            "int8, weights int2): its lanes add, take off or skip an activation, and multiply "
            "nothing")
        assert PE_KINDS[kind].refusal(spec_of("fp16", "ternary")).startswith(
            f"activations of a ternary dot product must be {DECODING[0]}, not fp16 (")


def test_grids_that_are_decoded():
    """Eight bits of a float are, unless nearly all are exponent."""
    assert MOST_DECODED == 20
    widths = {name: fixed_shape(parse_format(name)).width
              for name in ("e2m1", "e4m3fn", "posit<8,0>", "e5m2", "fp16")}
    assert widths == {"e2m1": 5, "e4m3fn": 19, "posit<8,0>": 14, "e5m2": 33, "fp16": 41}
    legal = [name for name in widths if PE_KINDS["lut"].refusal(spec_of(name, "int4")) is None]
    assert legal == ["e2m1", "e4m3fn", "posit<8,0>"]


@pytest.mark.parametrize(("make", "what"), [
    (lambda a, w: LutTile(spec_of(a, w), 1, 1), "a tile of look-ups"),
    (lambda a, w: SerialRows(PE_KINDS["weight_serial"], spec_of(a, w), 1),
     "rows of a bit-serial dot product (weights in turn)"),
    (lambda a, w: SparseEncodedRows(spec_of(a, w), 1), "sparse encoded rows"),
    (lambda a, w: PackedRows(spec_of(a, w), 2), "packed rows"),
    (lambda a, w: PackedSet(spec_of(a, w), 2), "packed rows"),
    (lambda a, w: LutRow(spec_of(a, w)), "a row of look-ups"),
    (lambda a, w: PackedProducts(parse_format(a), parse_format(w), 2), "packed products")])
def test_no_codes_without_decoders(make, what):
    """What has no decoders itself refuses codes that would be taken for integers."""
    for a, w, name in (("e2m1", "int4", "activations"), ("int4", "e2m1", "weights")):
        words = (f"{name} of {what} must be {PLAIN[0]}, not e2m1 (activations {a}, weights {w})")
        with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
            make(a, w)
    assert make("int4", "int3")


@pytest.mark.parametrize(("make", "words"), [
    (LutTable, "activations of a table of look-ups"),
    (SparseEncoder, "codes of a sparse encoder")])
def test_no_codes_of_one_operand(make, words):
    with pytest.raises(ValueError, match=f"^{words} must be {PLAIN[0]}, not e2m1$"):
        make(parse_format("e2m1"), 4)
    assert make(parse_format("int4"), 4)


@pytest.mark.parametrize("make", [
    lambda kind, family: element_of(kind, spec_of("int8", "ternary"), family),
    lambda kind, family: rows_of(PE_KINDS[kind], spec_of("int8", "ternary"), 2, family=family)])
def test_cells_of_one_family(make):
    """Elements are for their family, or for a simulator."""
    words = "a ternary dot product of cells of ecp5 goes on no other family, not on ice40"
    with pytest.raises(ValueError, match=f"^{words}$"):
        make("ternary_ecp5", "ice40")
    for family in (None, "ecp5"):
        assert make("ternary_ecp5", family)
    assert make("ternary", "ice40")
    assert set(FAMILIES) == set(families.FAMILIES)
    for kind in ("ternary", "ternary_ecp5", "packed"):
        with pytest.raises(ValueError, match=f"^family must be one of {', '.join(FAMILIES)}, not "
                                             "'ice4o'$"):
            make(kind, "ice4o")


def test_no_such_kind():
    words = f"pe must be one of {', '.join(PE_KINDS)}, not 'magic'"
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        element_of("magic", spec_of("int8", "int8"))
