"""``manifest.json``: what a build folder holds, as typed values that check themselves.

The compiler writes it with these classes; simulators, proofs and boards read it. A change
of meaning needs another :data:`SCHEMA`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec

from sw_model.faults import InputFault
from sw_model.formats import Float32Format, Format, parse_format

__all__ = ["Host", "Manifest", "Memory", "Model", "Prediction", "SCHEMA", "Stream", "Tap",
           "TapTensor", "changed_files", "digest"]

#: Version of ``manifest.json``.
SCHEMA = 1

#: Its name in the build folder.
FILE = "manifest.json"

#: What a port, a wire or a module may be called in Verilog without escapes.
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")


class _Checked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A value object of the manifest; unknown keys are errors."""


class Model(_Checked, frozen=True):
    """The model file that was compiled: its bare name and digest."""

    file: str
    sha256: str


class TapTensor(_Checked, frozen=True):
    """One tensor of the sequence that a tap carries.

    Parameters
    ----------
    tensor : str
        Name in the compiled graph.
    format : str
        Canonical spelling.
    vector : int
        Elements of one vector, which starts on a word of its own.
    vectors : int
        Vectors of one sample.
    """

    tensor: str
    format: str
    vector: int
    vectors: int = 1

    def __post_init__(self) -> None:
        _number_format(self.format)
        _at_least_one(vector=self.vector, vectors=self.vectors)

    @property
    def number_format(self) -> Format:
        """The format itself."""
        return parse_format(self.format)

    def words(self, lanes: int) -> int:
        """Words of one sample on ``lanes`` lanes."""
        return self.vectors * -(-self.vector // lanes)


class Stream(_Checked, frozen=True):
    """A stream of the top module: ports ``<name>__payload``, ``__valid`` and ``__ready``.

    Parameters
    ----------
    name : str
        Of the interface.
    direction : "in" or "out"
        As the hardware sees it.
    tensor : str
        The tensor of the graph that it carries, one sample after the other.
    format : str
        Canonical spelling; a lane is as wide as the format.
    lanes : int
        Codes in a word, lane 0 in the low bits.
    vector, vectors : int
        Elements of one vector, which starts on a word of its own, and vectors of one sample.
    """

    name: str
    direction: Literal["in", "out"]
    tensor: str
    format: str
    lanes: int
    vector: int
    vectors: int = 1

    def __post_init__(self) -> None:
        _identifier("name", self.name)
        _number_format(self.format)
        _at_least_one(lanes=self.lanes, vector=self.vector, vectors=self.vectors)

    @property
    def number_format(self) -> Format:
        """The format itself."""
        return parse_format(self.format)

    @property
    def width(self) -> int:
        """Bits of the payload."""
        return self.lanes * self.number_format.width

    @property
    def words(self) -> int:
        """Words of one sample."""
        return self.vectors * -(-self.vector // self.lanes)


class Tap(_Checked, frozen=True):
    """A stream inside the top module: wires ``<signal>_payload``, ``_valid`` and ``_ready``.

    Parameters
    ----------
    signal : str
        What the three wires' names have in common.
    lanes : int
        Codes in a word, lane 0 in the low bits.
    width : int
        Bits of a lane; narrower formats are extended, by their sign if they are signed.
    sequence : tuple of TapTensor
        Tensors that pass, one whole tensor of a sample after the other, cyclically.
    """

    signal: str
    lanes: int
    width: int
    sequence: tuple[TapTensor, ...]

    def __post_init__(self) -> None:
        _identifier("signal", self.signal)
        _at_least_one(lanes=self.lanes, width=self.width, **{"length of sequence":
                                                             len(self.sequence)})
        for item in self.sequence:
            if item.number_format.width > self.width:
                raise ValueError(f"width of tap {self.signal!r} is {self.width}, but "
                                 f"{item.tensor!r} needs {item.number_format.width}")

    @property
    def words(self) -> int:
        """Words of one sample."""
        return sum(item.words(self.lanes) for item in self.sequence)


class Prediction(_Checked, frozen=True):
    """What the static schedule promises, in clock cycles.

    Parameters
    ----------
    interval : int
        From one sample to the next, in steady state, fed and drained at full rate.
    latency : int
        From the first word of a sample to its last word out, in an idle network.
    """

    interval: int
    latency: int

    def __post_init__(self) -> None:
        _at_least_one(interval=self.interval, latency=self.latency)


class Memory(_Checked, frozen=True):
    """A memory region: its image, and how it is laid out."""

    name: str
    file: str
    width: int
    depth: int
    bytes: int
    sha256: str
    layout: str = ""

    def __post_init__(self) -> None:
        _inside("file", self.file)
        _at_least_one(width=self.width, depth=self.depth)


class Host(_Checked, frozen=True):
    """Names of the nodes that run on the host, before (head) and after (tail) the hardware."""

    head: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()


class Manifest(_Checked, frozen=True):
    """A build folder, described.

    Parameters
    ----------
    name, top : str
        Of the design and of its top module.
    verilog : str
        Path of the Verilog file, relative to the folder.
    gatemill : str
        Version of the compiler.
    model : Model or None
        None for a design that no model file stands behind.
    streams, taps : tuple of Stream, tuple of Tap
        Ports of the top module, and streams inside it that can be observed.
    prediction : Prediction or None
        None where there is no common schedule (independent designs in one top).
    memory : tuple of Memory
        Regions with their images.
    host : Host
        What does not run in hardware.
    files : mapping of str to str
        SHA-256 of every file of the build but this one, by relative path.
    tools : mapping of str to str
        Versions of what made the build.
    clock, reset : str
        Ports; the reset is synchronous and active high.

    Raises
    ------
    ValueError
        If a value makes no sense, or two streams or taps have one name.
    """

    name: str
    top: str
    verilog: str
    gatemill: str
    streams: tuple[Stream, ...]
    taps: tuple[Tap, ...] = ()
    model: Model | None = None
    prediction: Prediction | None = None
    memory: tuple[Memory, ...] = ()
    host: Host = Host()
    files: Mapping[str, str] = msgspec.field(default_factory=dict)
    tools: Mapping[str, str] = msgspec.field(default_factory=dict)
    clock: str = "clk"
    reset: str = "rst"
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.schema != SCHEMA:
            raise ValueError(f"schema is {self.schema}, but must be {SCHEMA}")
        _identifier("top", self.top)
        _identifier("clock", self.clock)
        _identifier("reset", self.reset)
        _inside("verilog", self.verilog)
        for path in self.files:
            _inside("path", path)
        _distinct("stream", (s.name for s in self.streams))
        _distinct("tap", (t.signal for t in self.taps))
        _distinct("input tensor", (s.tensor for s in self.inputs))
        _distinct("output tensor", (s.tensor for s in self.outputs))
        _distinct("tapped tensor", (item.tensor for tap in self.taps for item in tap.sequence))

    @property
    def inputs(self) -> tuple[Stream, ...]:
        """Streams into the hardware."""
        return tuple(s for s in self.streams if s.direction == "in")

    @property
    def outputs(self) -> tuple[Stream, ...]:
        """Streams out of the hardware."""
        return tuple(s for s in self.streams if s.direction == "out")

    def encode(self) -> str:
        """The text of the file: sorted keys, the same for the same values."""
        return json.dumps(msgspec.to_builtins(self), indent=1, sort_keys=True) + "\n"

    def save(self, folder: Path) -> Path:
        """Write ``manifest.json`` into ``folder``."""
        (path := folder / FILE).write_text(self.encode(), encoding="utf-8")
        return path

    @staticmethod
    def load(folder: Path) -> Manifest:
        """Read the manifest of a build folder.

        Raises
        ------
        InputFault
            If it is missing, broken or of another schema.
        """
        path = folder / FILE
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputFault(f"{path}: cannot be read ({error.strerror}); "
                             "a build folder is made by `gatemill build`") from error
        try:
            plain = msgspec.json.decode(data)
            found = plain.get("schema") if isinstance(plain, dict) else None
            if found != SCHEMA:
                raise InputFault(f"{path}: schema is {found!r}, but must be {SCHEMA}; "
                                 "build the folder again with this version")
            return msgspec.convert(plain, Manifest)
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
            raise InputFault(f"{path}: {error}") from error


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def changed_files(folder: Path, manifest: Manifest) -> list[str]:
    """Paths, sorted, of files that differ from the manifest, are missing, or are not listed
    (the last under ``rtl/`` only: results of other commands may lie beside it)."""
    def differs(name: str, expected: str) -> bool:
        try:
            return digest(folder / name) != expected
        except OSError:
            return True

    present = {path.relative_to(folder).as_posix()
               for path in (folder / "rtl").rglob("*") if path.is_file()}
    return sorted({name for name, expected in manifest.files.items() if differs(name, expected)}
                  | present - set(manifest.files))


def _number_format(text: str) -> None:
    if isinstance(parse_format(text), Float32Format):
        raise ValueError(f"format {text!r} has no bit patterns that wires could carry")


def _at_least_one(**values: int) -> None:
    for name, value in values.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}")


def _identifier(name: str, text: str) -> None:
    if not _IDENTIFIER.fullmatch(text):
        raise ValueError(f"{name} must be a Verilog identifier, not {text!r}")


def _inside(name: str, text: str) -> None:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or not path.name:
        raise ValueError(f"{name} must be a path inside the folder, not {text!r}")


def _distinct(what: str, names: Iterable[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"two of one name: {what} {', '.join(map(repr, twice))}")
