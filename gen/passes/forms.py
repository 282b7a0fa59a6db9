"""The exact integer forms of a function, and the choice among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sw_model.formats import BipolarFormat, Format, TernaryFormat, covering
from sw_model.node import Node, Tensor
from sw_model.ops import (
    MultiplyAddShift,
    MultiThreshold,
    Quantise,
    Rescale,
    RescaleMode,
    Table,
)
from sw_model.specs import FrameworkRescaleSpec

from .chain import LaneFunction, Refusal, TooLarge
from .half_even import fit_half_even, round_half_even
from .multiply_add_shift import fit_line
from .staircase import Staircase, staircase

__all__ = ["FORMS", "Site", "choose_form"]

Ints = NDArray[np.int64]

#: What a user may ask for, layer by layer.
FORMS = ("auto", "multiply", "thresholds", "table", "half_even", "framework")
#: Steps up to which thresholds are the cheaper form: outputs of about 4 bits.
FEW_STEPS = 15
#: Steps up to which thresholds are a form at all.
MOST_STEPS = 1023
#: Widest code that is looked up in a table.
TABLE_WIDTH = 10
#: Widest accumulator that a rounding to even takes.
ACCUMULATOR_WIDTH = 32
#: Roundings of floats; hardware has them for scales that are numbers of theirs.
FLOAT_MODES = FrameworkRescaleSpec.PRECISIONS
#: The form that a node is which stays.
AS_IT_IS: dict[type[Node], str] = {
    MultiplyAddShift: "multiply", MultiThreshold: "thresholds", Rescale: "framework",
    Table: "table"}
#: What the constants of a node are called.
ROLES: dict[type[Node], tuple[str, ...]] = {
    MultiplyAddShift: ("multiplier", "offset"), MultiThreshold: ("thresholds", "steps", "base"),
    Rescale: ("multiplier", "exponent"), Table: ("entries",)}


class Form(NamedTuple):
    """One of :data:`FORMS`, as a node and its constants."""

    name: str
    node: Node
    constants: list[Tensor]


@dataclass(frozen=True)
class Site:
    """A function and the place in the network where a node for it is wanted.

    Parameters
    ----------
    name : str
        For the node; its constants' names begin with it.
    source, target : Tensor
        Integers, of the same shape.
    function : LaneFunction
        Of one lane, or of one for each channel.
    low, high : int64, shape (1 or channels,)
        Reachable codes of ``source``; a row for each channel if the function has lanes.
    """

    name: str
    source: Tensor
    target: Tensor
    function: LaneFunction
    low: Ints
    high: Ints

    def constant(self, role: str, values: NDArray[Any], format_: Format | None = None) -> Tensor:
        """A constant tensor of the node, in the narrowest format that holds it."""
        if len(values) > 1 and (values == values[:1]).all():
            values = values[:1]
        wide = values.astype(np.int64)
        format_ = format_ or covering(int(wide.min(initial=0)), int(wide.max(initial=0)))
        return Tensor(f"{self.name}_{role}", values.shape, format_, value=wide)

    def form(self, name: str, kind: Callable[..., Node], constants: list[Tensor],
             **parameters: Any) -> Form:
        """A node of ``kind`` from source to target, and its constants."""
        inputs = (self.source.name, *(t.name for t in constants))
        node = kind(name=self.name, inputs=inputs, outputs=(self.target.name,),
                    format=self.target.format, **parameters)
        return Form(name, node, constants)


def choose_form(site: Site, wanted: str = "auto") -> Form:
    """A node that equals the site's function, and its constants.

    ``auto`` takes thresholds for up to 15 steps, else the smallest multiply-add-shift, else
    a table if the codes are narrow, else a rounding to even, else the framework's own
    rounding, else thresholds. What is a table, thresholds or a multiply-add-shift already
    stays as it is.

    Raises
    ------
    Refusal
        If the wanted form does not exist, or none.
    """
    if wanted == "framework":
        return _framework(site)
    if wanted == "table":
        return _table(site)
    if wanted == "auto" and len(site.function.nodes) == 1 \
            and isinstance(site.function.nodes[0], Table | MultiThreshold | MultiplyAddShift):
        return _as_it_is(site)
    first, lane_class = site.function.classes
    if site.function.lanes == 1:
        lane_class = np.zeros(len(site.low), np.intp)
    function = site.function.take(first)
    # A class's domain covers those of all its lanes.
    low, high = (np.array([end(of[lane_class == k]) for k in range(len(first))])
                 for end, of in ((np.min, site.low), (np.max, site.high)))
    try:
        stair = staircase(function, low, high)
    except TooLarge:
        if wanted == "auto" and _is_framework(site):
            return _framework(site)
        raise
    attempts: dict[str, Callable[[], Form]] = {
        "multiply": lambda: _multiply(site, stair, lane_class),
        "thresholds": lambda: _thresholds(site, stair, lane_class),
        "table": lambda: _table(site), "framework": lambda: _framework(site),
        "half_even": lambda: _half_even(site, stair, lane_class)}
    if wanted != "auto":
        return attempts[wanted]()
    few = stair.slope is not None and stair.greatest - stair.least <= FEW_STEPS
    order = ["multiply", "table", "half_even", "framework", "thresholds"]
    order = ["thresholds", *order] if few else order
    reasons = []
    for name in order:
        try:
            return attempts[name]()
        except Refusal as refusal:
            reasons.append(str(refusal))
    raise Refusal("; ".join(reasons))


def _multiply(site: Site, stair: Staircase, lane_class: NDArray[np.intp]) -> Form:
    line = fit_line(stair, stair.least, stair.greatest)
    if line is None:
        # Lanes of one class may differ in range, and the narrower ones leave more freedom.
        if len(site.low) > len(stair.low):
            stair = staircase(site.function, site.low, site.high)
            line = fit_line(stair, stair.least, stair.greatest)
            lane_class = np.arange(len(site.low))
        if line is None:
            raise Refusal("no multiply-add-shift equals it")
    multiplier, offset = (a[lane_class] if len(a) > 1 else a
                          for a in (line.multiplier, line.offset))
    reached = [((x * line.multiplier + line.offset[:, k if line.offset.shape[1] == 2 else 0])
                >> line.shift)
               for k, ends in enumerate((np.maximum, np.minimum))
               for x in (ends(stair.low, -k), ends(stair.high, -k))]
    low, high = _clamp(site, stair, reached)
    return site.form("multiply", MultiplyAddShift,
                     [site.constant("multiplier", multiplier), site.constant("offset", offset)],
                     shift=line.shift, low=low, high=high)


def _clamp(site: Site, stair: Staircase, reached: list[Ints]) -> tuple[int, int]:
    """The format's own limits, which cost least, but the staircase's where it is exceeded."""
    format_ = site.target.format
    return (stair.least if min(int(r.min()) for r in reached) < stair.least else format_.min,
            stair.greatest if max(int(r.max()) for r in reached) > stair.greatest else format_.max)


def _thresholds(site: Site, stair: Staircase, lane_class: NDArray[np.intp]) -> Form:
    thresholds, steps, base = _canonical(stair)
    if steps.shape[1] > MOST_STEPS:
        raise Refusal(f"{steps.shape[1]} thresholds are more than {MOST_STEPS}")
    if len(base) > 1:
        thresholds, steps, base = thresholds[lane_class], steps[lane_class], base[lane_class]
    alike = (thresholds == thresholds[:1]).all() and (steps == steps[:1]).all()
    rows = slice(0, 1) if alike else slice(None)
    # Both matrices keep the same number of rows, which is what the operation asks for.
    both = [Tensor(f"{site.name}_thresholds", thresholds[rows].shape,
                   covering(min(0, int(thresholds.min())), max(0, int(thresholds.max()))),
                   value=thresholds[rows]),
            Tensor(f"{site.name}_steps", steps[rows].shape, TernaryFormat(), value=steps[rows])]
    return site.form("thresholds", MultiThreshold, [*both, site.constant("base", base)])


def _canonical(stair: Staircase) -> tuple[Ints, Ints, Ints]:
    """Thresholds, steps and bases that are as alike in all lanes as they can be.

    Every lane gets a threshold for each level between the least and the greatest of all
    lanes: a level that a lane always has is passed at its lowest position, one that it never
    reaches beyond its highest. So rising lanes share base and steps, and so do falling ones.
    """
    least, greatest = stair.least, stair.greatest
    count = max(greatest - least, stair.steps.shape[1], 1)
    slope = stair.slope
    if slope is None:
        spare = count - stair.steps.shape[1]
        beyond = np.broadcast_to((stair.high + 1)[:, None], (len(stair.high), spare))
        return (np.concatenate([stair.positions, beyond], axis=1),
                np.pad(stair.steps, ((0, 0), (0, spare))), stair.base)
    falls = bool((slope < 0).any() and (slope <= 0).all())
    slope = np.where(slope == 0, -1 if falls else 1, slope)
    base = np.where(slope > 0, least, greatest)
    passed = np.abs(stair.base - base)
    column = np.arange(count)[None]
    index = column - passed[:, None]
    found = np.concatenate([stair.positions, (stair.high + 1)[:, None]], axis=1)
    inside = np.take_along_axis(found, np.clip(index, 0, found.shape[1] - 1), axis=1)
    thresholds = np.where(index < 0, stair.low[:, None], inside)
    return thresholds, np.broadcast_to(slope[:, None], thresholds.shape).copy(), base


def _table(site: Site) -> Form:
    format_ = site.source.format
    if format_.width > TABLE_WIDTH:
        raise Refusal(f"codes of {format_} are too wide for a table")
    codes = np.arange(format_.min, format_.max + 1)[:, None]
    # Codes that cannot occur get a neighbour's entry.
    lanes = site.function.lanes
    low, high = ((site.low, site.high) if lanes > 1
                 else (site.low.min(keepdims=True), site.high.max(keepdims=True)))
    entries = site.function(np.clip(codes, low, high)).T
    return site.form("table", Table, [site.constant("entries", entries, site.target.format)])


def _half_even(site: Site, stair: Staircase, lane_class: NDArray[np.intp]) -> Form:
    last, target = site.function.nodes[-1], site.target.format
    if not isinstance(last, Quantise | Rescale) or isinstance(target, BipolarFormat):
        raise Refusal("it does not end with a rounding")
    if covering(int(site.low.min()), int(site.high.max())).width > ACCUMULATOR_WIDTH:
        raise Refusal(f"the accumulator is wider than {ACCUMULATOR_WIDTH} bits")
    found = fit_half_even(stair, stair.least, stair.greatest, last.zero_point)
    if found is None:
        raise Refusal("no multiplication rounded to even equals it")
    multiplier, shift = found
    low, high = _clamp(site, stair, [round_half_even(x * multiplier, shift) + last.zero_point
                                     for x in (stair.low, stair.high)])
    multiplier = multiplier[lane_class] if len(multiplier) > 1 else multiplier
    return site.form("half_even", Rescale, [site.constant("multiplier", multiplier),
                               site.constant("exponent", np.array([-shift]))],
                     mode=RescaleMode.EXACT_HALF_EVEN, zero_point=last.zero_point,
                     low=low, high=high)


def _is_framework(site: Site) -> bool:
    """Whether the chain is one rounding that hardware has as it is."""
    nodes = site.function.nodes
    if len(nodes) != 1 or not isinstance(nodes[0], Rescale):
        return False
    _, multiplier, exponent = site.function.constants[0]
    assert multiplier is not None
    assert exponent is not None
    bits = FLOAT_MODES.get(nodes[0].mode.value)
    return bits is None or bool(
        (multiplier >= 0).all() and (multiplier < 2**bits).all()
        and (exponent <= FrameworkRescaleSpec.FLOAT_EXPONENT).all())


def _framework(site: Site) -> Form:
    if not _is_framework(site):
        raise Refusal("it is not one rounding that hardware has as it is")
    return _as_it_is(site)


def _as_it_is(site: Site) -> Form:
    """The chain's only node, in its new place."""
    (node,), (tensors,), (constants,) = (site.function.nodes, site.function.tensors,
                                         site.function.constants)
    values = [(t, c) for t, c in zip(tensors, constants, strict=True) if c is not None]
    kept = [replace(tensor, name=f"{site.name}_{role}", shape=value.shape, value=value)
            for role, (tensor, value) in zip(ROLES[type(node)], values, strict=True)]
    inputs = (site.source.name, *(t.name for t in kept))
    return Form(AS_IT_IS[type(node)],
                replace(node, name=site.name, inputs=inputs, outputs=(site.target.name,)), kept)
