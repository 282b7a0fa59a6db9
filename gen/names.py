"""Names that Verilog, file systems and people can all live with."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["identifier", "identifiers"]

_KEYWORDS = frozenset("""
    always and assign automatic begin buf bufif0 bufif1 case casex casez cell cmos config
    deassign default defparam design disable edge else end endcase endconfig endfunction
    endgenerate endmodule endprimitive endspecify endtable endtask event for force forever fork
    function generate genvar highz0 highz1 if ifnone incdir include initial inout input instance
    integer join large liblist library localparam macromodule medium module nand negedge nmos
    nor noshowcancelled not notif0 notif1 or output parameter pmos posedge primitive pull0 pull1
    pulldown pullup pulsestyle_ondetect pulsestyle_onevent rcmos real realtime reg release repeat
    rnmos rpmos rtran rtranif0 rtranif1 scalared showcancelled signed small specify specparam
    strong0 strong1 supply0 supply1 table task time tran tranif0 tranif1 tri tri0 tri1 triand
    trior trireg unsigned use vectored wait wand weak0 weak1 while wire wor xnor xor
    clk rst logic bit byte int do char class long short double float this new delete
""".split())


def identifier(text: str, *, fallback: str = "n") -> str:
    """``text`` as an identifier of Verilog and C, without doubled underscores.

    >>> identifier("functional_1/dense/MatMul"), identifier("42"), identifier("wire")
    ('functional_1_dense_MatMul', 'n42', 'wire_n')
    """
    plain = re.sub(r"_+", "_", re.sub(r"\W", "_", text, flags=re.ASCII)).strip("_")
    if not plain or plain[0].isdigit():
        plain = fallback + plain
    return f"{plain}_{fallback}" if plain in _KEYWORDS else plain


def identifiers(names: Iterable[str]) -> dict[str, str]:
    """An identifier for each name, distinct even where case is ignored."""
    given: dict[str, str] = {}
    used: set[str] = set()
    for name in names:
        base = unique = identifier(name)
        number = 2
        while unique.lower() in used:
            unique, number = f"{base}_{number}", number + 1
        used.add(unique.lower())
        given[name] = unique
    return given
