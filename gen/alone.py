# amaranth: UnusedElaboratable=no
"""A unit of the catalogue by itself: the component that serves its network of one node."""

from __future__ import annotations

from amaranth.lib import wiring

from boards.devices import Device
from sw_model.partition import core_graph

from .mapping.changes import apply_changes, changes_by_job
from .mapping.default import Folding, default_plan
from .mapping.layout import lay_out
from .parts import unit_parts
from .passes import PassOptions, compile_graph
from .spec.designs import Request

__all__ = ["component_of"]


def component_of(request: Request, device: Device) -> wiring.Component:
    """The only unit of a request, new, without the memories that stream into it.

    Parameters
    ----------
    request : Request
        Of a unit; see :func:`gen.spec.designs.unit_request`. Where it gives no lanes it gets one.
    device : Device
        With DSP blocks products are inferred, without they are logic.
    """
    options = request.options
    core = core_graph(compile_graph(request.graph, PassOptions(forms=dict(options.forms))).graph)
    changes = changes_by_job(core, options.units)
    fields = {node.name: changes.get(node.name, {}) for node in core.nodes}
    plan = default_plan(core, device, clock_mhz=options.clock_mhz, foldings={
        name: Folding(lanes=each.get("lanes", 1), pe=each.get("pe", "parallel"))
        for name, each in fields.items()})
    plan = apply_changes(plan, changes)
    (unit,) = plan.units
    part = unit_parts(lay_out(core, plan), unit, "unit", device).part
    return part.make(**part.arguments)
