# amaranth: UnusedElaboratable=no
"""Every module says what it offers, and everything that it offers says what it is."""

from __future__ import annotations

import ast
import inspect
import re
from importlib import import_module

import pytest
from amaranth.lib import wiring

from hw.network.netlist import Netlist
from hw.unique import Unique
from tests.support.checkout import PACKAGES, ROOT, module_name, modules
from tests.support.components import components


def imported(path):
    return import_module(module_name(path))


@pytest.mark.parametrize("package", PACKAGES)
def test_modules_say_what_they_offer(package):
    """A docstring and an ``__all__`` that resolves, without a name twice."""
    wrong = []
    for path in modules(package):
        where, module = path.relative_to(ROOT), imported(path)
        if not (module.__doc__ or "").strip():
            wrong.append(f"{where}: has no docstring")
        names = getattr(module, "__all__", None)
        if names is None:
            if path.name != "__init__.py" or _statements(path):
                wrong.append(f"{where}: has no __all__")
            continue
        wrong += [f"{where}: __all__ names {name}, which is not there"
                  for name in names if not hasattr(module, name)]
        wrong += [f"{where}: __all__ names {name} twice"
                  for name in set(names) if names.count(name) > 1]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", PACKAGES)
def test_everything_public_is_documented(package):
    """Classes and functions of ``__all__``, and every class without a leading underscore."""
    wrong = []
    for path in modules(package):
        module = imported(path)
        for name in dict.fromkeys((*getattr(module, "__all__", ()), *vars(module))):
            thing = getattr(module, name)
            if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
                continue
            if (inspect.isclass(thing) or (name in module.__all__ and inspect.isroutine(thing))) \
                    and not _own_docstring(thing):
                wrong.append(f"{path.relative_to(ROOT)}: {name} has no docstring")
    assert not wrong, "\n".join(wrong)


def test_hardware_constructors_are_annotated():
    wrong = []
    for path in modules("hw"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef) or node.name != "__init__":
                continue
            where = f"{path.relative_to(ROOT)}:{node.lineno}"
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs,
                         *filter(None, (node.args.vararg, node.args.kwarg))]
            wrong += [f"{where}: {a.arg} has no annotation"
                      for a in arguments if a.arg != "self" and a.annotation is None]
            if node.returns is None:
                wrong.append(f"{where}: __init__ has no annotation '-> None'")
    assert not wrong, "\n".join(wrong)


def test_components_have_an_example_each():
    """Every component that can be elaborated, so that the next test leaves none out."""
    there = {type(component) for component in components()}
    missing = []
    for path in modules("hw"):
        module = imported(path)
        missing += [f"{path.relative_to(ROOT)}: {name}: add it to tests/support/components.py"
                    for name, thing in vars(module).items()
                    if inspect.isclass(thing) and thing.__module__ == module.__name__
                    and issubclass(thing, wiring.Component) and hasattr(thing, "elaborate")
                    and not any(issubclass(known, thing) for known in there)]
    assert not missing, "\n".join(missing)


def test_members_are_those_of_the_signature():
    """Docstrings list every port with its direction, and nothing else."""
    wrong = []
    for component in components():
        kind, documented = type(component), documented_members(type(component))
        if documented is None:
            wrong.append(f"{kind.__name__}: its docstring has no section Members")
            continue
        flows = {name: "In" if member.flow is wiring.In else "Out"
                 for name, member in component.signature.members.items()}
        if not documented:
            assert kind in (Netlist, Unique), f"{kind.__name__}: its Members name none"
            continue
        for name, flow in flows.items():
            if not any(re.fullmatch(pattern, name) and flow == says
                       for pattern, says, _ in documented):
                wrong.append(f"{kind.__name__}: {name} ({flow}) is not documented")
        for pattern, says, optional in documented:
            if not optional and not any(re.fullmatch(pattern, name) for name in flows):
                wrong.append(f"{kind.__name__}: documents {pattern} ({says}), which is not there")
    assert not wrong, "\n".join(wrong)


def documented_members(kind):
    """Pattern, direction and whether it may be missing, for each line of section Members.

    A class without the section has its base's. ``i0, i1, ...`` and ``data_k`` stand for any
    number; what follows "Only" in the description may be missing. None: no section at all.
    """
    for base in kind.__mro__:
        if base is wiring.Component:
            return None
        text = inspect.cleandoc(vars(base).get("__doc__") or "")
        section = re.search(r"^Members\n-+\n(.*?)(?=^\S[^\n]*\n-{3,}$|\Z)", text, re.M | re.S)
        if section is None:
            continue
        found = []
        for names, flow, description in re.findall(
                r"^(\S[^:\n]*) : ``(In|Out)\b[^\n]*\n?((?:^ .*\n?)*)", section[1], re.M):
            for name in re.sub(r"(\w+?)\d, .*\.\.\.", r"\1_k", names).split(", "):
                pattern = re.sub(r"_k$", r"_?\\d+", name)
                found.append((pattern, flow, description.lstrip().startswith("Only")))
        return found
    return None


def _statements(path):
    """Statements of a module besides its docstring and ``from __future__``."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return [node for node in body
            if not isinstance(node, ast.Expr)
            and not (isinstance(node, ast.ImportFrom) and node.module == "__future__")]


def _own_docstring(thing):
    """The docstring that stands in the source: neither a base's nor a dataclass's own."""
    text = (vars(thing).get("__doc__") if inspect.isclass(thing) else thing.__doc__) or ""
    return "" if text.startswith(f"{thing.__name__}(") else text.strip()
