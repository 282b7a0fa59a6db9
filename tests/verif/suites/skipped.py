"""A suite whose only test does not run."""

import cocotb


@cocotb.test(skip=True)
async def never(dut):
    raise AssertionError("this must not run")
