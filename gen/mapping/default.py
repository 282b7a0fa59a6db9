"""The default plan: a unit for every node, balanced within a budget.

Every dense layer gets the cheapest folding that keeps the interval, every other unit the
fewest lanes; the interval is the shortest for which multipliers, block RAMs and an estimate of
the lookup tables (:mod:`gen.mapping.prices`) fit.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from boards.devices import Device
from sw_model.faults import Verdict
from sw_model.graph import Graph
from sw_model.node import Node
from sw_model.ops import MatMul, Reshape

from .frames import frame_of, operands
from .kinds import UNIT_KINDS, kinds_of
from .layout import adapt, check_core
from .plan import Plan, Unit
from .prices import ERROR, Choice, Price, choices_for, kind_of

__all__ = ["LUT_SHARE", "Folding", "default_plan"]

#: Share of a device's lookup tables that a network may take by estimate where no budget is
#: given; with its error that leaves 40 % to placement, the host's link and the user.
LUT_SHARE = 0.48


@dataclass(frozen=True)
class Folding:
    """Rows, lanes, memory and kind of processing elements of a unit that a user has chosen;
    None leaves them open."""

    rows: int | None = None
    lanes: int | None = None
    memory: str = "auto"
    pe: str = "parallel"


#: Nothing is chosen.
NO_FOLDINGS: Mapping[str, Folding] = MappingProxyType({})


def default_plan(graph: Graph, device: Device, *, clock_mhz: float, rate: float | None = None,
                 foldings: Mapping[str, Folding] = NO_FOLDINGS, must_fit: bool = False) -> Plan:
    """A plan for the integer network ``graph`` on ``device``.

    Parameters
    ----------
    graph : Graph
        The integer core.
    device : Device
        What may be taken; see ``must_fit``.
    clock_mhz : float
    rate : float or None
        Inferences a second; None for as many as fit.
    foldings : mapping of str to Folding, optional
        What is given, by node.
    must_fit : bool
        Whether the device is a budget: it may be taken up whole, but for the estimate's
        error, and what does not fit even at its slowest is refused. Else a network may take
        :data:`LUT_SHARE` of the lookup tables, or be too large.

    Raises
    ------
    Verdict
        If ``rate`` cannot be had within the budget, or the network does not fit it.
    Unsupported
        If there is no hardware for the network.
    """
    search = _Search(graph, device, foldings)
    share = 1 / (1 + ERROR) if must_fit else LUT_SHARE
    limit = Price(device.dsps, share * device.luts, device.block_rams.count)
    picked = search.first(limit, search.intervals)
    if must_fit and picked is None:
        least = search.price(search.intervals[-1])
        raise Verdict(
            f"the network needs {least.multipliers:.0f} multipliers, about {least.luts:.0f} "
            f"lookup tables and {least.block_rams:.0f} block RAMs, but the budget has "
            f"{limit.multipliers}, {limit.luts:.0f} and {limit.block_rams}")
    if rate is not None:
        wanted = math.floor(clock_mhz * 1e6 / rate)
        slow = [interval for interval in reversed(search.intervals) if interval <= wanted]
        reached = search.first(limit, slow)
        if reached is None:
            best = search.interval_of(picked) if picked else None
            raise Verdict(
                f"{rate:g} inferences a second need an interval of {wanted} cycles at "
                f"{clock_mhz:g} MHz, but " + (f"{device.name} allows {best}" if best else
                                              f"the network does not fit {device.name}"))
        picked = reached
    picked = picked or search.pick(search.intervals[-1])
    assert picked is not None
    units = tuple(Unit(name=f"{node.name}_unit", kind=kind_of(node, graph.input_tensors(node)),
                       jobs=(node.name,), lanes=picked[node.name].lanes,
                       rows=picked[node.name].rows,
                       pe=foldings.get(node.name, Folding()).pe) for node in search.nodes)
    return Plan(network=graph.name, device=device.name, clock_mhz=clock_mhz, units=units)


#: A choice for every node, by name.
_Picked = dict[str, Choice]


class _Search:
    """Choices for every node of a network, and the cheapest of them for any interval."""

    def __init__(self, graph: Graph, device: Device, foldings: Mapping[str, Folding]) -> None:
        self.graph, self.nodes = graph, check_core(graph)
        self._lists: dict[str, list[list[Choice]]] = {}
        cycles: set[int] = set()
        for node in self.nodes:
            given = foldings.get(node.name, Folding())
            every = list(choices_for(graph, node, device, given.rows, given.lanes,
                                     given.memory, given.pe))
            self._lists[node.name] = _by_lanes(every)
            cycles |= {choice.cycles for each in self._lists[node.name] for choice in each}
        slowest = max(min(each[0].cycles for each in lists) for lists in self._lists.values())
        # With an element a cycle no adapter is too slow.
        cycles |= {tensor.elements for tensor in graph.tensors.values() if tensor.value is None}
        self.intervals = sorted(each for each in cycles if each >= slowest)
        self._least = [self._bound(node) for node in self.nodes]

    def _bound(self, node: Node) -> tuple[list[int], list[Price]]:
        """Intervals, and from each on the least of every resource, each by itself."""
        ways = sorted((c for each in self._lists[node.name] for c in each), key=lambda c: c.cycles)
        starts: list[int] = []
        least: list[Price] = []
        for way in ways:
            price = Price(*map(min, least[-1], way.price)) if least else way.price
            if starts and starts[-1] == way.cycles:
                least[-1] = price
            else:
                starts.append(way.cycles)
                least.append(price)
        return starts, least

    def first(self, limit: Price, intervals: Iterable[int]) -> _Picked | None:
        """The picks for the first of ``intervals`` at which they fit ``limit``."""
        for interval in intervals:
            bound = Price()
            for starts, least in self._least:
                bound = bound.plus(least[bisect.bisect_right(starts, interval) - 1])
            if not bound.fits(limit):
                continue
            picked = self.pick(interval)
            if picked is not None and _sum(picked.values()).fits(limit):
                return picked
        return None

    def price(self, interval: int) -> Price:
        """What the network takes at an interval."""
        return _sum((self.pick(interval) or {}).values())

    def interval_of(self, picked: _Picked) -> int:
        """Cycles of the slowest unit or link."""
        return max(max(choice.cycles for choice in picked.values()),
                   max((self._link(picked, node) for node in self.nodes), default=1))

    def pick(self, interval: int) -> _Picked | None:
        """The cheapest choice of every node that keeps ``interval``; None if one has none.

        Adapters between lanes that do not divide pass the common divisor's worth a cycle:
        what would make them slower than the interval is no choice.
        """
        picked: _Picked = {}
        for node in self.nodes:
            ways = [each[place - 1] for each in self._lists[node.name]
                    if (place := bisect.bisect_right(each, interval, key=lambda c: c.cycles))]
            for way in sorted(ways, key=lambda c: (*c.price.rank, c.lanes)):
                picked[node.name] = way
                if self._link(picked, node) <= interval:
                    break
            else:
                return None
        return picked if self._inputs_keep(picked, interval) else None

    def _link(self, picked: _Picked, node: Node) -> int:
        """Cycles for which a sample keeps the adapters in front of a node."""
        most = 1
        for operand in operands(self.graph, node):
            origin = self._origin(operand)
            maker, given = self.graph.producer(origin), frame_of(self.graph.tensors[origin])
            if maker is None:
                continue
            kind = UNIT_KINDS[kinds_of(type(maker).__name__)[0]]
            out = picked[maker.name].rows if isinstance(maker, MatMul) \
                else kind.results[maker.outputs.index(origin)].lanes_out(picked[maker.name].lanes)
            taken = frame_of(self.graph.tensors[operand])
            most = max(most, given.words(min(adapt(out, picked[node.name].lanes, [given],
                                                   [taken]))))
        return most

    def _inputs_keep(self, picked: _Picked, interval: int) -> bool:
        """Whether adapters from inputs, as wide as their widest reader, keep the interval."""
        readers: dict[str, list[tuple[Node, str]]] = {}
        for node in self.nodes:
            for operand in operands(self.graph, node):
                origin = self._origin(operand)
                if self.graph.producer(origin) is None:
                    readers.setdefault(origin, []).append((node, operand))
        for name, each in readers.items():
            given = frame_of(self.graph.tensors[name])
            widest = max(picked[node.name].lanes for node, _ in each)
            for node, operand in each:
                taken = frame_of(self.graph.tensors[operand])
                lanes = adapt(widest, picked[node.name].lanes, [given], [taken])
                if given.words(min(lanes)) > interval:
                    return False
        return True

    def _origin(self, name: str) -> str:
        """The tensor that a node reads as ``name``, before reshapes."""
        while isinstance(maker := self.graph.producer(name), Reshape):
            name = maker.inputs[0]
        return name


def _by_lanes(choices: Sequence[Choice]) -> list[list[Choice]]:
    """For each number of lanes the choices than which none is as fast and cheaper."""
    lists: dict[int, list[Choice]] = {}
    for choice in sorted(choices, key=lambda c: (c.cycles, c.price.rank)):
        kept = lists.setdefault(choice.lanes, [])
        if not kept or choice.price.rank < kept[-1].price.rank:
            kept.append(choice)
    return list(lists.values())


def _sum(choices: Iterable[Choice]) -> Price:
    total = Price()
    for choice in choices:
        total = total.plus(choice.price)
    return total
