"""Boards from TOML files: of this folder's ``data``, and of anybody's own."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from sw_model.faults import InputFault

from .board import Board, Pin, Spi, Uart
from .devices import DEVICES
from .devices import device as find_device

__all__ = ["KEYS", "read_board"]

#: Keys of a board file, and what each one means.
KEYS = {
    "device": "a device, as `gatemill synth --device` takes it",
    "package": "the package by nextpnr's name (ECP5, iCE40)",
    "speed": "the speed grade (ECP5)",
    "part": "the vendor's whole order number (Gowin, Nexus)",
    "standard": "the electrical standard of pins that name no other",
    "programmer": "the board by openFPGALoader's name",
    "flash": "true if it is loaded through its flash alone",
    "pack": "options of the packer, a list",
    "clock": "the oscillator's pin, with `mhz`",
    "reset": "a button's pin",
    "leds": "a list of pins",
    "uart": "the pins `rx` (an input) and `tx`",
    "spi": "the pins `cs`, `clk`, `copi` (an input) and `cipo`",
}

_PULLS = ("", "up", "down")

#: Keys of a pin, and of the clock, whose edge is no matter.
_PIN = ("pin", "standard", "pull", "inverted")
_CLOCK = ("pin", "standard", "pull", "mhz")

_Read = TypeVar("_Read")


def read_board(path: Path) -> Board:
    """The board that a file describes; its name is the file's.

    Raises
    ------
    InputFault
        If the file cannot be read, or with every fault of it, one a line.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputFault(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputFault(f"{path}: is no TOML: {error}") from error
    reader = _Reader(found)
    board = reader.board(path.stem.lower())
    if reader.faults:
        raise InputFault("\n".join(f"{path}: {fault}" for fault in reader.faults))
    return board


class _Reader:
    """Reads a board from a document, and notes what is wrong with it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._sites: dict[str, str] = {}
        self.faults: list[str] = []

    def board(self, name: str) -> Board:
        """The board; of no use where faults were noted."""
        self._known("", self._document, KEYS)
        device = self._text("device", required=True)
        options: tuple[str, ...] = ()
        if device:
            try:
                options = find_device(device).placed(
                    **{key: self._text(key) for key in ("package", "speed", "part")})
                if not options:
                    self._fault("device", f"nothing is placed on {device.lower()}; there are "
                                + ", ".join(d.name for d in DEVICES.values() if d.nextpnr))
            except InputFault as fault:
                self.faults += str(fault).splitlines()
        clock = self._document.get("clock")
        if clock is None:
            self._fault("clock", "is missing")
        return Board(
            name=name, device=device.lower(), nextpnr=options,
            clock=self._pin("clock", clock, keys=_CLOCK), clock_mhz=self._mhz(clock),
            reset=self._optional("reset", self._pin),
            uart=self._optional("uart", lambda key, value: Uart(**self._pins(
                key, value, Uart.__struct_fields__))),
            spi=self._optional("spi", lambda key, value: Spi(**self._pins(
                key, value, Spi.__struct_fields__))),
            leds=tuple(self._pin(f"leds[{k}]", led)
                       for k, led in enumerate(self._list("leds"))),
            programmer=self._text("programmer"), flash=self._flag("flash"),
            pack=self._words("pack"))

    def _fault(self, key: str, text: str) -> None:
        self.faults.append(f"{key}: {text}")

    def _known(self, prefix: str, table: Mapping[str, Any], keys: Iterable[str]) -> None:
        for key in table:
            if key not in keys:
                near = difflib.get_close_matches(key, keys, n=1)
                hint = f"did you mean {near[0]}? " if near else ""
                self._fault(prefix + key, f"is no key; {hint}there are {', '.join(keys)}")

    def _text(self, key: str, *, required: bool = False) -> str:
        value = self._document.get(key, "")
        if isinstance(value, str) and (value or not required):
            return value
        self._fault(key, "is missing" if key not in self._document
                    else f"must be text, not {value!r}")
        return ""

    def _flag(self, key: str) -> bool:
        value = self._document.get(key, False)
        if not isinstance(value, bool):
            self._fault(key, f"must be true or false, not {value!r}")
        return bool(value)

    def _list(self, key: str) -> list[Any]:
        value = self._document.get(key, [])
        if isinstance(value, list):
            return value
        self._fault(key, f"must be a list, not {value!r}")
        return []

    def _words(self, key: str) -> tuple[str, ...]:
        words = self._list(key)
        for k, word in enumerate(words):
            if not isinstance(word, str):
                self._fault(f"{key}[{k}]", f"must be text, not {word!r}")
        return tuple(map(str, words))

    def _mhz(self, clock: Any) -> float:
        value = clock.get("mhz") if isinstance(clock, dict) else None
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= 1000:
            return float(value)
        if clock is not None:
            self._fault("clock.mhz", "is missing" if value is None
                        else f"must be above 0 and at most 1000, not {value!r}")
        return 0.0

    def _optional(self, key: str, read: Callable[[str, Any], _Read]) -> _Read | None:
        value = self._document.get(key)
        return None if value is None else read(key, value)

    def _pins(self, key: str, value: Any, names: tuple[str, ...]) -> dict[str, Pin]:
        if not isinstance(value, dict):
            self._fault(key, f"must be a table of {', '.join(names)}, not {value!r}")
            return dict.fromkeys(names, Pin(site=""))
        self._known(f"{key}.", value, names)
        for name in names:
            if name not in value:
                self._fault(f"{key}.{name}", "is missing")
        return {name: self._pin(f"{key}.{name}", value.get(name)) for name in names}

    def _pin(self, key: str, value: Any, *, keys: tuple[str, ...] = _PIN) -> Pin:
        table = {"pin": value} if isinstance(value, str) and keys is _PIN else value
        if value is None:
            return Pin(site="")
        if not isinstance(table, dict):
            self._fault(key, f"must be a pin's name or a table with `pin`, not {value!r}")
            return Pin(site="")
        self._known(f"{key}.", table, keys)
        site, pull = table.get("pin"), table.get("pull", "")
        standard = table.get("standard", self._document.get("standard", ""))
        inverted = table.get("inverted", False)
        if not isinstance(site, str) or not site.isalnum():
            self._fault(f"{key}.pin", "is missing" if site is None
                        else f"must be a pin's name, not {site!r}")
        elif (other := self._sites.setdefault(site, key)) != key:
            self._fault(f"{key}.pin", f"{site} is the pin of {other} already")
        if pull not in _PULLS:
            self._fault(f"{key}.pull", f"must be up or down, not {pull!r}")
        if not isinstance(standard, str) or not (standard or "A").isidentifier():
            self._fault(f"{key}.standard", f"must be a standard's name, not {standard!r}")
        if not isinstance(inverted, bool):
            self._fault(f"{key}.inverted", f"must be true or false, not {inverted!r}")
        return Pin(site=str(site), standard=str(standard), pull=pull, inverted=bool(inverted))
