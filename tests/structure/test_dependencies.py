"""What is imported is declared, what is declared is used, and each line says why."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import packages_distributions

from tests.support.checkout import PACKAGES, ROOT, imports, modules

TEXT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PROJECT = tomllib.loads(TEXT)["project"]

#: Distributions that come with one that is declared, of exactly the version that it needs.
PARTS = {"pydantic-core": "pydantic"}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(lines: list[str]) -> dict[str, str]:
    """Version range of every distribution."""
    pairs = (re.fullmatch(r"([\w.-]+)(.*)", line).groups() for line in lines)
    return {normal(name): versions for name, versions in pairs}


EXTRAS = [line for lines in PROJECT["optional-dependencies"].values() for line in lines]


def test_every_dependency_has_a_range_and_a_reason():
    wrong = []
    for line in (*PROJECT["dependencies"], *EXTRAS):
        if not re.search(r">=[\w.]+,<\d", line) and not line.startswith("setuptools>="):
            wrong.append(f"{line}: no range")
        if not re.search(rf'"{re.escape(line)}", *# \w.{{4,}}', TEXT):
            wrong.append(f"{line}: no reason beside it")
    assert not wrong, "\n".join(wrong)


def test_imports_are_declared():
    known, homes = declared(PROJECT["dependencies"]), packages_distributions()
    wrong = []
    for package in PACKAGES:
        for path in modules(package):
            for line, name in imports(path):
                root = name.split(".")[0]
                if root in PACKAGES or root in sys.stdlib_module_names:
                    continue
                owners = {normal(owner) for owner in homes.get(root, [root])}
                owners = {PARTS.get(owner, owner) for owner in owners}
                if not owners & set(known):
                    wrong.append(f"{path.relative_to(ROOT)}:{line}: {name} is not declared")
    assert not wrong, "\n".join(wrong)


def test_declared_dependencies_are_used():
    """Imported, or named by the code that starts their programs."""
    homes = packages_distributions()
    imported, text = set(), ""
    for package in PACKAGES:
        for path in modules(package):
            imported |= {name.split(".")[0] for _, name in imports(path)}
            text += path.read_text(encoding="utf-8")
    used = {normal(owner) for name in imported for owner in homes.get(name, [])}
    idle = [name for name in declared(PROJECT["dependencies"])
            if name not in used and f'"{name}"' not in text]
    assert not idle, f"declared, but not used: {', '.join(idle)}"
