"""How codes lie in bytes: side by side, FP6 in two planes, five trits a byte."""

from .base import Packing
from .bits import bytes_for, pack_bits, unpack_bits
from .fp6 import Fp6Packing, Order, fp6_as_fp16, join_fp6, split_fp6
from .parse import parse_packing
from .trits import TritPacking, pack_trits, unpack_trits

__all__ = ["Fp6Packing", "Order", "Packing", "TritPacking", "bytes_for", "fp6_as_fp16", "join_fp6",
           "pack_bits", "pack_trits", "parse_packing", "split_fp6", "unpack_bits", "unpack_trits"]
