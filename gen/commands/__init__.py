"""One file for each call of the command; :data:`COMMANDS` lists them."""

from __future__ import annotations

import importlib

import typer

__all__ = ["COMMANDS", "register"]

#: Calls in the order of ``--help``; each is a function of the module of its name.
COMMANDS = ("inspect", "spec", "build", "run", "verify", "synth", "bitstream", "program",
            "handover", "report", "units", "unit", "formats", "fetch", "doctor")


def register(app: typer.Typer) -> None:
    """Add every call to ``app``, once. What a call needs is imported when it is called."""
    if app.registered_commands:
        return
    for name in COMMANDS:
        module = importlib.import_module(f".{name}", __name__)
        app.command(name)(getattr(module, name))
