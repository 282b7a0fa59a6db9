"""The network that the hardware of a build folder is to equal."""

from __future__ import annotations

from pathlib import Path

from sw_model.faults import InputFault
from sw_model.graph import Graph, GraphError
from sw_model.partition import core_graph

from .manifest import FILE, Manifest

__all__ = ["load_core"]


def load_core(folder: Path, manifest: Manifest) -> Graph:
    """The integer core of a build folder's network, of which its streams carry every tensor.

    Raises
    ------
    InputFault
        If the network cannot be read, or is not that of the manifest.
    """
    try:
        core = core_graph(Graph.load(folder))
    except OSError as error:
        raise InputFault(f"{error.filename}: cannot be read ({error.strerror})") from error
    except GraphError as error:
        raise InputFault(str(error)) from error
    for what, streams, tensors in (("inputs", manifest.inputs, core.inputs),
                                   ("outputs", manifest.outputs, core.outputs)):
        carried = {stream.tensor for stream in streams}
        if carried != set(tensors):
            raise InputFault(f"{folder / FILE}: {what} carry {', '.join(sorted(carried))}, but "
                             f"the network has {', '.join(tensors)}; build the folder again")
    return core
