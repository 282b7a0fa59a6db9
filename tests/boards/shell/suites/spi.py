"""Samples through the SPI shell: frames by a controller with pauses, and broken off."""

from __future__ import annotations

import json
import os
import random
import zlib
from pathlib import Path

import cocotb
from cocotb.triggers import Timer

from verif.streams import PERIOD, start_clock

CASES = json.loads(Path(os.environ["CASES"]).read_text())
INPUT, OUTPUT = (CASES["streams"][name]["beats"] for name in "io")
I_DATA, O_DATA, CONTROL, ERRORS, BAD_FRAMES = 16, 20, 7, 10, 11
READ, WRITE = 0, 1
FLAG, ESCAPE = 0x7E, 0x7D


def stuffed(content):
    content += zlib.crc32(content).to_bytes(4, "little")
    out = bytearray()
    for byte in content:
        out += bytes([ESCAPE, byte ^ 0x20]) if byte in (FLAG, ESCAPE) else bytes([byte])
    return bytes([FLAG, *out, FLAG])


def contents(data):
    """Of the whole frames in ``data``."""
    for part in bytes(data).split(bytes([FLAG]))[1:-1]:
        out, escaped = bytearray(), False
        for byte in part:
            if byte == ESCAPE:
                escaped = True
            else:
                out.append(byte ^ 0x20 if escaped else byte)
                escaped = False
        if len(out) >= 10 and zlib.crc32(out[:-4]) == int.from_bytes(out[-4:], "little"):
            yield bytes(out[:-4])


class Controller:
    """Mode 0, at the fastest SCK or slower, with pauses between bytes and selections."""

    def __init__(self, dut, pause):
        self.dut, self.pause, self.sequence, self.requests = dut, pause, 0, 0
        dut.cs_n.value, dut.sck.value, dut.copi.value = 1, 0, 0

    async def select(self, on):
        await Timer(6 * PERIOD, "ns")
        self.dut.cs_n.value = not on
        await Timer(6 * PERIOD, "ns")

    async def byte(self, byte, bits=8):
        if random.random() < self.pause:
            await Timer(random.randrange(1, 9) * PERIOD, "ns")
        half = random.choice([20, 27, 33]) if self.pause else 2 * PERIOD
        came = 0
        for bit in range(bits):
            self.dut.copi.value = byte >> 7 - bit & 1
            await Timer(half, "ns")
            self.dut.sck.value = 1
            came = came << 1 | int(self.dut.cipo.value)
            await Timer(half, "ns")
            self.dut.sck.value = 0
        return came

    async def request(self, operation, register, words):
        self.sequence = (self.sequence + 1) % 256
        self.requests += 1
        payload = b"".join(word.to_bytes(4, "little") for word in words)
        sent = stuffed(bytes([self.sequence, operation]) + register.to_bytes(2, "little")
                       + len(payload).to_bytes(2, "little") + payload)
        await self.select(True)
        came = bytearray([await self.byte(byte) for byte in sent])
        for _ in range(400):
            came.append(await self.byte(FLAG))
            if came[-1] == FLAG:
                for content in contents(came):
                    if content[0] == self.sequence:
                        await self.select(False)
                        return content[1], [int.from_bytes(content[k:k + 4], "little")
                                            for k in range(6, len(content), 4)]
        raise AssertionError(f"no response to request {self.sequence}")

    async def sample(self, number):
        assert await self.request(WRITE, I_DATA, INPUT[number]) == (0, [])
        assert await self.request(READ, O_DATA, [len(OUTPUT[number])]) == (0, OUTPUT[number])


async def started(dut, pause=0.0):
    start_clock(dut)
    dut.reset.value = 0
    controller = Controller(dut, pause)
    # The reset after configuration: 16 microseconds at 12 MHz.
    await Timer(250 * PERIOD, "ns")
    return controller


@cocotb.test()
@cocotb.parametrize((("pause", "requests"), [(0, 100), (0.3, 1000)]))
async def samples_come_out_right(dut, pause, requests):
    controller = await started(dut, pause)
    number = 0
    while controller.requests < requests:
        await controller.sample(number % CASES["samples"])
        number += 1
    assert await controller.request(READ, ERRORS, [1]) == (0, [0])


@cocotb.test()
async def is_usable_after_a_break(dut):
    """A selection that ends in the middle of a request, and a reset by the button."""
    controller = await started(dut)
    for after in range(12):
        sent = stuffed(bytes([99, WRITE, I_DATA, 0, 4 * len(INPUT[0]), 0])
                       + b"".join(word.to_bytes(4, "little") for word in INPUT[0]))
        await controller.select(True)
        for byte in sent[:2 + after]:
            await controller.byte(byte)
        await controller.byte(0x55, bits=after % 8)
        await controller.select(False)
        if after % 3 == 0:
            dut.reset.value = 1
            await Timer(20 * PERIOD, "ns")
            dut.reset.value = 0
            await Timer(250 * PERIOD, "ns")
            controller.sequence = 0
        else:
            assert (await controller.request(WRITE, CONTROL, [1]))[0] == 0
        await controller.sample(after)
