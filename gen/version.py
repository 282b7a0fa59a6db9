"""Versions of Gatemill and of the tools that it calls."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

__all__ = ["gatemill_version", "tool_versions"]


def gatemill_version() -> str:
    """The installed distribution's version."""
    return version("gatemill")


def tool_versions(*distributions: str) -> dict[str, str]:
    """Versions of the named distributions, those that are installed."""
    found = {}
    for name in distributions:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
