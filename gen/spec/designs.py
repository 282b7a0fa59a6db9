"""From a spec to the designs that it asks for: networks, and what is chosen about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sw_model.faults import InputFault, LayerFault
from sw_model.graph import Graph
from sw_model.ops import RescaleMode
from verif.manifest import Model, digest

from ..build import Budget, BuildOptions
from ..frontends import import_model
from ..messages import nearest
from ..units import UNITS
from .document import Document, read_document
from .faults import SpecFault
from .inline import inline_network
from .models import Choices, Common, InlineNetwork, ModelNetwork, Sweep, Unit
from .validate import Place, sentence, validate

__all__ = ["Request", "Spec", "read_spec", "unit_request"]

#: Keys of which a spec has exactly one, and what it then is.
KINDS = ("unit", "units", "model", "layers")
#: Kinds of processing element that stand for others.
PE_OF = {"auto": "parallel"}
#: Elements of a tensor of one sample, and of all samples of the stimulus.
MAX_SAMPLE, MAX_STIMULUS = 2**20, 2**25


@dataclass(frozen=True)
class Request:
    """One design that a spec asks for.

    Parameters
    ----------
    name : str
        Of the design; in a sweep also of its folder.
    graph : Graph
        The network: imported, described by the spec, or a unit's only node.
    options : BuildOptions
    model : Model or None
        The file that names the certificate: a model file or the spec itself.
    unit : str
        Of the catalogue, if the design is a unit.
    places : mapping of str to str
        Where choices about a layer stand, as ``file:line``.
    """

    name: str
    graph: Graph
    options: BuildOptions
    model: Model | None = None
    unit: str = ""
    places: Mapping[str, str] = field(default_factory=dict)

    def located(self, fault: LayerFault) -> InputFault:
        """A fault about a layer, with the place where that layer was chosen by."""
        place = self.places.get(fault.layer, self.places.get("*"))
        return fault if place is None else SpecFault([f"{place}: {fault}"])


@dataclass(frozen=True)
class Spec:
    """What a spec asks for: one design, or a sweep of several in folders of their own."""

    requests: tuple[Request, ...]
    sweep: bool


def read_spec(path: Path, rounding: RescaleMode | None = None) -> Spec:
    """Read and check the spec ``path`` with the files that it names.

    Parameters
    ----------
    path : Path
    rounding : RescaleMode, optional
        Of a TFLite model, in place of the spec's.

    Raises
    ------
    SpecFault
        If it is wrong: every fault with its line.
    InputFault
        If it or its model cannot be read.
    """
    document = read_document(path)
    kind = _kind(document)
    if rounding is not None and kind != "model":
        raise InputFault(f"--rounding: {path} names no model, and it is a choice for TFLite "
                         "models alone")
    readers: dict[str, Callable[[], Iterator[Request]]] = {
        "unit": lambda: _unit(document), "units": lambda: _sweep(document),
        "model": lambda: _model_network(document, rounding),
        "layers": lambda: _inline_network(document)}
    requests = tuple(readers[kind]())
    for request in requests:
        _check_size(document, request)
    document.faults.check()
    return Spec(requests, kind == "units")


def _check_size(document: Document, request: Request) -> None:
    """Note samples that are too large, or too many to keep."""
    graph, samples = request.graph, request.options.samples
    largest = max((t.elements for t in graph.tensors.values() if t.value is None), default=0)
    inputs = sum(graph.tensors[name].elements for name in graph.inputs)
    if largest > MAX_SAMPLE:
        document.faults.add(document.root.line, f"{request.name}: a sample has {largest} elements, "
                                                f"but at most {MAX_SAMPLE} are allowed")
    elif inputs * samples > MAX_STIMULUS:
        place = ("verify", "samples")
        document.faults.add(document.line(place), sentence(
            place, f"must be at most {MAX_STIMULUS // inputs} for samples of {inputs} elements, "
                   f"not {samples}"))


def _kind(document: Document) -> str:
    value = document.value
    if not isinstance(value, dict):
        document.faults.add(document.root.line, "a spec is a mapping with one of the keys "
                                                f"{', '.join(KINDS)}")
        document.faults.check()
    found = [key for key in KINDS if key in value]
    if "model" in found and "layers" in found:
        # A mapping there chooses about the model's layers; anything else is told as wrong.
        found.remove("layers")
    if len(found) > 1:
        document.faults.add(document.line((found[1],), key=True),
                            f"keys {' and '.join(map(repr, found))} exclude one another")
    elif not found:
        missing = "one of the keys " + ", ".join(KINDS) + " must be there"
        for key in value:
            if (hint := nearest(key, KINDS)).startswith("did"):
                missing += f"; is {key!r} {hint.split('?')[0].removeprefix('did you mean ')}?"
                break
        document.faults.add(document.root.line, missing)
        document.faults.check()
    return found[0]


def _options(spec: Common, **more: Any) -> BuildOptions:
    target, budget = spec.target, spec.budget
    chosen = "simulators" in spec.verify.model_fields_set
    return BuildOptions(
        device=target.chip, clock_mhz=target.mhz, rate=target.rate,
        samples=spec.verify.samples, **more,
        simulators=tuple(spec.verify.simulators) if chosen else (),
        budget=None if budget is None else Budget(budget.lut, budget.dsp, budget.bram))


def _unit(document: Document) -> Iterator[Request]:
    spec = validate(Unit, document)
    made = _made_unit(document, document.value.get("unit"), ("params",), (),
                      spec.name if spec else None)
    if spec is not None and made is not None:
        yield replace(made, options=_options(spec, units=made.options.units,
                                             forms=made.options.forms))


def _sweep(document: Document) -> Iterator[Request]:
    spec = validate(Sweep, document)
    items = document.value["units"]
    if not isinstance(items, list):
        return
    if spec is not None and spec.name is not None:
        document.faults.add(document.line(("name",), key=True),
                            "name has no effect on a sweep; name its units")
    names = _sweep_names(document, items)
    for place, item in enumerate(items):
        if not isinstance(item, dict):
            continue
        made = _made_unit(document, item.get("unit"), ("units", place, "params"),
                          ("units", place), names[place])
        if spec is not None and made is not None:
            yield replace(made, options=_options(spec, units=made.options.units,
                                                 forms=made.options.forms))


def _sweep_names(document: Document, items: list[Any]) -> list[str]:
    """A name for each item: its own, or its unit's with a number."""
    names: list[str] = []
    counts: Counter[str] = Counter()
    for place, item in enumerate(items):
        own = item.get("name") if isinstance(item, dict) else None
        unit = str(item.get("unit", "")) if isinstance(item, dict) else ""
        if isinstance(own, str) and own:
            if own in names:
                document.faults.add(document.line(("units", place, "name")), sentence(
                    ("units", place, "name"), f"must be unique, but units[{names.index(own)}] "
                                              f"is called {own!r} too"))
            names.append(own)
            continue
        taken = {i["name"] for i in items if isinstance(i, dict) and isinstance(i.get("name"), str)}
        while True:
            counts[unit] += 1
            name = f"{unit}_{counts[unit]}"
            if name not in taken:
                break
        names.append(name)
    return names


