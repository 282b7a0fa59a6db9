"""Yosys commands for each family: from Verilog to a netlist of the family's cells.

Modules stay modules: each distinct one is synthesised once however often it is placed,
which makes an array of equal parts cheap, gives figures per module that add up to those of
the design, and lets a reader find in the netlist what stands in the source. LUT mapping
aims at a delay, not at the least there can be: alone in its module, every path is critical,
and would be mapped for speed at any price. With that, a dense network of 142 multipliers
takes 8,095 LUT4 on ECP5 module by module and 8,217 dissolved (``flatten``); without, 8,958.
"""

from __future__ import annotations

import msgspec

__all__ = ["MACRO_BITS", "Command", "Options", "commands"]

#: A command of Yosys; a number keeps memories of more bits out of what follows.
Command = str | int

#: On ``ihp``, larger memories than this are macros: not flip-flops and gates.
MACRO_BITS = 4096


#: Yosys's script for ABC9 without its last command, &mfs.
_FAST = ('scratchpad -set abc9.script '
         '"+&scorr;&sweep;&dc2;&dch,-f,-r;&ps;&if,{W},{D},{R},-v"')


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be chosen about a synthesis run.

    Parameters
    ----------
    dsp : bool
        Whether multipliers may become DSP blocks (on iCE40 only the UltraPlus has them).
    flatten : bool
        Whether to dissolve modules first; figures are then of the top alone.
    delay_ps : int
        What LUT mapping aims at for the logic from register to register, in picoseconds;
        beyond that it saves area. Half a clock period leaves the other half to the wires.
    fast : bool
        Whether to leave out the last step of LUT mapping, which looks for don't-cares. On
        wide multipliers made of LUTs it takes nine tenths of the time and saves a hundredth
        of the LUTs.
    variant : str
        Of the family: ``hx``, ``lp``, ``u`` (iCE40); ``gw1n``, ``gw2a``, ``gw5a`` (Gowin).
    pads : bool
        Whether ports of the top get the pads of pins, where nextpnr does not make them itself
        (Gowin, Nexus).
    """

    dsp: bool = True
    flatten: bool = False
    delay_ps: int = 10_000
    fast: bool = False
    variant: str = ""
    pads: bool = False


def commands(target: str, top: str, options: Options, *, liberty: str = "") -> list[Command]:
    """Commands from a design that has been read to a mapped one."""
    return [f"scratchpad -set abc9.D {options.delay_ps}", *([_FAST] if options.fast else []),
            *_synthesis(target, top, options, liberty=liberty)]


def _synthesis(target: str, top: str, options: Options, *, liberty: str) -> list[Command]:
    whole = "" if options.flatten else " -noflatten"
    no_dsp = "" if options.dsp else " -nodsp"
    match target:
        case "ecp5":
            return [f"synth_lattice -family ecp5 -top {top}{whole}{no_dsp}"]
        case "nexus":
            bare = "" if options.pads else " -noiopad"
            return [f"synth_lattice -family lifcl{bare} -top {top}{whole}{no_dsp}"]
        case "ice40":
            dsp = " -dsp" if options.dsp else ""
            # Inference would make 16 x 16 multipliers of cells of this kind that are there
            # already, in whatever mode: they have the name of a copy until it is done.
            chip = options.variant or "hx"
            return [f"read_verilog -D ICE40_{chip.upper()} -lib -specify +/ice40/cells_sim.v",
                    "copy SB_MAC16 gatemill_sb_mac16",
                    f"synth_ice40 -device {chip} -top {top}{whole}{dsp}",
                    "chtype -set SB_MAC16 t:gatemill_sb_mac16"]
        case "gowin":
            bare = "" if options.pads else " -noiopads"
            # nextpnr 0.11 knows no RAM in the LUTs of a GW5A.
            no_ram = " -nolutram" if options.variant == "gw5a" else ""
            return [f"synth_gowin -family {options.variant or 'gw2a'}{bare}{no_ram} "
                    f"-top {top}{whole}{no_dsp}"]
        case "xilinx":
            flat = " -flatten" if options.flatten else ""
            return [f"synth_xilinx -family xc7 -noiopad -noclkbuf -top {top}{flat}{no_dsp}"]
        case "ihp":
            return _standard_cells(top, liberty, flatten=options.flatten)
    raise ValueError(f"no flow for target {target!r}")


def _standard_cells(top: str, liberty: str, *, flatten: bool) -> list[Command]:
    flat = " -flatten" if flatten else ""
    return [
        f"synth -top {top}{flat} -run begin:fine",
        MACRO_BITS,
        "opt -fast -full",
        "memory_map -attr !macro",
        "opt -full",
        "techmap",
        "opt -fast",
        f"dfflibmap -liberty {liberty}",
        f"abc -liberty {liberty}",
        "opt_clean",
    ]
