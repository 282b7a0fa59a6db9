# amaranth: UnusedElaboratable=no
"""What rows of processing elements take by estimate, kind by kind.

Multipliers are counted as the elements place them. Lookup tables are a sum of products of sizes
(:func:`features`) with factors that ``python -m bench.prices`` fits to synthesised rows of each
kind and keeps in ``elements.json``, with the rows themselves. Default plans of digits on ecp5-25k,
estimated and synthesised (``python -m bench.estimates``):

=============  =========  ===========
kind           estimated  synthesised
=============  =========  ===========
exact              1,394        1,456
packed             2,351        2,408
table             10,056       12,529
bit_weight         9,994       11,263
lut               11,486       12,240
serial_lut        10,856       11,489
weight_serial     11,100       10,157
=============  =========  ===========
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec
from amaranth import Module, Signal

from boards.devices import Device
from hw.codec.unpack import unpack
from hw.pe import PE_KINDS, DotSpec
from hw.pe.packing import PORTS, WIDEST, most_rows, pair_packing
from hw.shapes import fixed_shape, shape_of
from sw_model.formats import Format

__all__ = ["FILE", "Fit", "Sample", "Significand", "features", "fits", "luts", "multipliers",
           "refusal", "rows_price", "significand"]

#: Beside this module.
FILE = "elements.json"

#: Lookup tables that a product of one bit by one bit takes where there are no multipliers.
PRODUCT_BIT = 2.75

#: Bits of a multiplier's factors.
PORT = 18

#: Most bits of the narrower of two codes that have a table.
WIDEST_TABLE = 6


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """Rows that were synthesised for ECP5, DSP blocks allowed: area and multipliers."""

    activations: str
    weights: str
    lanes: int
    rows: int
    luts: int
    multipliers: int


class Fit(msgspec.Struct, frozen=True):
    """Factors of :func:`features`, and what they are fitted to."""

    factors: tuple[float, ...]
    samples: tuple[Sample, ...]


@cache
def fits() -> dict[str, Fit]:
    """By kind of processing element."""
    text = (files(__package__) / FILE).read_bytes()
    return msgspec.json.decode(text, type=dict[str, Fit])


class Significand(msgspec.Struct, frozen=True):
    """Of a format: bits of the integer in a code, and places by which it may be moved."""

    bits: int
    places: int


@cache
def significand(form: Format) -> Significand:
    """As decoders give it."""
    parts = unpack(form, Signal(shape_of(form)), Module(), "code")
    return Significand(len(parts.significand), parts.most)


def refusal(kind: str, spec: DotSpec, device: Device) -> str | None:
    """Why a kind does not take the formats or the device; None if it does."""
    make = PE_KINDS[kind]
    if make.family not in (None, device.family):
        return (f"it is made of cells of {make.family}, but {device.name} is of "
                f"{device.family}")
    if make.multiplied and not device.dsps:
        return f"it is made of DSP blocks, but of {device.name} there are none to take"
    return make.refusal(spec, **make.parameters(device.family))


def features(spec: DotSpec, rows: int) -> tuple[float, ...]:
    """What the lookup tables of rows may be proportional to.

    Of each product: that there is one, the bits of both factors, of each, of the product, those
    that shifters move, and tables of as many entries as the narrower code has. Of each row, and
    each lane: that there is one, and the bits of its sum, or of its activation. Then a constant.
    """
    a, w = significand(spec.activations), significand(spec.weights)
    product = max(map(abs, spec.product_range)).bit_length() + 1
    result = max(map(abs, spec.result_range)).bit_length() + 1
    narrow = min(spec.activations.width, spec.weights.width)
    each = rows * spec.lanes
    return (each, each * a.bits * w.bits, each * a.bits, each * w.bits, each * product,
            each * product * (a.places + w.places).bit_length(),
            each * product * 2 ** min(narrow, WIDEST_TABLE), rows, rows * result, spec.lanes,
            spec.lanes * a.bits, 1)


def luts(kind: str, spec: DotSpec, rows: int) -> float:
    """Lookup tables of ``rows`` rows beside their multipliers: LUT4 + 2 for each CCU2C."""
    return sum(factor * size for factor, size in
               zip(fits()[kind].factors, features(PE_KINDS[kind].core(spec), rows), strict=True))


def multipliers(kind: str, spec: DotSpec, rows: int, family: str | None = None) -> int:
    """DSP blocks that synthesis makes of what ``rows`` rows multiply, on a family's devices."""
    spec = PE_KINDS[kind].core(spec)
    forms = spec.activations, spec.weights
    if kind in ("exact", "mixed"):
        # What is multiplied there: significands, or signed values.
        a, w = (significand(form).bits if kind == "exact" else fixed_shape(form).width
                for form in forms)
        # By a single bit is no multiplication.
        each = -(-a // PORT) * -(-w // PORT) if min(a, w) > 1 else 0
        return rows * each * (spec.lanes if kind == "exact" else -(-spec.lanes // 2))
    if kind == "packed_ice40":
        return rows * -(-spec.lanes // 2)
    if kind == "packed":
        pair, together = _packing(*forms, PORTS.get(family or "", WIDEST))
        apart = rows * -(-spec.lanes // pair)
        return min(apart, -(-rows // together) * spec.lanes) if together and rows > 1 else apart
    return 0


@cache
def _packing(activations: Format, weights: Format, ports: tuple[int, int]) -> tuple[int, int]:
    """Pairs of lanes, and rows, that share a multiplier."""
    return (pair_packing(activations, weights, ports=ports).count,
            most_rows(activations, weights, ports=ports))


def rows_price(kind: str, spec: DotSpec, rows: int, device: Device) -> tuple[float, float]:
    """Multipliers and lookup tables of ``rows`` rows on a device, which may have no DSP blocks."""
    count, tables = multipliers(kind, spec, rows, device.family), luts(kind, spec, rows)
    if device.dsps:
        return count, tables
    if kind == "packed":
        return 0, tables + PRODUCT_BIT * PORT * PORT * count
    a, w = (significand(form).bits for form in (spec.activations, spec.weights))
    return 0, tables + PRODUCT_BIT * min(a, PORT) * min(w, PORT) * count
