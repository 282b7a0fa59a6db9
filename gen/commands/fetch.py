"""``gatemill fetch``: real models by lock file."""

from __future__ import annotations

from typing import Annotated

import typer

from ..cli import Json, progress, show

__all__ = ["fetch"]


def fetch(
    names: Annotated[list[str] | None, typer.Argument(help="Models; default: all.")] = None,
    base_url: Annotated[str | None, typer.Option(
        "--base-url", help="Server in place of raw.githubusercontent.com.")] = None,
    listing: Annotated[bool, typer.Option(
        "--list", help="List what can be fetched, and fetch nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Fetch real models into the cache, checked against the lock file's digests."""
    from ..fetch import data_folder, locked_models
    from ..fetch import fetch as get

    if listing:
        models = locked_models()
        show([{"name": m.name, "file": m.file, "bytes": m.bytes, "sha256": m.sha256,
               "repository": m.repository, "commit": m.commit, "licence": m.licence}
              for m in models],
             "\n".join(f"{m.name:<24} {m.bytes:>9,} bytes  {m.repository}, {m.licence}"
                       for m in models), as_json)
        return
    with progress(as_json) as report:
        found = get(names or (), base=base_url, progress=report)
    show({"folder": str(data_folder()),
          "models": [{"name": name, "file": str(path), "fetched": new}
                     for name, (path, new) in found.items()]},
         "\n".join([*(f"{name:<24} {'fetched' if new else 'there already'}: {path}"
                      for name, (path, new) in found.items()),
                    f"GATEMILL_DATA={data_folder()}"]), as_json)
