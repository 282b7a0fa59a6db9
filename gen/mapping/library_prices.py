"""What units of the library cost, by estimate: measured on representatives, by lane.

``python -m bench.units`` prints what synthesis takes of them beside these figures.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LIBRARY", "LibraryPrice"]


class LibraryPrice(NamedTuple):
    """Multipliers and lookup tables of a unit: once, and for each lane."""

    multipliers: float
    luts: float
    lane_multipliers: float
    lane_luts: float

    def of(self, lanes: int, dsps: bool) -> tuple[float, float]:
        """Multipliers and lookup tables of a unit; a product of logic takes about 400."""
        multipliers = self.multipliers + lanes * self.lane_multipliers
        luts = self.luts + lanes * self.lane_luts
        return (multipliers, luts) if dsps else (0, luts + 400 * multipliers)


#: By the operation that a unit runs.
LIBRARY: dict[str, LibraryPrice] = {
    "RmsNorm": LibraryPrice(12, 900, 4, 250),
    "LayerNorm": LibraryPrice(20, 1200, 6, 350),
    "L1Norm": LibraryPrice(12, 900, 6, 350),
    "L2Norm": LibraryPrice(8, 600, 4, 250),
    "IntegerLayerNorm": LibraryPrice(2, 900, 3, 200),
    "Add": LibraryPrice(0, 20, 12, 500),
    "Multiply": LibraryPrice(0, 20, 5, 200),
    "Requantise": LibraryPrice(0, 20, 4, 150),
    "ShiftRescale": LibraryPrice(0, 20, 0, 80),
    "StochasticShift": LibraryPrice(0, 20, 0, 120),
    "KHotRescale": LibraryPrice(0, 20, 0, 120),
    "RescaleAdd": LibraryPrice(0, 20, 8, 250),
    "TopK": LibraryPrice(0, 100, 0, 400),
    "AbsMaxQuantise": LibraryPrice(0, 100, 0, 300),
    "BlockQuantise": LibraryPrice(0, 300, 0, 250),
    "SeededSample": LibraryPrice(6, 900, 0, 400),
    "MaxPool": LibraryPrice(0, 150, 0, 200),
    "AveragePool": LibraryPrice(0, 200, 1, 350),
    "Mean": LibraryPrice(0, 60, 2, 250),
    "Concatenate": LibraryPrice(0, 50, 4, 300),
    "Hadamard": LibraryPrice(0, 100, 0, 150),
    "GatedProduct": LibraryPrice(0, 20, 3, 300),
    "IntegerGelu": LibraryPrice(0, 20, 2, 300),
    "Swish": LibraryPrice(0, 20, 6, 600),
    "ShiftGelu": LibraryPrice(0, 200, 4, 700),
    "Sigmoid": LibraryPrice(0, 20, 2, 300),
    "HardSigmoid": LibraryPrice(0, 10, 0, 120),
    "HardSwish": LibraryPrice(0, 10, 0, 120),
    "TfliteSoftmax": LibraryPrice(8, 700, 6, 900),
    "Shiftmax": LibraryPrice(0, 700, 2, 300),
    "SinglePassSoftmax": LibraryPrice(8, 900, 4, 500),
    "TwoPassSoftmax": LibraryPrice(0, 900, 2, 400),
    "OnlineSoftmax": LibraryPrice(4, 900, 3, 400),
    "UnifiedSoftmax": LibraryPrice(8, 1500, 4, 600),
}
