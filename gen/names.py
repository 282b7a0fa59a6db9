"""Names that Verilog, file systems and people can all live with."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

__all__ = ["LONGEST", "identifier", "identifiers"]

#: Characters of the longest identifier: what is derived from it still is a file's name.
LONGEST = 80

# IEEE 1800-2023, table B.1 (Verilator and Yosys read .v files as such, or nearly), what every
# module here has, and words of C++ that become members of Verilator's classes.
_KEYWORDS = frozenset("""
    accept_on alias always always_comb always_ff always_latch and assert assign assume automatic
    before begin bind bins binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle
    checker class clocking cmos config const constraint context continue cover covergroup
    coverpoint cross deassign default defparam design disable dist do edge else end endcase
    endchecker endclass endclocking endconfig endfunction endgenerate endgroup endinterface
    endmodule endpackage endprimitive endprogram endproperty endsequence endspecify endtable
    endtask enum event eventually expect export extends extern final first_match for force
    foreach forever fork forkjoin function generate genvar global highz0 highz1 if iff ifnone
    ignore_bins illegal_bins implements implies import incdir include initial inout input inside
    instance int integer interconnect interface intersect join join_any join_none large let
    liblist library local localparam logic longint macromodule matches medium modport module nand
    negedge nettype new nexttime nmos nor noshowcancelled not notif0 notif1 null or output package
    packed parameter pmos posedge primitive priority program property protected pull0 pull1
    pulldown pullup pulsestyle_ondetect pulsestyle_onevent pure rand randc randcase randsequence
    rcmos real realtime ref reg reject_on release repeat restrict return rnmos rpmos rtran
    rtranif0 rtranif1 s_always s_eventually s_nexttime s_until s_until_with scalared sequence
    shortint shortreal showcancelled signed small soft solve specify specparam static string
    strong strong0 strong1 struct super supply0 supply1 sync_accept_on sync_reject_on table tagged
    task this throughout time timeprecision timeunit tran tranif0 tranif1 tri tri0 tri1 triand
    trior trireg type typedef union unique unique0 unsigned until until_with untyped use uwire var
    vectored virtual void wait wait_order wand weak weak0 weak1 while wildcard wire with within
    wor xnor xor
    clk rst gatemill_rom
    auto bool char delete double explicit float friend goto inline long mutable namespace operator
    private public register short switch template throw try typename using volatile
""".split())


def identifier(text: str, *, fallback: str = "n") -> str:
    """``text`` as an identifier of Verilog and C, without doubled underscores.

    What is longer than :data:`LONGEST` is cut, and ends with a digest of the whole.

    >>> identifier("functional_1/dense/MatMul"), identifier("42"), identifier("wire")
    ('functional_1_dense_MatMul', 'n42', 'wire_n')
    """
    plain = re.sub(r"_+", "_", re.sub(r"\W", "_", text, flags=re.ASCII)).strip("_")
    if not plain or plain[0].isdigit():
        plain = fallback + plain
    if len(plain) > LONGEST:
        digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
        plain = f"{plain[:LONGEST - 9].rstrip('_')}_{digest}"
    return f"{plain}_{fallback}" if plain in _KEYWORDS else plain


def identifiers(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """An identifier for each name, distinct even where case is ignored.

    Parameters
    ----------
    names : iterable of str
    taken : iterable of str, optional
        Identifiers that are not given again.
    """
    given: dict[str, str] = {}
    used = {name.lower() for name in taken}
    for name in names:
        base = unique = identifier(name)
        number = 2
        while unique.lower() in used:
            unique, number = f"{base}_{number}", number + 1
        used.add(unique.lower())
        given[name] = unique
    return given
