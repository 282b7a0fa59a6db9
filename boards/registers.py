"""The register map of a shell: one table, from which hardware and headers are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntFlag
from typing import Any

from hw.bus.beats import beats_of
from verif.manifest import Prediction, Stream

__all__ = ["MAGIC", "VERSION", "Access", "Error", "Port", "Register", "RegisterMap", "Status"]

#: "GMIL", as the first register reads.
MAGIC = int.from_bytes(b"GMIL", "big")

#: Of the map's layout; the second register.
VERSION = 1

#: Registers before the first port's, and registers of each port.
_COMMON, _EACH = 16, 4

#: A time-out is at least so many cycles, and so many times the predicted latency.
_PATIENCE, _LATENCIES = 1 << 20, 8


class Access(Enum):
    """What may be done with a register."""

    READ = "read only"
    WRITE = "write only"
    BOTH = "read and write"
    CLEAR = "read; a 1 that is written clears the bit"


class Status(IntFlag):
    """Bits of STATUS."""

    BUSY = 1
    PART = 2
    ERROR = 4


class Error(IntFlag):
    """Bits of ERRORS: what happened since they were cleared."""

    FRAME = 1
    WAIT = 2
    PART = 4
    ADDRESS = 8
    LAST = 16
    LINK = 32


@dataclass(frozen=True)
class Register:
    """A register of 32 bits.

    Parameters
    ----------
    name : str
        In capitals, as headers have it.
    index : int
        Its byte address / 4.
    access : Access
    text : str
        What it holds.
    """

    name: str
    index: int
    access: Access
    text: str

    @property
    def address(self) -> int:
        """In bytes."""
        return 4 * self.index


@dataclass(frozen=True)
class Port:
    """The four registers of a stream: data, whether it is ready, samples so far, layout."""

    stream: Stream
    index: int

    @property
    def data(self) -> int:
        """Index of the register that takes or gives beats."""
        return self.index

    @property
    def ready(self) -> int:
        return self.index + 1

    @property
    def samples(self) -> int:
        return self.index + 2

    @property
    def layout(self) -> int:
        return self.index + 3

    @property
    def beats(self) -> int:
        """Of a sample."""
        return beats_of(self.stream.width, self.stream.words)


class RegisterMap:
    """The registers of a shell round an accelerator.

    Parameters
    ----------
    streams : sequence of Stream
        Of the manifest.
    prediction : Prediction or None
        Of the manifest: time-outs are several times the latency.
    identity : int
        128 bits: which build this is.
    ports : bool
        Whether data passes through registers; else through streams of its own.

    Members
    -------
    inputs, outputs : tuple of Port
        In the manifest's order; empty without ports.
    registers : tuple of Register
    address_width : int
        Bits of a register's index.
    tick : int
        Cycles in which time-outs are counted, a power of two.
    timeout : int
        Ticks, as TIMEOUT reads after a reset.
    """

    def __init__(self, streams: Sequence[Stream], prediction: Prediction | None, *,
                 identity: int = 0, ports: bool = True) -> None:
        if not 0 <= identity < 1 << 128:
            raise ValueError(f"identity must have at most 128 bits, not {identity:#x}")
        self.identity = identity
        self.streams = tuple(streams)
        placed = [Port(each, _COMMON + _EACH * number) for number, each in enumerate(
            self.streams if ports else ())]
        self.inputs = tuple(port for port in placed if port.stream.direction == "in")
        self.outputs = tuple(port for port in placed if port.stream.direction == "out")
        cycles = max(_PATIENCE, _LATENCIES * (prediction.latency if prediction else 0))
        self.tick = 1 << max(10, (cycles >> 15).bit_length())
        self.timeout = -(-cycles // self.tick)
        self.registers = (*self._common(), *(each for port in placed for each in _port(port)))
        self.address_width = max(each.index for each in self.registers).bit_length()

    def __getitem__(self, name: str) -> Register:
        return next(each for each in self.registers if each.name == name)

    @property
    def constants(self) -> dict[int, int]:
        """What registers that never change hold, by index."""
        words = {0: MAGIC, 1: VERSION}
        into = sum(each.direction == "in" for each in self.streams)
        words[self["STREAMS"].index] = into | len(self.streams) - into << 8
        words |= {2 + k: self.identity >> 32 * k & 0xFFFF_FFFF for k in range(4)}
        words |= {port.layout: port.beats for port in (*self.inputs, *self.outputs)}
        return words

    def _common(self) -> tuple[Register, ...]:
        read, both = Access.READ, Access.BOTH
        names = (
            ("MAGIC", read, '"GMIL"'), ("VERSION", read, "of this map"),
            *((f"ID_{k}", read, f"bits {32 * k} to {32 * k + 31} of the build's identity")
              for k in range(4)),
            ("STATUS", read, "bit 0: a sample is under way; 1: one is sent in part; "
                             "2: ERRORS is not zero"),
            ("CONTROL", Access.WRITE, "bit 0: reset the accelerator, and forget samples under "
                                      "way"),
            ("CYCLES", read, "clock cycles since the reset"),
            ("LATENCY", read, "cycles from the first word in to the last word out, of the last "
                              "sample that found the accelerator idle"),
            ("ERRORS", Access.CLEAR, "bit 0: bad frame; 1: an access waited too long; 2: a sample "
                                     "sent in part was given up; 3: no such register or access; "
                                     "4: last word misplaced; 5: byte lost or broken on the link"),
            ("BAD_FRAMES", read, "frames that were rejected, 65,535 at most"),
            ("TIMEOUTS", read, "accesses and samples given up, 65,535 at most"),
            ("EPOCH", read, "resets of the accelerator, by whomever, modulo 256"),
            ("TIMEOUT", both, f"after so many times {self.tick} cycles without a word moving, an "
                              "access or a sample sent in part is given up; of 16 bits; 0: a "
                              "sample never, an access after 65,535"),
            ("STREAMS", read, "inputs, and from bit 8 outputs"),
        )
        return tuple(Register(name, index, access, text)
                     for index, (name, access, text) in enumerate(names))

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "magic": MAGIC, "version": VERSION, "identity": f"{self.identity:032x}",
            "tick": self.tick, "timeout": self.timeout,
            "registers": [{"name": each.name, "address": each.address,
                           "access": each.access.value, "text": each.text}
                          for each in self.registers],
        }


def _port(port: Port) -> tuple[Register, ...]:
    name, into = port.stream.name.upper(), port.stream.direction == "in"
    per = f"{port.stream.words} words of {port.stream.width} bits a sample"
    return (
        Register(f"{name}_DATA", port.data, Access.WRITE if into else Access.READ,
                 f"beats of {port.stream.tensor}: {per}"),
        Register(f"{name}_READY", port.ready, Access.READ,
                 "bit 0: there is room for a beat" if into else "bit 0: a beat is there"),
        Register(f"{name}_SAMPLES", port.samples, Access.READ,
                 "whole samples since the accelerator's reset, modulo 65,536"),
        Register(f"{name}_BEATS", port.layout, Access.READ, "beats of a sample"),
    )
