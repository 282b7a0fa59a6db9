"""The default plan: a unit for every node, balanced within the device's multipliers.

Every dense layer gets the smallest folding that keeps the interval, every other unit the
fewest lanes; the interval is the shortest for which multipliers and an estimate of the
look-up tables fit the budget.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from boards.devices import Device
from sw_model.faults import Verdict
from sw_model.formats import BipolarFormat, Format, TernaryFormat
from sw_model.graph import Graph
from sw_model.node import Node
from sw_model.ops import MatMul, MultiplyAddShift, Rescale, Reshape

from .layout import frame_of
from .plan import KINDS, Plan, Unit

__all__ = ["Folding", "default_plan"]

#: Share of a device's look-up tables that dot products may take by estimate.
LUT_SHARE = 0.4


@dataclass(frozen=True)
class Folding:
    """Rows and lanes of a unit that a user has chosen; None leaves them open."""

    rows: int | None = None
    lanes: int | None = None


#: Nothing is chosen.
NO_FOLDINGS: Mapping[str, Folding] = MappingProxyType({})


@dataclass(frozen=True)
class _Choice:
    """A way to build a node's unit: cycles for a sample, and its price."""

    cycles: int
    multipliers: int
    luts: int
    rows: int
    lanes: int


def default_plan(graph: Graph, device: Device, *, clock_mhz: float, rate: float | None = None,
                 foldings: Mapping[str, Folding] = NO_FOLDINGS, must_fit: bool = False) -> Plan:
    """A plan for the integer network ``graph`` on ``device``.

    Parameters
    ----------
    graph : Graph
        The integer core.
    device : Device
    clock_mhz : float
    rate : float or None
        Inferences a second; None for as many as fit.
    foldings : mapping of str to Folding, optional
        Rows and lanes that are given, by node.
    must_fit : bool
        Whether a network that does not fit even at its slowest is refused.

    Raises
    ------
    Verdict
        If ``rate`` cannot be had within the budget, or the network does not fit it.
    """
    nodes = [node for node in graph.nodes if not isinstance(node, Reshape)]
    choices = {node.name: _worthwhile(_choices(graph, node, device,
                                               foldings.get(node.name, Folding())))
               for node in nodes}
    slowest = max(min(choice.cycles for choice in each) for each in choices.values())
    intervals = sorted({choice.cycles for each in choices.values() for choice in each
                        if choice.cycles >= slowest})
    # A longer interval is never dearer, so the first that fits is found by bisection.
    place = bisect.bisect_left(intervals, True, hi=len(intervals) - 1,
                               key=lambda t: _fits(_pick(choices, t), device))
    interval = intervals[place]
    if must_fit and not _fits(_pick(choices, interval), device):
        least = _pick(choices, interval) or {}
        raise Verdict(
            f"the network needs {sum(c.multipliers for c in least.values())} multipliers and "
            f"about {sum(c.luts for c in least.values())} lookup tables for its products, but "
            f"the budget has {device.dsps} and {int(LUT_SHARE * device.luts)} for them")
    if rate is not None:
        wanted = math.floor(clock_mhz * 1e6 / rate)
        slow = [t for t in intervals if t <= wanted]
        if not slow or slow[-1] < interval:
            raise Verdict(f"{rate:g} inferences a second need an interval of {wanted} cycles at "
                          f"{clock_mhz:g} MHz, but {device.name} allows {interval}")
        interval = slow[-1]
    picked = _pick(choices, interval)
    assert picked is not None
    units = tuple(_unit(node, picked[node.name]) for node in nodes)
    return Plan(network=graph.name, device=device.name, clock_mhz=clock_mhz, units=units)


def _worthwhile(choices: Iterator[_Choice]) -> list[_Choice]:
    """Choices than which none is as fast and cheaper."""
    kept: list[_Choice] = []
    for choice in sorted(set(choices), key=lambda c: (c.cycles, c.multipliers, c.luts, c.rows)):
        price = (choice.multipliers, choice.luts)
        if all(price < (k.multipliers, k.luts) or (k.cycles, k.multipliers, k.luts)
               == (choice.cycles, *price) for k in kept):
            kept.append(choice)
    return kept


