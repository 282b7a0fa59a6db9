"""Which port stands at which pin, in each family's own file: LPF, PCF, CST, PDC."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .board import Pin

__all__ = ["constraints"]


def constraints(family: str, pins: Mapping[str, Pin], clock: str, clock_mhz: float) -> str:
    """The file of pins for nextpnr.

    Parameters
    ----------
    family : str
        ``ecp5``, ``ice40``, ``gowin`` or ``nexus``.
    pins : mapping of str to Pin
        By the top's ports, all of one bit. Whether a pin is inverted is not for nextpnr.
    clock : str
        The port of the oscillator.
    clock_mhz : float
        Its frequency.
    """
    write, period = _WRITERS[family]
    return "".join([*(write(name, pin) for name, pin in pins.items()),
                    period(clock, clock_mhz)])


def _lpf(name: str, pin: Pin) -> str:
    words = _words(pin, "IO_TYPE", "PULLMODE")
    return (f'LOCATE COMP "{name}" SITE "{pin.site}";\n'
            + (f'IOBUF PORT "{name}" {words};\n' if words else ""))


def _pcf(name: str, pin: Pin) -> str:
    # The standard of a bank is its supply's; a pull-down does not exist.
    pull = "-pullup yes " if pin.pull == "up" else ""
    return f"set_io {pull}{name} {pin.site}\n"


def _cst(name: str, pin: Pin) -> str:
    words = _words(pin, "IO_TYPE", "PULL_MODE")
    return (f'IO_LOC "{name}" {pin.site};\n'
            + (f'IO_PORT "{name}" {words};\n' if words else ""))


def _pdc(name: str, pin: Pin) -> str:
    words = _words(pin, "IO_TYPE", "PULLMODE")
    return (f"ldc_set_location -site {{{pin.site}}} [get_ports {name}]\n"
            + (f"ldc_set_port -iobuf {{{words}}} [get_ports {name}]\n" if words else ""))


def _words(pin: Pin, standard: str, pull: str) -> str:
    return " ".join([*([f"{standard}={pin.standard}"] if pin.standard else ()),
                     *([f"{pull}={pin.pull.upper()}"] if pin.pull else ())])


#: Of each family: a pin, and the frequency of a clock (Gowin has it from ``--freq`` alone).
_WRITERS: Mapping[str, tuple[Callable[[str, Pin], str], Callable[[str, float], str]]] = {
    "ecp5": (_lpf, lambda name, mhz: f'FREQUENCY PORT "{name}" {mhz:g} MHZ;\n'),
    "ice40": (_pcf, lambda name, mhz: f"set_frequency {name} {mhz:g}\n"),
    "gowin": (_cst, lambda name, mhz: ""),
    "nexus": (_pdc, lambda name, mhz:
              f"create_clock -period {1000 / mhz:.6f} -name {{{name}}} [get_ports {name}]\n"),
}
