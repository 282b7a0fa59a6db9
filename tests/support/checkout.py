"""The repository as files: what the tests of its structure look at."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

__all__ = ["PACKAGES", "ROOT", "imports", "module_name", "modules", "tracked"]

ROOT = Path(__file__).resolve().parents[2]

#: Top-level packages from the ground up: arrows point to the left only.
PACKAGES = ("sw_model", "hw", "verif", "boards", "gen")


@cache
def tracked() -> tuple[Path, ...]:
    """Files that git keeps, or would take in with the next ``git add``."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = sorted({ROOT / name for name in listed.split("\0") if name})
    assert found, "git lists no files"
    return tuple(path for path in found if path.is_file())


@cache
def modules(package: str) -> tuple[Path, ...]:
    """Python files of a top-level package."""
    found = tuple(path for path in sorted((ROOT / package).rglob("*.py"))
                  if "__pycache__" not in path.parts)
    assert found, f"{package} has no modules"
    return found


def module_name(path: Path) -> str:
    """The name by which a file of the repository is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that a file imports, inside functions too.

    ``from a import b`` gives ``a.b``, relative names are resolved, and a string that spells a
    module of this repository counts: it is on its way to an import by name.
    """
    package = module_name(path)
    if path.name != "__init__.py":
        package = package.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = parts[:len(parts) - node.level + 1] if node.level else []
            for alias in node.names:
                yield node.lineno, ".".join([*base, *filter(None, [node.module]), alias.name])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) \
                and _is_module(node.value):
            yield node.lineno, node.value


def _is_module(text: str) -> bool:
    parts = text.split(".")
    if len(parts) < 2 or parts[0] not in PACKAGES or not all(p.isidentifier() for p in parts):
        return False
    path = ROOT.joinpath(*parts)
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()
