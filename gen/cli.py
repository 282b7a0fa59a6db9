"""The command ``gatemill``: parse, call, print; every command's work is elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from sw_model.faults import Fault

__all__ = ["app", "main"]

app = typer.Typer(
    name="gatemill", no_args_is_help=True, add_completion=False, rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Quantised neural networks to proven hardware, with open tools only.")

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Folder = Annotated[Path, typer.Argument(help="A build folder.")]

_console = Console(stderr=True, highlight=False)


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[str], None]]:
    """A line on the terminal that says what is being done; silent for machines."""
    if quiet or not _console.is_terminal:
        yield lambda _: None
        return
    with _console.status("") as status:
        yield lambda text: status.update(escape(text))


def show(result: Any, text: str, as_json: bool) -> None:
    """Print ``result`` for machines or ``text`` for people."""
    print(json.dumps(result, indent=1) if as_json else text)


def _version(value: bool) -> None:
    if value:
        from .version import gatemill_version
        print(f"gatemill {gatemill_version()}")
        raise typer.Exit


@app.callback()
def _root(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True,
                                                help="Print the version.")] = False) -> None:
    """Quantised neural networks to proven hardware, with open tools only."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code (design: 0 done, 1 no, 2 input, 3 tool, 70 our fault)."""
    from . import commands

    commands.register(app)
    try:
        result = app(arguments, standalone_mode=False)
        return result if isinstance(result, int) else 0
    except Fault as fault:
        print(f"gatemill: error: {fault}", file=sys.stderr)
        return fault.exit_code
    except typer.TyperException as error:
        print(f"gatemill: error: {error}", file=sys.stderr)
        return 2
    except (typer.Abort, KeyboardInterrupt):
        print("gatemill: interrupted", file=sys.stderr)
        return 130
    except Exception:
        import traceback
        traceback.print_exc()
        print("gatemill: this is a fault of Gatemill's; please report it", file=sys.stderr)
        return 70


if __name__ == "__main__":
    sys.exit(main())
