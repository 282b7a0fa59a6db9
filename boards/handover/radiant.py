"""Lattice Radiant: a project script, and constraints to be completed."""

from __future__ import annotations

from string import Template

from .delivery import RTL, Delivery

__all__ = ["constraints", "script"]

#: Of the script, unless they are given: the device and grade of a CrossLink-NX board.
PART, GRADE = "LIFCL-40-7BG400I", "7_High-Performance_1.0V"

_SCRIPT = Template("""\
# Makes a Radiant project of $title in ./${top}_radiant and synthesises it:
#
#   radiantc ${top}_radiant.tcl ?part? ?grade? ?top?
#
# The top is $top alone or behind a bus: $tops.
set here [file dirname [file normalize [info script]]]
set part "$part"
set grade "$grade"
set top "$default"
if {[llength $$argv] > 0} { set part [lindex $$argv 0] }
if {[llength $$argv] > 1} { set grade [lindex $$argv 1] }
if {[llength $$argv] > 2} { set top [lindex $$argv 2] }

set project [file join [pwd] ${top}_radiant]
file mkdir [file join $$project impl_1]
cd $$project
prj_create -name ${top}_radiant -impl impl_1 -dev $$part -performance $$grade -synthesis lse
foreach name {$sources} {
  prj_add_source [file join $$here $rtl $$name]
}
# Read by $$readmemh, by their bare names, where synthesis runs.
foreach name {$images} {
  file copy -force [file join $$here $rtl $$name] $$project
  file copy -force [file join $$here $rtl $$name] [file join $$project impl_1]
}
prj_add_source [file join $$here ${top}_radiant.pdc]
prj_set_impl_opt -impl impl_1 top $$top
prj_save
prj_run Synthesis -impl impl_1
prj_close
""")

_CONSTRAINTS = Template("""\
# $mhz MHz.
create_clock -name {clk} -period $period [get_ports $clock]

# With pins of a board, complete and uncomment:
# ldc_set_location -site {?} [get_ports $clock]
# ldc_set_location -site {?} [get_ports $reset]
# ldc_set_port -iobuf {IO_TYPE=LVCMOS33} [get_ports $clock]
""")


def script(delivery: Delivery) -> str:
    """The text of ``<top>_radiant.tcl``."""
    tops = [shell.top for shell in delivery.shells.values()]
    return _SCRIPT.substitute(
        title=delivery.manifest.name, top=delivery.name, tops=", ".join(tops), part=PART,
        grade=GRADE, default=delivery.shells["wishbone"].top,
        sources=" ".join(delivery.sources), rtl=RTL, images=" ".join(delivery.images))


def constraints(delivery: Delivery) -> str:
    """The text of ``<top>_radiant.pdc``."""
    return _CONSTRAINTS.substitute(
        mhz=f"{delivery.clock_mhz:g}", period=f"{delivery.period_ns:.3f}",
        clock=delivery.manifest.clock, reset=delivery.manifest.reset)
