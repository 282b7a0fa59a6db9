"""C and Python agree with the map, and compilers with the text."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from boards.headers import c_header, headers, python_header
from boards.registers import Error, Status
from tests.support.register_maps import IDENTITY, a_map, a_stream

MAPS = {
    "two": a_map(), "axi": a_map(ports=False),
    "many": a_map(a_stream("i", "in"), a_stream("j", "in", "uint4", lanes=2),
                  a_stream("o", "out", "int40", lanes=2, vectors=3)),
}


def python_names(map):
    names = {}
    exec(python_header(map, "a design"), names)
    return {name: value for name, value in names.items() if name.isupper()}


@pytest.mark.parametrize("key", MAPS)
def test_python_is_the_map(key):
    map, names = MAPS[key], python_names(MAPS[key])
    for register in map.registers:
        assert names.pop(register.name) == register.address
    assert names.pop("ID_VALUE") == IDENTITY
    assert names.pop("TICK") == map.tick
    for port in (*map.inputs, *map.outputs):
        each = port.stream.name.upper()
        assert names.pop(f"{each}_BEATS_VALUE") == port.beats
        assert names.pop(f"{each}_WORDS") == port.stream.words
        assert (names.pop(f"{each}_LANES") * names.pop(f"{each}_LANE_BITS")
                == names.pop(f"{each}_WORD_BITS") == port.stream.width)
    for name, flags in (("STATUS", Status), ("ERRORS", Error)):
        for flag in flags:
            assert names.pop(f"{name}_{flag.name}") == flag
    assert names == {"MAGIC_VALUE": 0x474D494C, "VERSION_VALUE": 1}


@pytest.mark.parametrize("key", MAPS)
def test_c_is_python(key, tmp_path, need):
    """As a C compiler reads it, with warnings as errors, twice in one file."""
    need("verilator")
    expected = python_names(MAPS[key])
    (tmp_path / "d.h").write_text(c_header(MAPS[key], "a design-1"))
    identity = expected.pop("ID_VALUE")
    expected |= {f"ID_{k}_VALUE": identity >> 32 * k & 0xFFFF_FFFF for k in range(4)}
    body = "".join(f'  printf("{name} %lu\\n", (unsigned long)A_DESIGN_1_{name});\n'
                   for name in expected)
    (tmp_path / "d.c").write_text('#include <stdio.h>\n#include "d.h"\n#include "d.h"\n'
                                  f"int main(void) {{\n{body}  return 0;\n}}\n")
    subprocess.run(["c++", "-x", "c", "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror",
                    "-o", "d", "d.c"], cwd=tmp_path, check=True)
    said = subprocess.run(["./d"], cwd=tmp_path, capture_output=True, text=True, check=True)
    found = dict(line.split() for line in said.stdout.splitlines())
    assert {name: int(value) for name, value in found.items()} == expected
    names = re.findall(r"#define (\w+)", (tmp_path / "d.h").read_text())
    assert len(names) == len(set(names)) == len(expected) + 1


def test_lines_are_short():
    for text in (c_header(MAPS["many"], "d"), python_header(MAPS["many"], "d")):
        assert max(map(len, text.splitlines())) <= 100


def test_files():
    found = headers(MAPS["two"], "d_uart")
    assert set(found) == {"d_uart.h", "d_uart_registers.py", "d_uart_registers.json"}
    assert json.loads(found["d_uart_registers.json"]) == MAPS["two"].as_dict()
