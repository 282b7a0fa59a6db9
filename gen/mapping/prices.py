"""What units cost, by estimate, before any tool has seen them.

Every figure is fitted to Yosys 0.70 (``synth_lattice -family ecp5``), unit by unit; area is LUT4
+ 2 for each CCU2C. On iCE40 units take within a tenth as much. Default plans, estimated and
synthesised (``python -m bench.estimates``):

=========================  =========  ===========
network, device            estimated  synthesised
=========================  =========  ===========
digits, ecp5-25k              11,470       11,091
digits, ecp5-85k              29,050       28,214
digits, ice40-up5k             2,029        2,101
digits_mlp_qdq, ecp5-85k       8,418        8,130
TFC_1W1A, ecp5-85k            36,309       36,697
ad01_int8, ecp5-85k           12,846       12,851
=========================  =========  ===========

That is 4 % at most, of networks that the figures were fitted to; :data:`ERROR` is what plans
reckon with. Block RAMs are counted by words and widths of memories, 142 of ad01_int8 as in
synthesis. Queues and registers are not counted. These are of the kind ``parallel`` of processing
elements; for others see :mod:`gen.mapping.elements`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from boards.devices import Device
from hw.nonlinear.table import SHARED_BITS
from hw.pe import CONSTANT_KINDS, PE_KINDS, DotSpec
from sw_model.formats import BipolarFormat, Format, TernaryFormat
from sw_model.graph import Graph
from sw_model.node import Node, Tensor
from sw_model.ops import (
    ArgMax,
    Divide,
    HardSigmoid,
    HardSwish,
    MatMul,
    Mean,
    MultiplyAddShift,
    MultiThreshold,
    Table,
)

from .constant_prices import constant_cost
from .elements import refusal, rows_price
from .frames import frame_of
from .function_prices import FUNCTIONS, function_steps, lane_cost
from .kinds import kinds_of
from .library_prices import library_price
from .plan import LARGEST

__all__ = ["Choice", "ERROR", "Price", "choices_for", "kind_of", "memory_price", "unit_price"]

#: Share of a network's estimated lookup tables by which it may take more.
ERROR = 0.2

#: Bits for each block RAM that it would take, up to which synthesis makes a memory of lookup
#: tables, by the widest port of a block RAM: Yosys sets 1/16 of a memory's bits against the
#: cost in its description of the block RAM.
FEW_BITS = {36: 2048, 16: 1024}

#: Bits from which on a block RAM has two ports to read at.
TWO_PORTS = 16 * 1024

#: Formats up to this width are multiplied by adders, wider ones by DSP blocks.
NARROW = 4


class Price(NamedTuple):
    """What is taken of a device."""

    multipliers: float = 0
    luts: float = 0
    block_rams: float = 0

    def plus(self, other: Price, times: float = 1) -> Price:
        """This and ``times`` the other."""
        return Price(*(a + times * b for a, b in zip(self, other, strict=True)))

    def fits(self, limit: Price) -> bool:
        """Whether nothing exceeds ``limit``."""
        return all(a <= b for a, b in zip(self, limit, strict=True))

    @property
    def rank(self) -> tuple[float, float]:
        """What to save first: multipliers, which are few; a block RAM is as dear as the
        lookup tables that it is worth at most."""
        return (self.multipliers, self.luts + 56 * self.block_rams)


@dataclass(frozen=True)
class Choice:
    """A way to build a node's unit: cycles for a sample, rows, lanes and price."""

    cycles: int
    rows: int
    lanes: int
    price: Price

    @property
    def lanes_out(self) -> int:
        """Lanes of the results, except for argmax, which gives one."""
        return self.rows if self.rows > 1 else self.lanes