def _made_unit(document: Document, unit: object, place: Place, above: Place,
               name: str | None) -> Request | None:
    """The design of a unit with the parameters at ``place``; None if there are faults."""
    if not isinstance(unit, str) or unit not in UNITS:
        if isinstance(unit, str):
            document.faults.add(document.line((*above, "unit")), sentence(
                (*above, "unit"), f"unknown unit {unit!r}; {nearest(unit, UNITS)}"))
        return None
    parameters = validate(UNITS[unit], document, place)
    if parameters is None:
        return None

    def note(key: str, message: str) -> None:
        document.faults.add(document.line((*place, key)), sentence((*place, key), message))

    graph = parameters.network(unit, note)
    if graph is None:
        return None
    fields, form = parameters.choices(), parameters.form()
    options = BuildOptions(units={unit: fields} if fields else {},
                           forms={unit: form} if form != "auto" else {})
    return Request(name or unit, graph.rename(name or unit), options, _file(document), unit,
                   {unit: f"{document.path}:{document.line(place)}"})


def unit_request(unit: str, document: Document, name: str | None = None) -> Request:
    """The design of a unit whose parameters are all of ``document``.

    Raises
    ------
    InputFault
        If there is no such unit, or the parameters are wrong: every fault.
    """
    if unit not in UNITS:
        raise InputFault(f"no unit {unit!r}; {nearest(unit, UNITS)}")
    made = _made_unit(document, unit, (), (), name)
    document.faults.check()
    assert made is not None
    return replace(made, model=None)


