"""One test that passes, one that fails, one that depends on its surroundings."""

import os
from pathlib import Path

import cocotb
from cocotb.triggers import Timer


@cocotb.test()
async def passes(dut):
    await Timer(1, "ns")


@cocotb.test()
async def fails(dut):
    await Timer(1, "ns")
    assert int(dut.o_valid.value) == 2, "one is not two"


@cocotb.test()
async def sees_its_surroundings(dut):
    await Timer(1, "ns")
    assert os.environ["GREETING"] == "hello"
    assert Path("here.txt").read_text() == "found"
    assert os.environ["COCOTB_RANDOM_SEED"] == "77"
