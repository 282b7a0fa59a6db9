"""Register maps of small accelerators."""

from __future__ import annotations

from boards.registers import RegisterMap
from verif.manifest import Prediction, Stream

__all__ = ["IDENTITY", "a_map", "a_stream"]

IDENTITY = 0x00112233_44556677_8899AABB_CCDDEEFF


def a_stream(name, direction, form="int8", *, lanes=3, vector=10, vectors=1):
    return Stream(name=name, direction=direction, tensor=f"tensor_{name}", format=form,
                  lanes=lanes, vector=vector, vectors=vectors)


def a_map(*streams, latency=100, ports=True):
    streams = streams or (a_stream("i", "in"), a_stream("o", "out", "int9", lanes=1))
    return RegisterMap(streams, Prediction(interval=10, latency=latency), identity=IDENTITY,
                       ports=ports)
