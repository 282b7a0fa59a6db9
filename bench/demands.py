"""What the figures must be, and the verdict on those of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gen.mapping.prices import ERROR

__all__ = ["Demand", "demands", "lines"]

Result = Mapping[str, Any]


class Demand(NamedTuple):
    """A figure and its limit: ``at_least``, or else at most."""

    what: str
    value: float | None
    limit: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the limit is kept; what was given up or could not be measured is missed."""
        return self.value is not None and (
            self.value >= self.limit if self.at_least else self.value <= self.limit)


def demands(results: Mapping[str, Result]) -> Iterator[Demand]:
    """Everything that is demanded of the results, which are given by the bench's name."""
    for row in results["builds"]["rows"]:
        yield Demand(f"build of {row['model']}, seconds", row["seconds"], 20)
        yield Demand(f"build of {row['model']}, peak MB", row["peak_mb"], 1000)
    for row in results["arrays"]["rows"]:
        if row["size"] == 64:
            found = row["unique"]
            yield Demand("array 64x64, seconds", found and found["seconds"], 15)
    for row in results["estimates"]["rows"]:
        yield Demand(f"{row['model']}, {row['device']}, {row['pe']}, estimate off by",
                     abs(row["off"]), ERROR)
    for row in results["rescale_area"]["rows"]:
        if row["case"] == "ten units":
            yield Demand("rescale area of ad01, of the framework's", row["ratio_full"], 0.5)
    slowest = min(min(row["rates"]) for row in results["formats"]["rows"])
    yield Demand("slowest format, million elements a second", slowest,
                 results["formats"]["least"], True)
    for row in results["huffman"]["sizes"]:
        yield Demand(f"{row['weights']}, {row['longest']} bits, over 8 + entropy",
                     row["over_bound"], 1.01)
    for row in results["huffman"]["speeds"]:
        if row["idle"] == row["stall"] == 0:
            yield Demand(f"{row['weights']}, symbols a cycle, each of {row['ways']}",
                         row["steady"], 1, True)
    for row in results["encodings"]["means"]:
        if row["deviation"] == 30:
            yield Demand("EN-T, cycles of an operand of N(0, 30)", row["EN-T"], 2.36)
            yield Demand("the same in groups of four", row["grouped EN-T"], 2.47)
    for row in results["goals"]["rows"]:
        yield Demand(f"{row['goal']}, {row['family']}, cells", row["area"], row["limit"])
    for row in results["constant_matrices"]["means"]:
        yield Demand(f"matrix {row['outputs']}x{row['inputs']}, +{row['spare']} levels, of da4ml's",
                     row["ratio"], 1.05)
    for row in results["rates"]["rows"]:
        over = row["golden_over"]
        if "litert" in over:
            yield Demand(f"golden over litert, {row['model']}", over["litert"], 3, True)
            yield Demand(f"emulator over cocotb, {row['model']}",
                         row["emulator"]["over_cocotb"], 100, True)
        if "qonnx" in over:
            yield Demand(f"golden over qonnx, {row['model']}", over["qonnx"], 1000, True)


def lines(found: list[Demand]) -> list[str]:
    """The demands as a table."""
    table = [f"{'demanded':<42} {'limit':>9} {'measured':>9}  verdict"]
    for each in found:
        value = "none" if each.value is None else f"{each.value:,.4g}"
        limit = f"{'>=' if each.at_least else '<='} {each.limit:g}"
        table.append(f"{each.what:<42} {limit:>9} {value:>9}  {'met' if each.met else 'MISSED'}")
    return table