def _unit(node: Node, choice: _Choice) -> Unit:
    kind = KINDS[type(node).__name__][0]
    return Unit(name=f"{node.name}_unit", kind=kind, jobs=(node.name,), lanes=choice.lanes,
                rows=choice.rows)


def _pick(choices: dict[str, list[_Choice]], interval: int) -> dict[str, _Choice] | None:
    """The cheapest choice of every node that keeps ``interval``; None if one cannot."""
    picked: dict[str, _Choice] = {}
    before: _Choice | None = None
    for name, each in choices.items():
        fast = [choice for choice in each if choice.cycles <= interval]
        if not fast:
            return None
        # Lanes that divide the unit's before need no detour through a common divisor.
        width = (before.rows if before.rows > 1 else before.lanes) if before else 0
        fast.sort(key=lambda c: (c.multipliers, c.luts, bool(width) and _detour(width, c.lanes)))
        picked[name] = before = fast[0]
    return picked


def _detour(out: int, into: int) -> bool:
    return math.gcd(out, into) not in (out, into)


def _fits(picked: dict[str, _Choice] | None, device: Device) -> bool:
    if picked is None:
        return False
    multipliers = sum(choice.multipliers for choice in picked.values())
    luts = sum(choice.luts for choice in picked.values())
    return multipliers <= device.dsps and luts <= LUT_SHARE * device.luts


def _choices(graph: Graph, node: Node, device: Device, given: Folding) -> Iterator[_Choice]:
    tensors = graph.input_tensors(node)
    frame = frame_of(graph.tensors[node.outputs[0]])
    if not isinstance(node, MatMul):
        source = frame_of(tensors[0])
        length = source.vector if type(node).__name__ == "ArgMax" else frame.vector
        for lanes in [given.lanes] if given.lanes else _factors(length):
            cycles = frame.vectors * -(-length // lanes)
            price = _rescale_multipliers(graph, node) if device.dsps else 0
            yield _Choice(cycles, price * lanes, 20 * lanes, 1, lanes)
        return
    weights = tensors[1].value
    assert weights is not None
    rows, cols = weights.shape
    dsp, luts = _product_price(tensors[0].format, tensors[1].format, device)
    for r in [given.rows] if given.rows else _factors(rows):
        for lanes in [given.lanes] if given.lanes else _factors(cols):
            cycles = frame.vectors * -(-rows // r) * -(-cols // lanes)
            yield _Choice(cycles, dsp * r * lanes, luts * r * lanes + 30 * r, r, lanes)


def _factors(length: int) -> list[int]:
    """Numbers of lanes worth trying: the smallest for each number of words."""
    found, words = [], 0
    for lanes in range(1, length + 1):
        if -(-length // lanes) != words:
            words = -(-length // lanes)
            found.append(lanes)
    return found


def _product_price(a: Format, w: Format, device: Device) -> tuple[int, int]:
    """DSP blocks and look-up tables (an estimate) of one multiply-add."""
    narrow = min(a.width, w.width)
    wide = max(a.width, w.width)
    if any(isinstance(f, BipolarFormat | TernaryFormat) for f in (a, w)) or narrow <= 2:
        return 0, 3 * wide + 4
    if device.dsps and narrow > 4:
        return -(-a.width // 18) * -(-w.width // 18), 12
    return 0, a.width * w.width + a.width + w.width + 8


def _rescale_multipliers(graph: Graph, node: Node) -> int:
    """18 x 18 multipliers of one lane of a rescale unit."""
    if not isinstance(node, MultiplyAddShift | Rescale):
        return 0
    acc, multiplier = graph.input_tensors(node)[:2]
    assert multiplier.value is not None
    bits = max(int(m).bit_length() for m in abs(multiplier.value.astype(object))) + 1
    return -(-acc.format.width // 18) * -(-bits // 18)
