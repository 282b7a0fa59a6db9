"""What units of the library cost, by estimate.

Multipliers and lookup tables are sums of a constant, of the lanes, and of the lanes' bits
(:func:`features`), with factors that ``python -m bench.library_prices`` fits to synthesised units
of each operation and keeps in ``library.json``, with the units themselves and one each that was not
fitted to: of those, on two lanes, estimates are 2.9 % off in the mean, 20 % at most. Within an
operation that has variants of unlike size (``leaky_relu`` of ``requantise``, NVFP4 among block
formats) up to 85 %. Memories of rows are not counted.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec

__all__ = ["FILE", "Fit", "Sample", "features", "fits", "library_price"]

#: Beside this module.
FILE = "library.json"


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """A unit that was synthesised.

    Parameters
    ----------
    given : tuple of str
        Unit of the catalogue, and what it was given.
    width, lanes : int
        Bits of an element of the first operand, and elements served at once.
    multipliers, luts : float
        On ECP5: 18 x 18 multipliers, and LUT4 + 2 for each CCU2C.
    fabric : float
        LUT4 on iCE40, without multipliers.
    """

    given: tuple[str, ...]
    width: int
    lanes: int
    multipliers: float
    luts: float
    fabric: float


class Fit(msgspec.Struct, frozen=True):
    """Factors of :func:`features` for multipliers, lookup tables, and lookup tables where there
    are no multipliers; what they are fitted to; and what they are not."""

    multipliers: tuple[float, ...]
    luts: tuple[float, ...]
    fabric: tuple[float, ...]
    samples: tuple[Sample, ...]
    check: Sample

    def price(self, width: int, lanes: int, dsps: bool) -> tuple[float, float]:
        """Multipliers and lookup tables."""
        def total(factors: tuple[float, ...]) -> float:
            return sum(a * b for a, b in zip(factors, features(width, lanes), strict=True))

        return (total(self.multipliers), total(self.luts)) if dsps else (0, total(self.fabric))


def features(width: int, lanes: int) -> tuple[float, ...]:
    """What a unit's cells may be proportional to."""
    return (1, lanes, lanes * width)


@cache
def fits() -> dict[str, Fit]:
    """By operation."""
    return msgspec.json.decode((files(__package__) / FILE).read_bytes(), type=dict[str, Fit])


def library_price(operation: str, width: int, lanes: int, dsps: bool
                  ) -> tuple[float, float] | None:
    """Multipliers and lookup tables of a unit that runs an operation; None if it has a formula
    elsewhere, or none at all."""
    fit = fits().get(operation)
    return None if fit is None else fit.price(width, lanes, dsps)
