"""A master of Wishbone B4 classic cycles and a checker of its rules, for cocotb suites."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge

from verif.streams import as_word, cycle

__all__ = ["WishboneChecker", "WishboneMaster", "WishbonePorts"]

#: Signals of the bus.
_SIGNALS = ("cyc", "stb", "we", "adr", "dat_w", "sel", "dat_r", "ack", "err")


class WishbonePorts:
    """The signals of a bus, ``wishbone__cyc`` and so on, with the clock that they move by."""

    def __init__(self, dut: Any, prefix: str = "wishbone__", clock: str = "clk") -> None:
        self.clk = getattr(dut, clock)
        for name in _SIGNALS:
            setattr(self, name, getattr(dut, f"{prefix}{name}"))


class WishboneMaster:
    """One cycle after the other, with pauses before them in which ``cyc`` may stay.

    Parameters
    ----------
    ports : WishbonePorts
    pause : iterator of bool
        Whether to wait, clock cycle by clock cycle; without a pause ``stb`` stays up from one
        cycle to the next.
    """

    def __init__(self, ports: WishbonePorts, pause: Iterator[bool]) -> None:
        self._ports, self._pause = ports, pause
        self.release()

    def release(self) -> None:
        """Let go of the bus."""
        self._ports.cyc.value = self._ports.stb.value = 0

    async def transfer(self, address: int, data: int | None = None, select: int = 0b1111, *,
                       patience: int | None = None) -> tuple[int | None, bool] | None:
        """Write ``data``, or read; what was read (0 after a write), and whether ``err`` came.

        None if nothing came within ``patience`` clock cycles: the cycle is given up.
        """
        ports, edge = self._ports, RisingEdge(self._ports.clk)
        while next(self._pause):
            ports.cyc.value = random.getrandbits(1)
            self._distract()
            await edge
        ports.cyc.value = ports.stb.value = 1
        ports.we.value, ports.adr.value, ports.sel.value = data is not None, address, select
        ports.dat_w.value = random.getrandbits(32) if data is None else data
        waited = 0
        while patience is None or waited < patience:
            await edge
            waited += 1
            error = ports.err.value == 1
            if error or ports.ack.value == 1:
                found = as_word(str(ports.dat_r.value)) if data is None and not error else 0
                ports.stb.value = 0
                ports.cyc.value = random.getrandbits(1)
                return found, error
        # Either line alone ends it.
        ports.stb.value, ports.cyc.value = random.choice([(0, 0), (0, 1), (1, 0)])
        self._distract()
        await edge
        ports.stb.value = 0
        return None

    def _distract(self) -> None:
        """What the other lines carry does not matter now."""
        self._ports.we.value = random.getrandbits(1)
        self._ports.adr.value = random.getrandbits(len(self._ports.adr))


class WishboneChecker:
    """Fails the test when a classic cycle breaks a rule; counts how cycles end.

    Of "Wishbone B4", chapter 3: ``ack`` and ``err`` answer to ``cyc`` and ``stb`` together (rule
    3.35), at most one at a time (rule 3.45); each ends one cycle, and none comes after the
    master gave up. The master keeps address, data, ``sel`` and ``we`` while it waits
    (rule 3.60).

    Parameters
    ----------
    ports : WishbonePorts
    soonest : int
        Clock cycles that each cycle takes at least, besides the one in which it ends: an answer
        before that belongs to the cycle before.
    latest : int
        Clock cycles after which a cycle without an end is a fault.
    """

    def __init__(self, ports: WishbonePorts, *, soonest: int, latest: int = 400) -> None:
        self._ports, self._soonest, self._latest = ports, soonest, latest
        self.ends = {"ack": 0, "err": 0}
        self._task = cocotb.start_soon(self._run())

    def stop(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        ports, edge = self._ports, RisingEdge(self._ports.clk)
        held: list[str] | None = None
        waited = 0
        while True:
            await edge
            now = f"in cycle {cycle()}"
            ack, err = str(ports.ack.value), str(ports.err.value)
            assert {ack, err} <= {"0", "1"}, f"ack is {ack} and err is {err} {now}"
            assert (ack, err) != ("1", "1"), f"both ack and err {now}"
            strobe = ports.cyc.value == 1 and ports.stb.value == 1
            if not strobe:
                assert (ack, err) == ("0", "0"), f"an end without a cycle {now}"
                held, waited = None, 0
                continue
            asks = [str(line.value) for line in (ports.we, ports.adr, ports.sel, ports.dat_w)]
            assert held is None or asks == held, f"the master changed its mind {now}"
            held, waited = asks, waited + 1
            if (ack, err) == ("0", "0"):
                assert waited <= self._latest, f"no end after {waited} clock cycles, {now}"
                continue
            assert waited > self._soonest, f"an end too soon, of the cycle before, {now}"
            assert asks[0] == "1" or err == "1" or ports.dat_r.value.is_resolvable, \
                f"dat_r is {ports.dat_r.value} {now}"
            self.ends["ack" if ack == "1" else "err"] += 1
            held, waited = None, 0