@dataclass(frozen=True)
class _Target:
    """A device, where memories shall be on it, and whether those beside units are counted."""

    device: Device
    style: str = "auto"
    images: bool = True

    def image(self, width: float, depth: int) -> Price:
        """A memory that streams into a unit, if those are counted."""
        return self.memory(width, depth) if self.images else Price()

    def memory(self, width: float, depth: int, *, tables: float = 1.2) -> Price:
        """A memory of ``depth`` words: lookup tables of 16 words and ``tables`` of them for
        each bit (fewer where not all 16 are used), or block RAM."""
        blocks = self.device.block_rams
        # Ports are up to 36 or 16 bits wide; those of less than 9 have no use for parity bits.
        ports = (36, 18, 9, 4, 2, 1) if blocks.bits % 9 == 0 else (16, 8, 4, 2)
        words = {port: (blocks.bits if port % 9 == 0 or blocks.bits % 9
                        else blocks.bits // 9 * 8) // port for port in ports}
        count = min(-(-width // port) * -(-depth // words[port]) for port in ports)
        small = (width * depth <= FEW_BITS[ports[0]] * count if self.style == "auto"
                 else self.style != "block")
        if small or not blocks.count:
            # So many bits can differ: the others are the same tables again.
            tables = tables if depth > 16 else 0.62 * tables
            return Price(luts=tables * min(width, 1 << min(depth, 30)) * -(-depth // 16))
        return Price(block_rams=count)


def choices_for(graph: Graph, node: Node, device: Device, rows: int | None = None,
                lanes: int | None = None, memory: str = "auto", pe: str = "parallel"
                ) -> Iterator[Choice]:
    """Every way to build a node's unit that is worth a thought.

    Parameters
    ----------
    graph : Graph
    node : Node
    device : Device
    rows, lanes : int or None
        If they are given already; a matrix of constants has but one size.
    memory, pe : str
        Where weights and tables live, and the kind of processing element of a matrix product,
        as :class:`gen.mapping.plan.Unit` has them. A kind that does not take the formats is
        priced as ``parallel``: it is refused where units are made.
    """
    target = _Target(device, memory)
    tensors = graph.input_tensors(node)
    frame = frame_of(tensors[0])
    if not isinstance(node, MatMul):
        # A quotient is of a numerator and a denominator, which come together.
        every = [2] if isinstance(node, Divide) else _lanes_for(frame.vector)
        steps = function_steps(node, tensors[0])
        for each in [lanes] if lanes else every:
            yield Choice(frame.vectors * -(-frame.vector // each) * steps, 1, each,
                         _elementwise(node, tensors, target, each))
        return
    height, width = (int(extent) for extent in tensors[1].shape)  # type: ignore[arg-type]
    pe = _legal(pe, tensors, device)
    if pe in CONSTANT_KINDS:
        cost = constant_cost(pe, tensors)
        assert cost is not None
        yield Choice(frame.vectors * cost.interval, height, width,
                     _dense(node, tensors, target, height, width, pe))
        return
    step = PE_KINDS[pe].interval_of(_spec(tensors, 1))
    for r in [rows] if rows else _lanes_for(height):
        for each in [lanes] if lanes else _lanes_for(width):
            if r * each <= LARGEST:
                cycles = frame.vectors * -(-height // r) * -(-width // each) * step
                yield Choice(cycles, r, each, _dense(node, tensors, target, r, each, pe))


def unit_price(graph: Graph, nodes: Iterable[Node], device: Device, rows: int, lanes: int,
               memory: str, pe: str) -> Price:
    """What a unit takes that serves ``nodes`` in turn: of everything what the hungriest of them
    needs. The memories that stream into it are not counted."""
    target, total = _Target(device, memory, images=False), Price()
    for node in nodes:
        tensors = graph.input_tensors(node)
        price = (_dense(node, tensors, target, rows, lanes, _legal(pe, tensors, device))
                 if isinstance(node, MatMul) else _elementwise(node, tensors, target, lanes))
        total = Price(*map(max, total, price))
    return total


def memory_price(device: Device, width: int, depth: int, memory: str) -> Price:
    """What a memory of ``depth`` words takes."""
    return _Target(device, memory).memory(width, depth)


def kind_of(node: Node, tensors: list[Tensor]) -> str:
    """Kind of unit that serves a node best: what searches long staircases is smaller."""
    if isinstance(node, Mean) and node.axes == (len(tensors[0].shape) - 1,):
        return "row_mean"
    if not isinstance(node, MultiThreshold):
        return kinds_of(type(node).__name__)[0]
    steps = tensors[2].value
    assert steps is not None
    one_way = ((steps == steps[:, :1]).all() and (steps != 0).all()) if steps.size else False
    return "binary_threshold" if one_way and steps.shape[1] > 15 else "threshold"


def _lanes_for(length: int) -> list[int]:
    """Numbers of lanes worth trying: the smallest for each number of words."""
    found, lanes = [], 1
    while lanes <= length:
        found.append(lanes)
        words = -(-length // lanes)
        # The next smaller number of words begins here.
        lanes = -(-length // (words - 1)) if words > 1 else length + 1
    return found


def _spec(tensors: list[Tensor], lanes: int) -> DotSpec:
    return DotSpec(tensors[0].format, tensors[1].format, lanes)


def _legal(pe: str, tensors: list[Tensor], device: Device) -> str:
    if pe in CONSTANT_KINDS:
        return pe if constant_cost(pe, tensors) else "parallel"
    return "parallel" if refusal(pe, _spec(tensors, 1), device) else pe


def _dense(node: MatMul, tensors: list[Tensor], target: _Target, rows: int, lanes: int, pe: str
           ) -> Price:
    """Products and their sums, accumulators, the vector that is kept, weights and biases."""
    activations, weights = tensors[0].format, tensors[1].format
    word = lanes * activations.width
    if pe in CONSTANT_KINDS:
        cost = constant_cost(pe, tensors)
        assert cost is not None
        return Price(luts=25 + cost.luts + 2.5 * word)
    height, width = tensors[1].shape
    folds, words = -(-height // rows), -(-width // lanes)  # type: ignore[operator]
    # Two for each bit of an accumulator, one for the adapter behind it.
    price = Price(luts=25 + 3.1 * rows * node.format.width).plus(
        _dots(tensors, target.device, rows, lanes, pe))
    # A word waits at the door, the adapter in front gathers another.
    price = price.plus(Price(luts=2.5 * word + word * (folds > 1)))
    if folds > 1 and words > 2:
        price = price.plus(_Target(target.device).memory(word, words, tables=2.4))
    price = price.plus(target.image(rows * lanes * weights.width, folds * words))
    if len(tensors) == 3:
        price = price.plus(target.image(rows * tensors[2].format.width, folds))
    return price


def _dots(tensors: list[Tensor], device: Device, rows: int, lanes: int, pe: str) -> Price:
    """Rows of processing elements."""
    if pe != "parallel":
        return Price(*rows_price(pe, _spec(tensors, lanes), rows, device))
    activations, weights = tensors[0].format, tensors[1].format
    if isinstance(activations, BipolarFormat) and isinstance(weights, BipolarFormat):
        return Price(luts=3.2 * rows * lanes)  # counted, not summed
    summed = Price(luts=_product_width(activations, weights) + 2)
    return Price().plus(_product(activations, weights, device).plus(summed), rows * lanes)


def _product_width(a: Format, w: Format) -> int:
    signs = sum(isinstance(f, BipolarFormat) for f in (a, w))
    return a.width + w.width - (isinstance(a, TernaryFormat) or isinstance(w, TernaryFormat)) \
        - (signs > 1)


def _product(a: Format, w: Format, device: Device) -> Price:
    """One product: by lookup, by adders, or by a DSP block."""
    narrow, wide = sorted((a.width, w.width))
    if isinstance(a, BipolarFormat | TernaryFormat) or isinstance(w, BipolarFormat | TernaryFormat):
        # Taken as it is or negated.
        wide = max((f.width for f in (a, w)
                    if not isinstance(f, BipolarFormat | TernaryFormat)), default=1)
        return Price(luts=3 * wide if wide > 2 else 2)
    if narrow + wide <= 4:
        return Price(luts=narrow + wide)
    if narrow <= NARROW:
        return Price(luts=(2.6 * narrow - 2.2) * wide)
    if device.dsps:
        return Price(multipliers=-(-narrow // 18) * -(-wide // 18))
    return Price(luts=2.75 * narrow * wide)


def _elementwise(node: Node, tensors: list[Tensor], target: _Target, lanes: int) -> Price:
    """A unit other than a matrix product: what each lane takes, and its parameters."""
    source = tensors[0].format.width
    if isinstance(node, FUNCTIONS):
        cost = lane_cost(node, tensors, target.device.dsps > 0)
        table = target.memory(cost.width, cost.depth) if cost.depth else Price()
        return Price(luts=10).plus(Price(cost.multipliers, cost.luts).plus(table), lanes)
    known = library_price(type(node).__name__, source, lanes, target.device.dsps > 0)
    if known is not None:
        return Price(*known)
    constants = [tensor.value for tensor in tensors[1:] if tensor.value is not None]
    if isinstance(node, ArgMax):
        return Price(luts=15 + 2.5 * source * lanes)
    if isinstance(node, Table | HardSigmoid | HardSwish):
        entries = constants[0].size if constants else 1 << source
        ((_, form),) = node.infer(tensors)
        return Price(luts=10).plus(_tables(target, form.width, entries, lanes))
    rows = max(len(np.unique(np.asarray(values), axis=0)) for values in constants)
    if isinstance(node, MultiThreshold):
        count = constants[0].shape[1]
        bits = count * source + node.format.width
        each = Price(luts=count * ((1.2 if rows > 1 else 0.5) * source + 2))
        if kind_of(node, tensors) == "binary_threshold":
            each = Price(luts=count.bit_length() * (1.3 * source + 8)).plus(
                target.memory(source, count * len(constants[0])))
            bits = 0
    else:
        each, bits = _scaling(node, constants, source, target.device, rows)
    price = Price(luts=10).plus(each, lanes)
    if rows > 1 and bits:
        length = frame_of(tensors[0]).vector
        price = price.plus(target.image(lanes * bits, -(-length // lanes)))
    return price


def _tables(target: _Target, width: int, depth: int, lanes: int) -> Price:
    """A table that all lanes read: each its own, or two the ports of a block RAM."""
    shared = target.style == "block" or (target.style == "auto" and width * depth > SHARED_BITS)
    if not shared:
        return Price().plus(target.memory(width, depth, tables=1.3), lanes)
    block = _Target(target.device, "block").memory(width, depth)
    pair = block if target.device.block_rams.bits >= TWO_PORTS else block.plus(block)
    rest = target.memory(width, depth, tables=1.3)
    return Price().plus(pair, lanes // 2).plus(rest, lanes % 2)


def _scaling(node: Node, constants: list[np.ndarray], source: int, device: Device, rows: int
             ) -> tuple[Price, int]:
    """A lane of a rescale unit, and the bits of its parameters."""
    multiplier = max(abs(int(m)) for m in constants[0].astype(object))
    width = multiplier.bit_length()
    exact = isinstance(node, MultiplyAddShift)
    if rows == 1:
        # A term for each digit that is not 0 where digits may be negative.
        terms = (3 * multiplier ^ multiplier).bit_count()
        return Price(luts=terms * (source + 3) + (0 if exact else 50)), 0
    bits = width + (source + width if exact else 4)
    if device.dsps:
        blocks = -(-source // 18) * -(-(width + 1) // 18)
        return Price(blocks, 37 if blocks == 1 else 25 + 2.2 * (source + width)), bits
    return Price(luts=25 + 1.4 * source * width), bits
