"""Boards that amaranth-boards describes: their pins are looked up there, not typed again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from amaranth.build import Attrs, Pins, Resource, Subsignal

from .board import Board, Pin, Spi, Uart
from .devices import device as find_device

__all__ = ["BORROWED", "Source", "borrow"]

#: nextpnr's names of ECP5 packages, by Lattice's.
_PACKAGES = {"BG256": "CABGA256", "BG381": "CABGA381", "BG554": "CABGA554",
             "BG756": "CABGA756", "MG285": "CSFBGA285"}


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a board stands in amaranth-boards, and what does not stand there.

    Parameters
    ----------
    platform : callable
        Imports and gives the platform's class.
    device : str
        Ours.
    leds : tuple of str
        Resources whose pins are the LEDs; a resource of several colours gives green, then red,
        then blue.
    reset : str
        Resource of a button or of a reset; empty for none.
    uart : str
        Connector and its pins ``rx tx``, where no resource is a serial port.
    spi : str
        Connector and its pins ``cs copi cipo clk``.
    programmer, flash, pack
        See :class:`boards.board.Board`.
    """

    platform: Callable[[], Any]
    device: str
    leds: tuple[str, ...] = ("led",)
    reset: str = ""
    uart: str = ""
    spi: str = ""
    programmer: str = ""
    flash: bool = False
    pack: tuple[str, ...] = ()


def borrow(name: str, source: Source) -> Board:
    """The board ``name``."""
    platform = source.platform()
    find = {(resource.name, resource.number): resource for resource in platform.resources}
    wires = {f"{connector.name}_{connector.number}:{pin}": site
             for connector in platform.connectors for pin, site in connector.mapping.items()}
    clock = find[platform.default_clk, 0]
    serial = find.get(("uart", 0))
    (oscillator,) = _pins(clock)
    attributes = _attributes(clock.attrs if serial is None else serial.attrs)

    def wired(text: str) -> tuple[Pin, ...]:
        connector, *pins = text.split()
        return tuple(Pin(site=wires[f"{connector}:{pin}"], **attributes) for pin in pins)

    uart = spi = None
    if serial is not None:
        ends = {part.name: pin for part in serial.ios for pin in _pins(part, serial.attrs)}
        uart = Uart(rx=ends["rx"], tx=ends["tx"])
    elif source.uart:
        uart = Uart(**dict(zip(("rx", "tx"), wired(source.uart), strict=True)))
    if source.spi:
        spi = Spi(**dict(zip(("cs", "copi", "cipo", "clk"), wired(source.spi), strict=True)))
    chip = find_device(source.device)
    leds = [pin for led in source.leds for (kind, _), resource in find.items() if kind == led
            for pin in _leds(resource)]
    return Board(
        name=name, device=chip.name, nextpnr=_nextpnr(platform, chip.family, chip.placed),
        clock=oscillator, clock_mhz=clock.clock.frequency / 1e6,
        reset=next(_pins(find[source.reset, 0])) if source.reset else None,
        uart=uart, spi=spi, leds=tuple(leds), programmer=source.programmer, flash=source.flash,
        pack=source.pack)


def _nextpnr(platform: Any, family: str, placed: Callable[..., tuple[str, ...]]
             ) -> tuple[str, ...]:
    match family:
        case "ecp5":
            return placed(package=_PACKAGES[platform.package], speed=platform.speed)
        case "ice40":
            return placed(package=platform.package.lower())
    return placed(part=platform.part)


def _pins(resource: Resource, around: Attrs | None = None) -> Iterator[Pin]:
    """Pins of a resource or of a part of one, in its order."""
    attributes = {**(around or {}), **resource.attrs}
    for part in resource.ios:
        if isinstance(part, Pins):
            for site in part.names:
                yield Pin(site=site, inverted=part.invert, **_attributes(attributes))
        else:
            yield from _pins(part, Attrs(**attributes))


def _leds(resource: Resource) -> list[Pin]:
    colours = {part.name: pin for part in resource.ios if isinstance(part, Subsignal)
               for pin in _pins(part, resource.attrs)}
    return [colours[name] for name in "grb"] if colours else list(_pins(resource))


def _attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Standard and pull, which every family spells in its own way."""
    pull = attributes.get("PULLMODE") or attributes.get("PULL_MODE") or (
        "UP" if attributes.get("PULLUP") else "")
    return {"standard": attributes.get("IO_TYPE") or attributes.get("IO_STANDARD") or "",
            "pull": {"UP": "up", "DOWN": "down"}.get(pull, "")}


def _ulx3s(size: str) -> Callable[[], Any]:
    def platform() -> Any:
        from amaranth_boards import ulx3s
        return getattr(ulx3s, f"ULX3S_{size}_Platform")
    return platform


def _orangecrab(size: str) -> Callable[[], Any]:
    def platform() -> Any:
        from amaranth_boards import orangecrab_r0_2
        return getattr(orangecrab_r0_2, f"OrangeCrabR0_2_{size}Platform")
    return platform


def _ecpix5(size: str) -> Callable[[], Any]:
    def platform() -> Any:
        from amaranth_boards import ecpix5
        return getattr(ecpix5, f"ECPIX5{size}Platform")
    return platform


def _icebreaker() -> Any:
    from amaranth_boards.icebreaker import ICEBreakerPlatform
    return ICEBreakerPlatform


def _icesugar() -> Any:
    from amaranth_boards.icesugar import ICESugarPlatform
    return ICESugarPlatform


def _hx8k() -> Any:
    from amaranth_boards.ice40_hx8k_b_evn import ICE40HX8KBEVNPlatform
    return ICE40HX8KBEVNPlatform


def _tang_nano_9k() -> Any:
    from amaranth_boards.tang_nano_9k import TangNano9kPlatform
    return TangNano9kPlatform


#: Every board that is borrowed, by name. On a PMOD, SPI takes pins 1 to 4 as Digilent does.
BORROWED: dict[str, Source] = {
    **{f"ulx3s-{size}f": Source(
        platform=_ulx3s(f"{size}F"), device=f"ecp5-{size}k", reset="button_fire",
        spi="gpio_0 0+ 1+ 2+ 3+", programmer="ulx3s") for size in (12, 25, 45, 85)},
    **{f"orangecrab-{size}f": Source(
        platform=_orangecrab(f"{size}F"), device=f"ecp5-{size}k", leds=("rgb_led",),
        uart="io_0 0 1", spi="io_0 10 copi cipo sck", programmer="orangeCrab", flash=True)
       for size in (25, 85)},
    **{f"ecpix5-{size}f": Source(
        platform=_ecpix5(str(size)), device=f"ecp5-{size}k", leds=("rgb_led",), reset="rst",
        spi="pmod_0 1 2 3 4", programmer="ecpix5") for size in (45, 85)},
    "icebreaker": Source(platform=_icebreaker, device="ice40-up5k",
                         leds=("led_g", "led_r"), reset="button",
                         spi="pmod_0 1 2 3 4", programmer="ice40_generic", flash=True),
    "icesugar": Source(platform=_icesugar, device="ice40-up5k",
                       leds=("led_g", "led_r", "led_b"), spi="pmod_1 1 2 3 4", flash=True),
    "ice40-hx8k-evn": Source(platform=_hx8k, device="ice40-hx8k", spi="j_2 9 10 11 12",
                             programmer="ice40_generic", flash=True),
    "tang-nano-9k": Source(platform=_tang_nano_9k, device="gowin-gw1nr9", reset="button",
                           programmer="tangnano9k",
                           pack=("--sspi_as_gpio", "--mspi_as_gpio")),
}
