"""Vivado: a project script, and constraints to be completed."""

from __future__ import annotations

from string import Template

from .delivery import RTL, Delivery

__all__ = ["constraints", "script"]

#: Of the script, unless one is given: that of an Arty A7-35.
PART = "xc7a35ticsg324-1L"

_SCRIPT = Template("""\
# Makes a Vivado project of $title in ./${top}_vivado and synthesises it:
#
#   vivado -mode batch -source ${top}_vivado.tcl -tclargs ?part? ?top?
#
# The top is $top alone or behind a bus: $tops. It is synthesised out of context, as a part
# of a larger design: no pins.
set here [file dirname [file normalize [info script]]]
set part "$part"
set top "$default"
if {[llength $$argv] > 0} { set part [lindex $$argv 0] }
if {[llength $$argv] > 1} { set top [lindex $$argv 1] }

create_project -force ${top}_vivado [file join [pwd] ${top}_vivado] -part $$part
foreach name {$sources} {
  add_files -norecurse [file join $$here $rtl $$name]
}
# Read by $$readmemh, by their bare names.
foreach name {$images} {
  add_files -norecurse [file join $$here $rtl $$name]
  set_property file_type "Memory Initialization Files" [get_files $$name]
}
add_files -fileset constrs_1 -norecurse [file join $$here ${top}_vivado.xdc]
set_property top $$top [current_fileset]
set_property -name {STEPS.SYNTH_DESIGN.ARGS.MORE OPTIONS} -value {-mode out_of_context} \\
  -objects [get_runs synth_1]
update_compile_order -fileset sources_1

launch_runs synth_1
wait_on_run synth_1
if {[get_property PROGRESS [get_runs synth_1]] ne "100%"} {
  error "synthesis failed: see ${top}_vivado"
}
open_run synth_1
report_utilization -hierarchical -file ${top}_utilization.txt
report_timing_summary -file ${top}_timing.txt
""")

_CONSTRAINTS = Template("""\
# $mhz MHz.
create_clock -period $period -name clk [get_ports $clock]

# With pins of a board, complete and uncomment:
# set_property -dict {PACKAGE_PIN ? IOSTANDARD LVCMOS33} [get_ports $clock]
# set_property -dict {PACKAGE_PIN ? IOSTANDARD LVCMOS33} [get_ports $reset]
""")


def script(delivery: Delivery) -> str:
    """The text of ``<top>_vivado.tcl``."""
    tops = [shell.top for shell in delivery.shells.values()]
    return _SCRIPT.substitute(
        title=delivery.manifest.name, top=delivery.name, tops=", ".join(tops), part=PART,
        default=delivery.shells["axi"].top, sources=" ".join(delivery.sources), rtl=RTL,
        images=" ".join(delivery.images))


def constraints(delivery: Delivery) -> str:
    """The text of ``<top>_vivado.xdc``."""
    return _CONSTRAINTS.substitute(
        mhz=f"{delivery.clock_mhz:g}", period=f"{delivery.period_ns:.3f}",
        clock=delivery.manifest.clock, reset=delivery.manifest.reset)
