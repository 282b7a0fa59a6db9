"""Run a network on arrays: by the golden model or by the hardware's emulation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sw_model.arrays import load_arrays, save_arrays
from sw_model.faults import InputFault
from sw_model.formats import Float32Format
from sw_model.graph import Graph, GraphError
from sw_model.node import Tensor
from sw_model.ops import RescaleMode
from sw_model.partition import core_graph
from verif.manifest import FILE, Manifest

from .folder import write_whole
from .spec import SPEC_SUFFIXES

__all__ = ["code_types", "is_build", "load_graph", "merged", "read_inputs", "results", "run_golden",
           "run_rtl", "write_outputs"]

Arrays = Mapping[str, NDArray[Any]]


def is_build(source: Path) -> bool:
    """Whether ``source`` is a build folder."""
    return source.is_dir() and (source / FILE).is_file()


def load_graph(source: Path, rounding: RescaleMode | None = None) -> Graph:
    """The compiled network of a build folder, or the imported one of a model file.

    Raises
    ------
    InputFault
        If there is neither, or it cannot be read.
    """
    if is_build(source):
        if rounding is not None:
            raise InputFault(f"{source}: a build has its rounding already; "
                             "--rounding is for model files")
        Manifest.load(source)
        return _saved(source)
    if source.is_dir():
        raise InputFault(f"{source}: holds no {FILE}; name a build folder or a model file")
    if source.suffix.lower() in SPEC_SUFFIXES:
        raise InputFault(f"{source}: is a spec, not a model; `gatemill spec` describes it and "
                         "`gatemill build` makes a build folder of it")
    from .frontends import import_model
    return import_model(source, rounding=rounding)


def _saved(folder: Path) -> Graph:
    try:
        return Graph.load(folder)
    except OSError as error:
        raise InputFault(f"{error.filename}: cannot be read ({error.strerror})") from error
    except GraphError as error:
        raise InputFault(f"{error}; build the folder again") from error


def code_types(source: Path, graph: Graph) -> dict[str, np.dtype[Any]]:
    """NumPy types of the outputs' codes: the same for a model and for its build.

    The compiler narrows accumulators, so that the types are those of the imported network.
    """
    imported = _saved(source / "imported") if is_build(source) else graph
    return {name: np.dtype(imported.tensors[last_codes(imported, name)].format.dtype)
            for name in graph.outputs}


def read_inputs(path: Path, graph: Graph) -> dict[str, NDArray[Any]]:
    """Inputs of ``graph`` from an ``.npz`` file, by their names or as in0, in1, ...

    Integers are taken for float32 inputs, and wider integers for narrow ones, if the
    values fit.

    Raises
    ------
    InputFault
        If the file is broken, an array is missing or superfluous, has the wrong shape or
        holds what its input does not take.
    """
    try:
        arrays = load_arrays(path)
    except OSError as error:
        raise InputFault(f"{path}: cannot be read ({error.strerror or error})") from error
    except ValueError as error:
        raise InputFault(f"{path}: {error}") from error
    inputs = {}
    for place, name in enumerate(graph.inputs):
        key = name if name in arrays else f"in{place}"
        if key not in arrays:
            raise InputFault(f"{path}: no array {name!r} or {key!r}; there are "
                             f"{', '.join(arrays) or 'none'}")
        inputs[name] = _input(path, key, arrays.pop(key), graph.tensors[name])
    if arrays:
        raise InputFault(f"{path}: unknown arrays {', '.join(arrays)}; the inputs are "
                         f"{', '.join(graph.inputs)}")
    samples = {len(array) for array in inputs.values()}
    if len(samples) > 1:
        raise InputFault(f"{path}: different numbers of samples: {sorted(samples)}")
    return inputs


def _input(path: Path, key: str, array: NDArray[Any], tensor: Tensor) -> NDArray[Any]:
    shape = ", ".join(["samples", *map(str, tensor.shape)])
    if array.ndim < 1 or not tensor.accepts(array.shape[1:]):
        raise InputFault(f"{path}: array {key!r} has shape {array.shape}, but must be ({shape})")
    if isinstance(tensor.format, Float32Format):
        if array.dtype.kind not in "fiu":
            raise InputFault(f"{path}: array {key!r} is {array.dtype}, but must hold reals")
        with np.errstate(over="ignore"):
            array = array.astype(np.float32)
        if (infinite := np.argwhere(np.isinf(array))).size:
            raise InputFault(f"{path}: array {key!r}{infinite[0].tolist()} is infinite in float32, "
                             "but inputs must be finite")
    try:
        tensor.format.check(f"array {key!r}", array)
    except (TypeError, ValueError) as error:
        raise InputFault(f"{path}: {error}") from error
    return array


def run_golden(graph: Graph, inputs: Arrays) -> dict[str, NDArray[Any]]:
    """Every tensor, by the golden model."""
    return graph.trace(inputs)


def run_rtl(folder: Path, graph: Graph, inputs: Arrays) -> dict[str, NDArray[Any]]:
    """Every tensor of head and tail and the core's outputs: the core by emulated Verilog."""
    from verif.emulator import Emulator

    return merged(graph, inputs,
                  lambda given: Emulator(folder, taps=False).run(given).outputs)


