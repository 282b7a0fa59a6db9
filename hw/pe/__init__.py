"""Processing elements: one file a kind, one contract (:class:`hw.pe.base.DotProduct`)."""

from .base import DotProduct, DotSpec, ElasticDotProduct
from .bit_weight import BitWeightDotProduct
from .exact import ExactDotProduct
from .lut import LutDotProduct, SerialLutDotProduct
from .mixed import MixedDotProduct
from .packed import PackedDotProduct
from .parallel import ParallelDotProduct
from .ternary import TernaryDotProduct
from .ternary_ecp5 import Ecp5TernaryDotProduct

__all__ = ["PE_KINDS", "BitWeightDotProduct", "DotProduct", "DotSpec",
           "Ecp5TernaryDotProduct", "ElasticDotProduct", "ExactDotProduct", "LutDotProduct",
           "MixedDotProduct", "PackedDotProduct", "ParallelDotProduct", "SerialLutDotProduct",
           "TernaryDotProduct"]

#: Every kind of processing element, by the name that specs and plans use.
PE_KINDS: dict[str, type[DotProduct]] = {
    "parallel": ParallelDotProduct,
    "bit_weight": BitWeightDotProduct,
    "exact": ExactDotProduct,
    "lut": LutDotProduct,
    "serial_lut": SerialLutDotProduct,
    "ternary": TernaryDotProduct,
    "packed": PackedDotProduct,
    "mixed": MixedDotProduct,
    "ternary_ecp5": Ecp5TernaryDotProduct,
}
