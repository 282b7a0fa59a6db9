"""The register map as a C header and as a Python module, from the one table."""

from __future__ import annotations

import json
import re
import textwrap
from enum import IntFlag

from .registers import MAGIC, VERSION, Error, Port, RegisterMap, Status

__all__ = ["c_header", "headers", "python_header"]

_WIDTH = 96


def headers(map: RegisterMap, name: str) -> dict[str, str]:
    """Both headers, and the map as JSON, by their files' names."""
    return {f"{name}.h": c_header(map, name), f"{name}_registers.py": python_header(map, name),
            f"{name}_registers.json": json.dumps(map.as_dict(), indent=1) + "\n"}


def c_header(map: RegisterMap, name: str) -> str:
    """A C header: byte addresses, bits, layout of the data, and what must be read.

    Parameters
    ----------
    map : RegisterMap
    name : str
        Of the design: the prefix of every name, in capitals.
    """
    prefix = re.sub(r"\W", "_", name).upper()
    lines = [f"/* Registers of {name}, all of 32 bits: byte addresses. */", f"#ifndef {prefix}_H",
             f"#define {prefix}_H", ""]
    for register in map.registers:
        lines += _comment(f"{register.access.value}: {register.text}")
        lines.append(f"#define {prefix}_{register.name} 0x{register.address:02X}u")
    lines += ["", "/* What registers read that never change. */",
              f"#define {prefix}_MAGIC_VALUE 0x{MAGIC:08X}u",
              f"#define {prefix}_VERSION_VALUE {VERSION}u"]
    lines += [f"#define {prefix}_ID_{k}_VALUE 0x{map.identity >> 32 * k & 0xFFFF_FFFF:08X}u"
              for k in range(4)]
    for flags in (Status, Error):
        lines += ["", f"/* Bits of {_register_of(flags)}. */"]
        lines += [f"#define {prefix}_{_register_of(flags)}_{flag.name} {flag.value}u"
                  for flag in flags]
    lines += ["", "/* Cycles of a tick of TIMEOUT. */", f"#define {prefix}_TICK {map.tick}u"]
    for port in (*map.inputs, *map.outputs):
        stream, each = port.stream, f"{prefix}_{port.stream.name.upper()}"
        lines += ["", *_comment(_layout(port)), f"#define {each}_BEATS_VALUE {port.beats}u",
                  f"#define {each}_WORD_BITS {stream.width}u",
                  f"#define {each}_WORDS {stream.words}u", f"#define {each}_LANES {stream.lanes}u",
                  f"#define {each}_LANE_BITS {stream.number_format.width}u"]
    return "\n".join([*lines, "", "#endif", ""])


def python_header(map: RegisterMap, name: str) -> str:
    """A Python module with the same names, as :func:`c_header` has them, but no prefix."""
    lines = [f'"""Registers of {name}, all of 32 bits: byte addresses."""', ""]
    for register in map.registers:
        lines += textwrap.wrap(f"{register.access.value}: {register.text}", _WIDTH,
                               initial_indent="#: ", subsequent_indent="#: ")
        lines.append(f"{register.name} = 0x{register.address:02X}")
    lines += ["", "# What registers read that never change.", f"MAGIC_VALUE = 0x{MAGIC:08X}",
              f"VERSION_VALUE = {VERSION}", f"ID_VALUE = 0x{map.identity:032X}"]
    for flags in (Status, Error):
        lines += ["", f"# Bits of {_register_of(flags)}."]
        lines += [f"{_register_of(flags)}_{flag.name} = {flag.value}" for flag in flags]
    lines += ["", "# Cycles of a tick of TIMEOUT.", f"TICK = {map.tick}"]
    for port in (*map.inputs, *map.outputs):
        stream, each = port.stream, port.stream.name.upper()
        lines += ["", *textwrap.wrap(_layout(port), _WIDTH, initial_indent="# ",
                                     subsequent_indent="# "),
                  f"{each}_BEATS_VALUE = {port.beats}", f"{each}_WORD_BITS = {stream.width}",
                  f"{each}_WORDS = {stream.words}", f"{each}_LANES = {stream.lanes}",
                  f"{each}_LANE_BITS = {stream.number_format.width}"]
    return "\n".join([*lines, ""])


def _register_of(flags: type[IntFlag]) -> str:
    return {Status: "STATUS", Error: "ERRORS"}[flags]


def _layout(port: Port) -> str:
    stream, way = port.stream, "into" if port.stream.direction == "in" else "out of"
    lies = (f"{32 // stream.width} words a beat, the first lowest" if stream.width <= 32
            else f"{-(-stream.width // 32)} beats a word, its low bits first")
    return (f"{stream.tensor}, {way} the accelerator: {stream.vectors} x {stream.vector} codes of "
            f"{stream.format}, lane 0 of a word lowest; {lies}; a sample starts on a beat.")


def _comment(text: str) -> list[str]:
    wrapped = textwrap.wrap(text, _WIDTH)
    return [f"{'/* ' if k == 0 else ' * '}{line}{' */' if k == len(wrapped) - 1 else ''}"
            for k, line in enumerate(wrapped)]
