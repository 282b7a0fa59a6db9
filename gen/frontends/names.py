"""Names for people and for Verilog, from whatever a model file calls things."""

from __future__ import annotations

import re

__all__ = ["Names", "printable", "readable"]

#: Parts of a path that say what kind of operation it is, not which one, less their numbers.
_GENERIC = frozenset({
    "Add", "BiasAdd", "Identity", "Logistic", "MatMul", "Mul", "ReadVariableOp", "Relu", "Reshape",
    "Sigmoid", "Softmax", "add", "batchnorm", "bias", "kernel", "mul", "resource", "weight",
    "weights",
})

#: Names that converters make up.
_MADE_UP = re.compile(r"(arith\.constant|tfl\.|StatefulPartitionedCall|PartitionedCall|Identity)")

_LONGEST = 40


def printable(name: str) -> str:
    """``name`` on one line: whatever cannot be printed becomes an underscore.

    >>> printable("in put\\n:0")
    'in put_:0'
    """
    return "".join(c if c.isprintable() else "_" for c in name[:200])


def readable(name: str) -> str:
    """What tells a tensor from others: the last part of its path that is no operation's kind.

    Empty if the name is one that a converter made up.

    >>> readable("model/act/Relu;model/dense_1/BiasAdd"), readable("3x3")
    ('dense_1', 'n3x3')
    """
    parts = name.rsplit(";", 1)[-1].split("/")
    while parts and parts[-1].rstrip("0123456789_:") in _GENERIC:
        parts.pop()
    if not parts or _MADE_UP.match(parts[-1]):
        return ""
    plain = re.sub(r"\W+", "_", parts[-1], flags=re.ASCII).strip("_")[:_LONGEST].rstrip("_")
    return f"n{plain}" if plain[:1].isdigit() else plain


class Names:
    """Makes names unique by a number behind those that are taken."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def unique(self, name: str) -> str:
        """``name``, or ``name_2``, ``name_3``, ... where it is taken."""
        result = name
        while result in self._taken:
            number = self._next.get(name, 2)
            self._next[name] = number + 1
            result = f"{name}_{number}"
        self._taken.add(result)
        return result
