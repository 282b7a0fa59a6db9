"""The command ``gatemill``: parse, call, print; every command's work is elsewhere."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from sw_model.faults import Fault

__all__ = ["app", "main", "progress", "show", "warn_of_changes"]

app = typer.Typer(
    name="gatemill", add_completion=False, rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Quantised neural networks to proven hardware, with open tools only.")

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Folder = Annotated[Path, typer.Argument(help="A build folder.")]

_console = Console(stderr=True, highlight=False)


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[str], None]]:
    """A line on the terminal: what is being done, and for how long the command has run.

    Silent for machines, and where standard error is no terminal.
    """
    if quiet or not _console.is_terminal:
        yield lambda _: None
        return
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=_console, transient=True) as line:
        task = line.add_task("starting")
        yield lambda text: line.update(task, description=escape(text))


def show(result: Any, text: str, as_json: bool) -> None:
    """Print ``result`` for machines or ``text`` for people."""
    print(json.dumps(result, indent=1) if as_json else text)


def warn_of_changes(folder: Path, *prefixes: str) -> list[str]:
    """Files of a build that are not what its manifest says, after a line of warning.

    Parameters
    ----------
    folder : Path
    prefixes : str
        How the paths begin of the files that matter.
    """
    from verif.manifest import Manifest, changed_files

    changed = [name for name in changed_files(folder, Manifest.load(folder))
               if name.startswith(prefixes)]
    if changed:
        print(f"gatemill: warning: not as the manifest says: {', '.join(changed)}",
              file=sys.stderr)
    return changed


def _version(value: bool) -> None:
    if value:
        from .version import gatemill_version
        print(f"gatemill {gatemill_version()}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(context: typer.Context,
          version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True,
                                                help="Print the version.")] = False) -> None:
    """Quantised neural networks to proven hardware, with open tools only."""
    if context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(2)


def _stop(*_: object) -> NoReturn:
    """A polite kill ends like an interruption, so that temporary folders are removed."""
    raise KeyboardInterrupt


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code (design: 0 done, 1 no, 2 input, 3 tool, 70 our fault)."""
    from . import commands

    commands.register(app)
    with contextlib.suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGTERM, _stop)
    try:
        result = app(arguments, prog_name="gatemill", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except Fault as fault:
        print(f"gatemill: error: {fault}", file=sys.stderr)
        return fault.exit_code
    except typer.TyperException as error:
        print(f"gatemill: error: {error.format_message()}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # Whoever read our output has enough; Python must not try to write the rest at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
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
