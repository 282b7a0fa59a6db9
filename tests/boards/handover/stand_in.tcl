# Runs a script of a vendor's with stand-ins for the vendor's commands, each of which prints how it
# was called, its words between tabs: tclsh stand_in.tcl COMMANDS ANSWERS SCRIPT ARGUMENT...
# COMMANDS are those that there are; ANSWERS pairs of a command and what it gives.
lassign $argv commands answers script
set argv [lrange $argv 3 end]
foreach command $commands {
  set answer ""
  catch { set answer [dict get $answers $command] }
  proc $command args [format {
    puts [join [list %s {*}$args] \t]
    return %s
  } [list $command] [list $answer]]
}
source $script
