# amaranth: UnusedElaboratable=no
"""Processing elements: one file a kind, one contract (:class:`hw.pe.base.DotProduct`)."""

from collections.abc import Callable
from functools import partial

from .activation_serial import ActivationSerialDotProduct
from .base import DotProduct, DotSpec, ElasticDotProduct
from .binary import BinaryDotProduct
from .bit_weight import BitWeightDotProduct
from .booth import BoothDotProduct
from .carry_save_tree import CarrySaveTreeDotProduct
from .constant import ConstantMatrix, ConstantSpec
from .constant_adders import AdderMatrix
from .constant_distributed import DistributedMatrix
from .constant_grouped import GroupedMatrix
from .csd import CsdDotProduct
from .en_t import EnTDotProduct
from .exact import ExactDotProduct
from .lut import LutDotProduct, SerialLutDotProduct
from .mixed import MixedDotProduct
from .packed import PackedDotProduct
from .packed_ice40 import Ice40PackedDotProduct
from .parallel import ParallelDotProduct
from .sparse_encoded import SparseEncodedDotProduct
from .table import TableDotProduct
from .term import TermDotProduct
from .ternary import TernaryDotProduct
from .ternary_ecp5 import Ecp5TernaryDotProduct
from .weight_serial import WeightSerialDotProduct

__all__ = ["CONSTANT_KINDS", "PE_KINDS", "ActivationSerialDotProduct", "AdderMatrix",
           "BinaryDotProduct", "BitWeightDotProduct", "BoothDotProduct", "CarrySaveTreeDotProduct",
           "ConstantMatrix", "ConstantSpec", "CsdDotProduct", "DistributedMatrix", "DotProduct",
           "DotSpec", "Ecp5TernaryDotProduct", "ElasticDotProduct", "EnTDotProduct",
           "ExactDotProduct", "GroupedMatrix", "Ice40PackedDotProduct", "LutDotProduct",
           "MixedDotProduct", "PackedDotProduct", "ParallelDotProduct", "SerialLutDotProduct",
           "SparseEncodedDotProduct", "TableDotProduct", "TermDotProduct", "TernaryDotProduct",
           "WeightSerialDotProduct", "element_of"]

#: Every kind of processing element, by the name that specs and plans use.
PE_KINDS: dict[str, type[DotProduct]] = {
    "parallel": ParallelDotProduct,
    "binary": BinaryDotProduct,
    "bit_weight": BitWeightDotProduct,
    "carry_save_tree": CarrySaveTreeDotProduct,
    "exact": ExactDotProduct,
    "table": TableDotProduct,
    "lut": LutDotProduct,
    "serial_lut": SerialLutDotProduct,
    "ternary": TernaryDotProduct,
    "packed": PackedDotProduct,
    "packed_ice40": Ice40PackedDotProduct,
    "mixed": MixedDotProduct,
    "ternary_ecp5": Ecp5TernaryDotProduct,
    "weight_serial": WeightSerialDotProduct,
    "activation_serial": ActivationSerialDotProduct,
    "booth": BoothDotProduct,
    "csd": CsdDotProduct,
    "en_t": EnTDotProduct,
    "sparse_encoded": SparseEncodedDotProduct,
    "term": TermDotProduct,
}

#: Every kind of constant matrix, which a layer of fixed weights may have in place of these.
CONSTANT_KINDS: dict[str, Callable[[ConstantSpec], ConstantMatrix]] = {
    "adders": AdderMatrix,
    "distributed": DistributedMatrix,
    "serial_distributed": partial(DistributedMatrix, serial=True),
    "grouped": GroupedMatrix,
}


def element_of(kind: str, spec: DotSpec, family: str | None = None) -> DotProduct:
    """An element of a kind, by its name, as it suits a family's devices best.

    Raises
    ------
    ValueError
        If there is no such kind, or it takes the formats or the family not.
    """
    if kind not in PE_KINDS:
        raise ValueError(f"pe must be one of {', '.join(PE_KINDS)}, not {kind!r}")
    make = PE_KINDS[kind]
    return make(spec, **make.parameters(family))
