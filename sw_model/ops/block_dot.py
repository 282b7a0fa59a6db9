"""Dot products of operands in runs: exact sums, and one sum across runs that may round."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import CodedFormat, Format
from ..formats.blocks.runs import RunFormat, Runs
from ..specs.block_dot import BlockDotSpec, DotTerm
from .block_sum import block_sum

__all__ = ["block_dot"]

Ints = NDArray[Any]


def block_dot(activations: Runs, weights: Runs, spec: BlockDotSpec) -> NDArray[Any]:
    """``sum_i a_i * w_i``, where elements are ``scale * code`` and, of some, ``+ minimum``.

    For each run and each of :attr:`BlockDotSpec.terms` an exact integer sum, an exact product of
    significands and a sum of exponents; then :func:`sw_model.ops.block_sum.block_sum` over them
    all, run by run. If a scale, a minimum or an element is NaN or infinite, so far as it counts,
    the result is NaN.

    >>> from sw_model.formats.blocks import parse_block_format
    >>> from sw_model.formats.blocks.runs import run_format, runs_of
    >>> form = parse_block_format("mx<e2m1>")
    >>> spec = BlockDotSpec.fitting(32, activations=run_format(form),
    ...                             weights=run_format(form), size=32, runs=1)
    >>> x = runs_of(form, form.encode([1.5] * 32))
    >>> str(spec.target), float(block_dot(x, x, spec))
    ('float32', 72.0)

    Parameters
    ----------
    activations, weights : Runs
        Of shapes that broadcast but for the number of runs; runs of ``spec.size`` elements or
        more, which are split.
    spec : BlockDotSpec

    Returns
    -------
    int64 codes of the window, or float32; of the operands' outer shape.

    Raises
    ------
    TypeError, ValueError
        As ``block_sum`` does, or if runs do not have ``spec.size`` elements or a multiple.
    """
    sides = [(spec.activations, activations.of_size(spec.size)),
             (spec.weights, weights.of_size(spec.size))]
    parts = [_term(term, sides, spec) for term in spec.terms]
    partials, significands, exponents = (
        np.stack(np.broadcast_arrays(*(part[k] for part in parts)), axis=-1)
        .reshape(*parts[0][0].shape[:-1], -1) for k in range(3))
    nan = np.repeat(_broken(sides), len(parts), axis=-1)
    negative = significands < 0
    return block_sum(np.where(negative, -partials, partials), exponents, spec.sum,
                     significands=np.where(negative, -significands, significands),
                     nan=np.broadcast_to(nan, partials.shape) if spec.has_nan else None)


def _term(term: DotTerm, sides: list[tuple[RunFormat, Runs]], spec: BlockDotSpec
          ) -> tuple[Ints, Ints, Ints]:
    """Sums, significands with signs, and exponents on the products' grid, of every run."""
    product: Ints = np.ones(1, object)
    significand: Ints = np.ones(1, object)
    exponent: Ints = np.full(1, term.lsb - spec.sum.lsb)
    for (form, runs), own in zip(sides, (term.activations, term.weights), strict=True):
        scale, codes = (form.scale, runs.scale) if own else (form.minimum, runs.minimum)
        elements = _finite(form.element, runs.elements) if own else np.ones_like(runs.elements)
        product = product * elements.astype(object)
        if scale is not None:
            assert codes is not None
            ints, powers, _ = scale.split(*codes)
            significand, exponent = significand * ints.astype(object), exponent + powers
    sums: Ints = product.sum(axis=-1)
    shape = np.broadcast_shapes(significand.shape, exponent.shape, sums.shape)
    return (np.broadcast_to(sums, shape), np.broadcast_to(significand, shape),
            np.broadcast_to(exponent, shape))


def _finite(form: Format, codes: Ints) -> Ints:
    """Integers on the grid; 0 for what is no finite number."""
    if not isinstance(form, CodedFormat):
        return form.to_fixed(codes)
    zero = int(np.flatnonzero(form.decode(np.arange(form.max + 1)) == 0)[0])
    return form.to_fixed(np.where(np.isfinite(form.decode(codes)), codes, zero))


def _broken(sides: list[tuple[RunFormat, Runs]]) -> NDArray[np.bool_]:
    """Runs that make the result NaN."""
    broken = np.zeros(1, bool)
    for form, runs in sides:
        for scale, codes in ((form.scale, runs.scale), (form.minimum, runs.minimum)):
            if scale is not None and codes is not None:
                broken = broken | scale.split(*codes)[2]
        if isinstance(form.element, CodedFormat):
            broken = broken | ~np.isfinite(form.element.decode(runs.elements)).all(axis=-1)
    return broken