def merged(graph: Graph, inputs: Arrays, run_core: Callable[[Arrays], Arrays]
           ) -> dict[str, NDArray[Any]]:
    """Every tensor of head and tail, and the core's outputs as ``run_core`` makes them.

    Without samples there is nothing to run: every tensor is empty.
    """
    if not all(len(array) for array in inputs.values()):
        return graph.trace(inputs)
    core = core_graph(graph)
    head = graph.trace(inputs, wanted=core.inputs)
    given = {name: head[name] for name in core.inputs}
    # A unit that serves several layers gives the widest codes that any of them needs.
    made = {name: codes.astype(graph.tensors[name].format.dtype).reshape(
                len(codes), *graph.tensors[name].shape)
            for name, codes in run_core(given).items()}
    return graph.trace(inputs, overrides={**given, **made})


def results(graph: Graph, values: Arrays, *, dequantise: bool,
            types: Mapping[str, np.dtype[Any]] | None = None) -> dict[str, NDArray[Any]]:
    """What a user gets for every output: codes, or reals with ``dequantise``.

    Where the network ends in float32 operations, the codes are those of the last integer
    tensor before them. ``types`` are those of the codes, if they are to be others than the
    tensors' own.
    """
    found = {}
    for name in graph.outputs:
        if dequantise:
            found[name] = reals(graph.tensors[name], values[name])
        else:
            codes = values[last_codes(graph, name)]
            found[name] = codes.astype(types[name] if types else codes.dtype, copy=False)
    return found


def reals(tensor: Tensor, codes: NDArray[Any]) -> NDArray[Any]:
    """Reals that ``codes`` of ``tensor`` stand for; the grid's values where no scale is known."""
    if isinstance(tensor.format, Float32Format):
        return codes
    shifted = tensor.format.to_fixed(codes) - tensor.zero_point
    scale = np.asarray(tensor.scale if tensor.scale is not None else (1.0,), np.float32)
    return (shifted.astype(np.float32) * scale).astype(np.float32)


def last_codes(graph: Graph, name: str) -> str:
    """The integer tensor that ``name`` is, or was before float32 operations made it so."""
    while isinstance(graph.tensors[name].format, Float32Format):
        node = graph.producer(name)
        varying = [t for t in (node.inputs if node else ()) if graph.tensors[t].value is None]
        if len(varying) != 1:
            raise InputFault(f"output {name!r} is no function of one integer tensor; "
                             "ask for reals with --dequantise")
        name = varying[0]
    return name


def write_outputs(path: Path, outputs: Arrays) -> None:
    """Write outputs by name and as out0, out1, ..."""
    import io

    arrays = dict(outputs)
    for place, array in enumerate(outputs.values()):
        arrays.setdefault(f"out{place}", array)
    data = io.BytesIO()
    save_arrays(data, arrays)
    try:
        write_whole(path, data.getvalue())
    except OSError as error:
        raise InputFault(f"{path}: cannot be written ({error.strerror})") from error
