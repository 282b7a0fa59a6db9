"""Arrows point down: who may know whom (design: the floors of the house)."""

from __future__ import annotations

import ast
import sys

import pytest

from tests.support.checkout import PACKAGES, ROOT, imports, modules

#: Packages of ours that each one may import besides itself.
OURS = {
    "sw_model": (),
    "hw": ("sw_model",),
    "verif": ("sw_model",),
    "boards": ("sw_model", "hw", "verif"),
    "gen": ("sw_model", "hw", "verif", "boards"),
}

#: Shared between golden model and hardware: what numbers mean, never how to compute with them.
HW_MAY_KNOW = ("sw_model.formats", "sw_model.specs", "sw_model.tables")

#: Packages of others that each one may import. The golden model and what defines it is NumPy.
OTHERS = {
    "sw_model": ("numpy",),
    # NumPy for searches while hardware is generated.
    "hw": ("amaranth", "numpy", "pyosys"),
    "verif": ("cocotb", "cocotb_tools", "msgspec", "numpy", "platformdirs"),
    "boards": ("amaranth", "amaranth_boards", "msgspec", "numpy", "platformdirs", "pyosys",
               "serial"),
    "gen": ("amaranth", "google", "matplotlib", "msgspec", "numpy", "onnx", "platformdirs",
            "pydantic", "pydantic_core", "rich", "tflite", "typer", "yaml"),
}

#: Ways to import what no search finds; only the command does so, for its own calls.
DYNAMIC = ("__import__", "eval", "exec", "import_module", "run_module", "run_path")


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("package", PACKAGES)
def test_direction(package):
    wrong = [f"{path.relative_to(ROOT)}:{line}: imports {name}"
             for path in modules(package) for line, name in imports(path)
             if within(name, (*PACKAGES, "tests", "bench", "examples"))
             and not within(name, (package, *OURS[package]))]
    assert not wrong, "\n".join(wrong)


def test_hardware_shares_no_arithmetic_with_the_golden_model():
    wrong = [f"{path.relative_to(ROOT)}:{line}: imports {name}"
             for path in modules("hw") for line, name in imports(path)
             if within(name, ("sw_model",)) and not within(name, HW_MAY_KNOW)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_of_others(package):
    known = (*PACKAGES, *OTHERS[package], *sys.stdlib_module_names)
    wrong = [f"{path.relative_to(ROOT)}:{line}: imports {name}"
             for path in modules(package) for line, name in imports(path)
             if not within(name, known)]
    assert not wrong, "\n".join(wrong)


def test_no_import_is_hidden():
    wrong = []
    for package in PACKAGES:
        for path in modules(package):
            if path == ROOT / "gen" / "commands" / "__init__.py":
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                called = node.func if isinstance(node, ast.Call) else None
                name = getattr(called, "id", getattr(called, "attr", None))
                if name in DYNAMIC:
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}: calls {name}")
    assert not wrong, "\n".join(wrong)
