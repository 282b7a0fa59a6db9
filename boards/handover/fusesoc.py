"""A FuseSoC core: the accelerator, its shells, and a simulation that checks itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from .delivery import RTL, TESTBENCH, Delivery

__all__ = ["core_file", "core_name"]


def core_name(delivery: Delivery) -> str:
    """Vendor, library, name and version, as FuseSoC calls a core.

    A version of Gatemill's has more parts than FuseSoC knows: the numbers are kept.
    """
    version = re.match(r"\d+(\.\d+)*", delivery.manifest.gatemill)
    return f"gatemill:networks:{delivery.name}:{version[0] if version else '0'}"


def core_file(delivery: Delivery, bench: Iterable[str]) -> str:
    """The text of a ``.core`` file of CAPI2, whose paths begin where it lies.

    Parameters
    ----------
    delivery : Delivery
    bench : iterable of str
        Names of the testbench's files.
    """
    top, bench = delivery.name, sorted(bench)
    sets = {"rtl": _verilog([delivery.verilog], RTL), "memory": _images(delivery.images, RTL)}
    targets = {"default": _target(["rtl", "memory"], top)}
    for kind, shell in delivery.shells.items():
        sets[kind] = _verilog([f"{shell.top}.v"], RTL)
        targets[kind] = _target(["rtl", "memory", kind], shell.top)
    sets["testbench"] = [
        *_verilog([name for name in bench if not name.endswith(".mem")], TESTBENCH),
        *_images([name for name in bench if name.endswith(".mem")], TESTBENCH)]
    targets["sim"] = [
        *_target(["rtl", "memory", "testbench"], f"{top}_tb"), "    flow: sim",
        "    flow_options:", "      tool: icarus", "      iverilog_options: [-g2012]"]
    lines = ["CAPI=2:", f"name: {core_name(delivery)}",
             f"description: {json.dumps(f'{delivery.manifest.name}, a neural network')}",
             "filesets:"]
    for name, files in sets.items():
        # An empty list would be read as none.
        lines += [f"  {name}:", "    files:" if files else "    files: []", *files]
    lines.append("targets:")
    for name, text in targets.items():
        lines += [f"  {name}:", *text]
    return "\n".join([*lines, ""])


def _verilog(names: Iterable[str], folder: str) -> list[str]:
    return [f"      - {folder}/{name}: {{file_type: "
            f"{'systemVerilogSource' if name.endswith('.sv') else 'verilogSource'}}}"
            for name in names]


def _images(names: Iterable[str], folder: str) -> list[str]:
    """$readmemh looks for them where the tool runs."""
    return [f"      - {folder}/{name}: {{file_type: user, copyto: {name}}}" for name in names]


def _target(sets: Iterable[str], top: str) -> list[str]:
    return [f"    filesets: [{', '.join(sets)}]", f"    toplevel: {top}"]
