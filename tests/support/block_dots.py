"""Dot products of block formats as units under test, against the golden model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw.array.block_dot import BlockDot
from sw_model.formats import CodedFormat, Float32Format, Format
from sw_model.formats.blocks import parse_block_format
from sw_model.formats.blocks.runs import RunFormat, Runs, RunScale, ScaleCodes, run_format
from sw_model.formats.parse import parse_format
from sw_model.ops.block_dot import block_dot
from sw_model.specs import BlockDotSpec

from .units import Interval, Unit

__all__ = ["block_dot_unit", "form_of", "random_runs"]


def form_of(text: str) -> Any:
    """A block format or a plain one."""
    try:
        return parse_block_format(text)
    except ValueError:
        return parse_format(text)


def random_runs(rng: np.random.Generator, form: RunFormat, shape: tuple[int, ...], size: int, *,
                extreme: int = 0, special: bool = False) -> Runs:
    """Any codes, of ``extreme`` runs in front those of the ends alone; without ``special`` only
    those of finite numbers."""
    elements = _codes(rng, form.element, (*shape, size), special)
    ends = _ends(form.element)
    flat = elements.reshape(-1, size)
    for k in range(min(extreme, len(flat))):
        flat[k] = ends[k // 2 % 2]
    return Runs(elements, _scale(rng, form.scale, shape, extreme, special),
                _scale(rng, form.minimum, shape, extreme, special))


def _scale(rng: np.random.Generator, scale: RunScale | None, shape: tuple[int, ...],
           extreme: int, special: bool) -> ScaleCodes | None:
    if scale is None:
        return None
    codes = _codes(rng, scale.form, shape, special)
    ends = _ends(scale.form)
    codes.reshape(-1)[:extreme] = np.resize(ends, min(extreme, codes.size))
    factors = None if scale.factor is None else _codes(rng, scale.factor, shape, False)
    return ScaleCodes(codes, factors)


def _codes(rng: np.random.Generator, form: Format, shape: tuple[int, ...], special: bool
           ) -> NDArray[np.int64]:
    codes = np.arange(form.min, form.max + 1)
    if isinstance(form, CodedFormat) and not special:
        codes = codes[np.isfinite(form.decode(codes))]
    return rng.choice(codes, shape)


def _ends(form: Format) -> NDArray[np.int64]:
    """Codes of the least and of the greatest finite number."""
    codes = np.arange(form.min, form.max + 1)
    if isinstance(form, CodedFormat):
        codes = codes[np.isfinite(form.decode(codes))]
        real = form.decode(codes)
    else:
        real = form.to_fixed(codes)
    return codes[[int(np.argmin(real)), int(np.argmax(real))]]


def block_dot_unit(rng: np.random.Generator, activations: RunFormat, weights: RunFormat, *,
                   size: int, lanes: int, rows: int = 1, runs: int = 3, count: int = 6,
                   pe: str = "exact", width: int = 48, special: bool = False,
                   multiplier: str = "inferred", name: str = "") -> Unit:
    """``count`` dot products of ``runs`` runs and of 1, in turn, of ``rows`` rows.

    With ``special``, of NaN and infinities too, if the results' format has NaN.
    """
    spec = BlockDotSpec.fitting(width, activations=activations, weights=weights, size=size,
                                runs=runs)
    special = special and isinstance(spec.target, Float32Format)
    component = BlockDot(spec, lanes, rows, pe, multiplier)
    words: dict[str, list[int]] = {"a": [], "w": [], "scales": []}
    wanted: list[int] = []
    for turn in range(count):
        length = runs if turn % 3 != 2 else 1
        extreme = length if turn < 2 else 0
        a = random_runs(rng, activations, (length,), size, extreme=extreme, special=special)
        w = random_runs(rng, weights, (rows, length), size, extreme=2 * extreme, special=special)
        if turn % 4 == 3:
            a.elements[:] = _codes(rng, activations.element, (1,), False)[0]
        results = block_dot(a, w, spec)
        if results.dtype == np.float32:
            bits = np.where(np.isnan(results), np.uint32(0x7FC00000), results.view(np.uint32))
            wanted += [int(b) for b in bits]
        else:
            wanted += [int(b) & ((1 << spec.target.width) - 1) for b in results]
        for run in range(length):
            for word in range(size // lanes):
                place = slice(word * lanes, (word + 1) * lanes)
                words["a"].append(_packed(activations.element, a.elements[run, place]))
                words["w"].append(_packed(weights.element, w.elements[:, run, place].ravel()))
            words["scales"].append(_scale_word(component, activations, weights, a, w, run,
                                               last=run == length - 1))
    first = runs * (size // lanes) - 1
    return Unit(component, words, {"o": wanted}, latency=component.latency, after=first,
                since="a", name=name or f"{pe} {activations.element} {weights.element} "
                                        f"{size}/{lanes}x{rows}",
                interval=Interval(component.interval, size // lanes, "a")
                if count > 8 else None)


def _packed(form: Format, codes: NDArray[Any]) -> int:
    mask = (1 << form.width) - 1
    return sum((int(code) & mask) << form.width * lane for lane, code in enumerate(codes))


def _scale_word(component: BlockDot, activations: RunFormat, weights: RunFormat, a: Runs, w: Runs,
                run: int, *, last: bool) -> int:
    fields = [_fields(activations, a, run)] + [
        _fields(weights, Runs(w.elements[row], *(
            codes and ScaleCodes(*(None if part is None else part[row] for part in codes))
            for codes in (w.scale, w.minimum))), run) for row in range(component.rows)]
    word, at = 0, 0
    for value, bits in [pair for side in fields for pair in side] + [(int(last), 1)]:
        word |= (value & ((1 << bits) - 1)) << at
        at += bits
    return word


def _fields(form: RunFormat, runs: Runs, run: int) -> list[tuple[int, int]]:
    """Values and widths of a run's scales, in the layout's order."""
    found = []
    for scale, codes in ((form.scale, runs.scale), (form.minimum, runs.minimum)):
        if scale is not None and codes is not None:
            found.append((int(codes.codes[run]), scale.form.width))
            if scale.factor is not None and codes.factors is not None:
                found.append((int(codes.factors[run]), scale.factor.width))
    return found


def runs_for(text: str) -> RunFormat:
    """Of a format's spelling."""
    return run_format(form_of(text))
