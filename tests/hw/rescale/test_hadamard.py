# amaranth: UnusedElaboratable=no
"""The rotation unit against the matrix itself, in all foldings."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import hadamard as matrix

from hw.rescale.hadamard import HadamardUnit
from sw_model.formats import IntFormat, TernaryFormat
from sw_model.specs import HadamardSpec
from tests.support.row_norms import emulate
from tests.support.units import Interval, Unit, check_units

INT8 = IntFormat(8)


def unit_of(spec, lanes, vectors, **settings):
    """Whole vectors of ``spec.size`` elements; what comes out is the product by the matrix."""
    rotated = vectors @ matrix(spec.size).T
    return Unit(HadamardUnit(spec, lanes), {"i": vectors.reshape(-1, lanes)},
                {"o": rotated.reshape(-1, lanes)}, latency=spec.stages,
                after=spec.size // lanes - 1, interval=Interval(1), name=f"{spec} {lanes}",
                **settings)


def some_vectors(rng, form, size, count=6):
    """Random, and those that give the ends of the results: the matrix's rows at both ends."""
    rows = matrix(size)[[0, 1, size - 1]]
    ends = np.concatenate([np.where(rows > 0, form.min, form.max),
                           np.where(rows > 0, form.max, form.min)])
    one = np.zeros((2, size), np.int64)
    one[[0, 1], [0, size - 1]] = form.max, form.min
    return np.concatenate([rng.integers(form.min, form.max, (count, size), endpoint=True), ends,
                           one])


def test_every_folding(rng):
    check_units([unit_of(HadamardSpec(INT8, size), 1 << k, some_vectors(rng, INT8, size, 3))
                 for size in (2, 16) for k in range(size.bit_length())])


@pytest.mark.full
def test_every_code(rng, tmp_path):
    """All pairs of int8 codes through one butterfly, every code at every place of a vector of
    16 through four."""
    pairs = np.stack(np.meshgrid(*2 * [np.arange(-128, 128)]), axis=-1).reshape(-1, 2)
    places = rng.integers(-128, 128, (16, 256, 16))
    places[np.arange(16), :, np.arange(16)] = np.arange(-128, 128)
    emulate([unit_of(HadamardSpec(INT8, vectors.shape[1]), lanes, vectors)
             for vectors, lanes in ((pairs, 1), (pairs, 2), (places.reshape(-1, 16), 1),
                                    (places.reshape(-1, 16), 4))], tmp_path / "codes")


@pytest.mark.parametrize(("size", "lanes"), [
    (64, 4), *(pytest.param(*each, marks=pytest.mark.full) for each in (
        (32, 32), (128, 1), (128, 8), (128, 128)))])
def test_large_sizes(size, lanes, rng):
    check_units([unit_of(HadamardSpec(INT8, size), lanes, some_vectors(rng, INT8, size, 3))],
                stalls=((0.0, 0.0), (0.4, 0.4)))


def test_other_formats(rng):
    """Unsigned elements, whose differences have a sign; a bit; three values."""
    check_units([unit_of(HadamardSpec(form, 8), lanes, some_vectors(rng, form, 8))
                 for form in (IntFormat(8, signed=False), IntFormat(1, signed=False),
                              TernaryFormat(), IntFormat(20)) for lanes in (2, 8)],
                stalls=((0.3, 0.3),))


def test_what_does_not_fit():
    spec = HadamardSpec(INT8, 8)
    with pytest.raises(TypeError, match=r"^spec must be a HadamardSpec, not 3$"):
        HadamardUnit(3, 1)
    with pytest.raises(ValueError, match=r"^lanes must divide the 8 elements of a vector, not 3$"):
        HadamardUnit(spec, 3)
    with pytest.raises(ValueError, match=r"^lanes must divide the 8 elements of a vector, not 0$"):
        HadamardUnit(spec, 0)
