"""OliVe's quantiser by whole numbers: 100,000 reals each, all ties of both kinds, all clashes."""

from __future__ import annotations

import numpy as np
import pytest

from sw_model.formats import Rounding
from sw_model.formats.blocks.olive import Clash, OliveFormat
from sw_model.formats.blocks.olive_codes import Normal
from tests.support.whole import beside, floors, places, split, spread

#: With the bias that each has.
EVERY = [(OliveFormat(Normal.INT4), 2), (OliveFormat(Normal.FLINT4), 3),
         (OliveFormat(Normal.INT8), 4), (OliveFormat(Normal.INT4, 0), 0),
         (OliveFormat(Normal.FLINT4, 5), 5), (OliveFormat(Normal.INT8, 2), 2),
         (OliveFormat(Normal.INT4, clash=Clash.EVEN), 2),
         (OliveFormat(Normal.FLINT4, clash=Clash.EVEN), 3),
         (OliveFormat(Normal.INT8, clash=Clash.EVEN), 4)]
IDS = [str(form) for form, _ in EVERY]

THRESHOLDS = {Normal.INT4: 8, Normal.FLINT4: 16, Normal.INT8: 128}


def normals(form):
    """Ascending values that are no outliers."""
    if form.normal is Normal.FLINT4:
        return np.array([-16, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 16])
    most = 7 if form.normal is Normal.INT4 else 127
    return np.arange(-most, most + 1)


def outliers(form, bias):
    """Ascending values of outliers: all floats of one or three bits but the least, to 2**15."""
    bits, exponents = (3, 16) if form.normal is Normal.INT8 else (1, 4)
    sizes = [(1 << bits | m) << e + bias for e in range(exponents) for m in range(1 << bits)][1:]
    if form.normal is Normal.INT8:
        sizes = [size for size in sizes if size <= 1 << 15]
    return np.array(sorted({*sizes, *(-size for size in sizes)}))


def nearest(values, reals):
    down, part = floors(*split(reals))
    return values[places(values, np.clip(down, -(1 << 60), 1 << 60), part, Rounding.HALF_UP)]


def expected(form, bias, pairs):
    """Values in units of the scale."""
    size, limit = np.abs(pairs), THRESHOLDS[form.normal]
    large = size > limit
    both = large.all(axis=1)
    # Of two outliers the second stays where it is larger.
    second = (form.clash is Clash.LARGER) & (size[:, 1] > size[:, 0])
    stays = large.copy()
    stays[both] = np.stack([~second, second], axis=1)[both]
    any_large = large.any(axis=1, keepdims=True)
    return np.where(any_large, np.where(stays, nearest(outliers(form, bias), pairs), 0),
                    nearest(normals(form), pairs))


def check(form, bias, pairs, scale=1.0):
    fields = form.encode(pairs.ravel(), scale)
    unit = float(np.float32(scale))
    found = form.decode({**fields, "tensor_scale": np.float32(1)})
    np.testing.assert_array_equal(found.reshape(-1, 2), expected(form, bias, pairs / unit))


@pytest.mark.parametrize(("form", "bias"), EVERY, ids=IDS)
def test_100_000_reals(form, bias, rng):
    """Of all magnitudes that codes have and beyond, and at four scales."""
    check(form, bias, spread(rng, -3, 18, 60_000).reshape(-1, 2))
    limit = THRESHOLDS[form.normal]
    for scale in (1.0, 0.3, 2.0**-140, 2.0**90):
        pairs = rng.normal(size=(5000, 2)) * limit * rng.choice([0.3, 1.0, 20.0], (5000, 2))
        check(form, bias, pairs * float(np.float32(scale)), scale)


@pytest.mark.parametrize(("form", "bias"), EVERY, ids=IDS)
def test_ties_and_their_neighbours(form, bias):
    """All values, ties and thresholds as either one of a pair, beside ones of each kind."""
    limit, grids = THRESHOLDS[form.normal], (normals(form), outliers(form, bias))
    points = [(0, limit, -limit, limit + 1), *grids, *((g[1:] + g[:-1]) / 2 for g in grids),
              *(2.0 * g[[0, -1]] for g in grids)]
    near = beside(np.concatenate(points).astype(float))
    others = beside([0, 1.5, limit, -limit, 3 * limit, -64 * limit, 1e30])
    pairs = np.stack([a.ravel() for a in np.meshgrid(near, others)], axis=1)
    check(form, bias, pairs)
    check(form, bias, pairs[:, ::-1])
    # Two outliers of the same size, and of nearly that.
    check(form, bias, np.stack([near, -near], axis=1))
    check(form, bias, np.stack([near, np.nextafter(near, np.inf)], axis=1))
    check(form, bias, np.stack([near, -np.nextafter(near, -np.inf)], axis=1))