def _file(document: Document) -> Model | None:
    """The spec as the file that the certificate names."""
    if not document.path.is_file():
        return None
    return Model(file=document.path.name, sha256=digest(document.path))


def _chosen(choices: Choices) -> dict[str, Any]:
    """Fields of the plan's unit that are chosen."""
    fields = {"rows": choices.folding.rows, "lanes": choices.folding.lanes,
              "memory": choices.memory if "memory" in choices.model_fields_set else None,
              "pe": PE_OF.get(choices.pe.kind, choices.pe.kind)
              if "kind" in choices.pe.model_fields_set else None}
    return {name: value for name, value in fields.items() if value is not None}


def _by_layer(document: Document, choices: Mapping[str, tuple[Choices, Place]]
              ) -> tuple[dict[str, Any], dict[str, str]]:
    """Options, and where each layer's choices stand."""
    # What chooses nothing is kept for its name, which is checked.
    units = {name: fields for name, (each, _) in choices.items()
             if (fields := _chosen(each)) or "rescale" not in each.model_fields_set}
    forms = {name: each.rescale for name, (each, _) in choices.items()
             if "rescale" in each.model_fields_set}
    places = {name: f"{document.path}:{document.line(place, key=True)}"
              for name, (_, place) in choices.items()}
    return {"units": units, "forms": forms}, places


def _model_network(document: Document, rounding: RescaleMode | None) -> Iterator[Request]:
    spec = validate(ModelNetwork, document)
    named = document.value["model"]
    file = document.path.parent / named if isinstance(named, str) else None
    if file is not None and not file.is_file():
        document.faults.add(document.line(("model",)), f"model: no file {file}")
    if spec is None or file is None:
        return
    document.faults.check()
    if rounding is None and spec.rounding is not None:
        rounding = RescaleMode(spec.rounding)
    graph = import_model(file, rounding=rounding)
    more, places = _by_layer(document, {
        name: (each, ("layers", name)) for name, each in spec.layers.items()})
    name = spec.name or graph.name
    yield Request(name, graph.rename(name), _options(spec, rounding=rounding, **more),
                  Model(file=file.name, sha256=digest(file)), "", places)


def _inline_network(document: Document) -> Iterator[Request]:
    if isinstance(document.value["layers"], dict):
        document.faults.add(document.line(("layers",), key=True),
                            "layers: a mapping chooses about the layers of a model, but there is "
                            "no key 'model'; write a list to describe a network")
        return
    spec = validate(InlineNetwork, document)
    if spec is None:
        return

    def note(place: Place, message: str) -> None:
        document.faults.add(document.line(place), sentence(place, message))

    name = spec.name or document.path.stem
    graph = inline_network(spec, name, note)
    if graph is None:
        return
    more, places = _by_layer(document, {
        each.name: (each, ("layers", place)) for place, each in enumerate(spec.layers)})
    yield Request(name, graph, _options(spec, **more), _file(document), "", places)
