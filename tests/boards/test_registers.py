"""The register map: where everything stands, and what it holds."""

from __future__ import annotations

import json

import pytest

from boards.registers import MAGIC, VERSION, Access, Error, RegisterMap, Status
from tests.support.register_maps import IDENTITY, a_map, a_stream
from verif.manifest import Prediction


def test_common_part():
    names = [each.name for each in a_map(ports=False).registers]
    assert names == ["MAGIC", "VERSION", "ID_0", "ID_1", "ID_2", "ID_3", "STATUS", "CONTROL",
                     "CYCLES", "LATENCY", "ERRORS", "BAD_FRAMES", "TIMEOUTS", "EPOCH",
                     "TIMEOUT", "STREAMS"]
    assert MAGIC.to_bytes(4, "big") == b"GMIL"
    assert (Error.LINK, Status.ERROR) == (32, 4)


def test_ports_follow():
    map = a_map(a_stream("i", "in"), a_stream("j", "in", "uint4"),
                a_stream("o", "out", "int40", lanes=2))
    assert [(each.name, each.address) for each in map.registers[16:]] == [
        ("I_DATA", 0x40), ("I_READY", 0x44), ("I_SAMPLES", 0x48), ("I_BEATS", 0x4C),
        ("J_DATA", 0x50), ("J_READY", 0x54), ("J_SAMPLES", 0x58), ("J_BEATS", 0x5C),
        ("O_DATA", 0x60), ("O_READY", 0x64), ("O_SAMPLES", 0x68), ("O_BEATS", 0x6C)]
    assert map["I_DATA"].access is Access.WRITE
    assert map["O_DATA"].access is Access.READ
    assert [port.beats for port in (*map.inputs, *map.outputs)] == [4, 2, 15]
    assert map.address_width == 5


def test_constants():
    map = a_map()
    words = {map.registers[index].name: word for index, word in map.constants.items()}
    identity = sum(words.pop(f"ID_{k}") << 32 * k for k in range(4))
    assert identity == IDENTITY
    assert words == {"MAGIC": MAGIC, "VERSION": VERSION, "STREAMS": 0x101, "I_BEATS": 4,
                     "O_BEATS": 4}


@pytest.mark.parametrize(("latency", "cycles"), [(1, 1 << 20), (131_072, 1 << 20),
                                                 (10**7, 8 * 10**7), (10**9, 8 * 10**9)])
def test_patience_outlasts_the_network(latency, cycles):
    """In 16 bits, whatever the latency; and no more than a tick too long."""
    map = a_map(latency=latency)
    assert 1 <= map.timeout < 1 << 16
    assert cycles <= map.timeout * map.tick < cycles + map.tick


def test_identity_of_128_bits():
    with pytest.raises(ValueError, match="identity must have at most 128 bits, not 0x1"):
        RegisterMap([a_stream("i", "in")], Prediction(interval=1, latency=1), identity=1 << 128)


def test_json():
    text = json.dumps(a_map().as_dict())
    found = json.loads(text)
    assert found["identity"] == f"{IDENTITY:032x}"
    assert found["registers"][7]["name"] == "CONTROL"
    assert found["registers"][7]["access"] == "write only"
