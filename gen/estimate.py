"""What a whole design takes of its device, by estimate, and whether it fits."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from boards.devices import Device, device
from sw_model.graph import Graph

from .design import MemoryImage
from .mapping.plan import Estimate, Plan
from .mapping.prices import ERROR, Price, memory_price, unit_price

__all__ = ["estimate", "misfit", "target_of", "uses"]

#: Memory of a plan's unit, by where an image of it is.
_STYLES = {"block_rom": "block", "lut_rom": "distributed", "rom": "auto", "logic": "auto"}

#: Resources as people call them.
_WORDS = {"luts": "lookup tables", "dsps": "DSPs", "block_rams": "block RAMs"}


def target_of(plan: Plan) -> Device:
    """The device of a plan, without DSP blocks if the plan does without."""
    chip = device(plan.device)
    return chip if plan.dsp else replace(chip, dsps=0)


def estimate(core: Graph, plan: Plan, memories: Iterable[MemoryImage]) -> Estimate:
    """What the units of a plan and their memories take, for the integer network ``core``."""
    chip, total = target_of(plan), Price()
    nodes = {node.name: node for node in core.nodes}
    for unit in plan.units:
        total = total.plus(unit_price(core, [nodes[job] for job in unit.jobs], chip, unit.rows,
                                      unit.lanes, unit.memory, unit.pe))
    for image in memories:
        total = total.plus(memory_price(chip, image.width, len(image.words),
                                        _STYLES[image.where]))
    multipliers, luts, block_rams = map(math.ceil, total)
    return Estimate(luts=luts, dsps=multipliers, block_rams=block_rams, error=ERROR)


def uses(plan: Plan) -> dict[str, dict[str, Any]]:
    """Resources that a plan takes by estimate, of those that its device has."""
    chip = target_of(plan)
    there = {"luts": chip.luts, "dsps": chip.dsps, "block_rams": chip.block_rams.count}
    return {name: {"used": getattr(plan.estimate, name), "available": available}
            for name, available in there.items()} if plan.estimate else {}


def misfit(plan: Plan) -> str | None:
    """What a plan takes by estimate and its device does not have; None if there is nothing.

    It is compared as it is: the estimate may be wrong either way.
    """
    over = [f"{use['used']:,} of {use['available']:,} {_WORDS[name]}"
            for name, use in uses(plan).items() if use["used"] > use["available"]]
    return f"estimated {', '.join(over)}: does not fit {plan.device}" if over else None
