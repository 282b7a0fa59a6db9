"""The units of the catalogue: their parameters, and each as a network of one node."""

from __future__ import annotations

from .activations import (
    HardSigmoidParameters,
    HardSwishParameters,
    IntegerGeluParameters,
    ShiftGeluParameters,
    SigmoidParameters,
    SwishParameters,
)
from .arithmetic import (
    AddParameters,
    GatedProductParameters,
    MultiplyParameters,
    RequantiseParameters,
)
from .base import Note, UnitParameters
from .blocks import BlockQuantiseParameters
from .dense import DenseParameters
from .functions import (
    DeltaTableParameters,
    DivideParameters,
    Exp2Parameters,
    IsqrtParameters,
    PiecewiseParameters,
    ReciprocalParameters,
    RsqrtParameters,
)
from .lookup import ArgMaxParameters, TableParameters, ThresholdParameters
from .norms import (
    IntegerLayerNormParameters,
    L1NormParameters,
    L2NormParameters,
    LayerNormParameters,
    RmsNormParameters,
)
from .rescale import FrameworkRescaleParameters, MultiplyAddShiftParameters
from .rows import AbsMaxParameters, SamplerParameters, TopKParameters
from .scales import (
    HadamardParameters,
    KHotParameters,
    ResidualAddParameters,
    ShiftRescaleParameters,
    StochasticShiftParameters,
)
from .softmax import SoftmaxParameters
from .windows import ConcatenateParameters, MeanParameters, PoolParameters

__all__ = ["UNITS", "Note", "UnitParameters"]

#: Parameters of every unit, by the unit's name.
UNITS: dict[str, type[UnitParameters]] = {
    "dense": DenseParameters,
    "multiply_add_shift": MultiplyAddShiftParameters,
    "rescale": FrameworkRescaleParameters,
    "threshold": ThresholdParameters,
    "table": TableParameters,
    "exp2": Exp2Parameters,
    "reciprocal": ReciprocalParameters,
    "rsqrt": RsqrtParameters,
    "isqrt": IsqrtParameters,
    "divide": DivideParameters,
    "delta_table": DeltaTableParameters,
    "piecewise": PiecewiseParameters,
    "add": AddParameters,
    "multiply": MultiplyParameters,
    "requantise": RequantiseParameters,
    "shift_rescale": ShiftRescaleParameters,
    "stochastic_shift": StochasticShiftParameters,
    "k_hot_rescale": KHotParameters,
    "residual_add": ResidualAddParameters,
    "hadamard": HadamardParameters,
    "gated_product": GatedProductParameters,
    "sigmoid": SigmoidParameters,
    "hard_sigmoid": HardSigmoidParameters,
    "hard_swish": HardSwishParameters,
    "swish": SwishParameters,
    "integer_gelu": IntegerGeluParameters,
    "shift_gelu": ShiftGeluParameters,
    "softmax": SoftmaxParameters,
    "rms_norm": RmsNormParameters,
    "layer_norm": LayerNormParameters,
    "integer_layer_norm": IntegerLayerNormParameters,
    "l1_norm": L1NormParameters,
    "l2_norm": L2NormParameters,
    "pool": PoolParameters,
    "mean": MeanParameters,
    "concatenate": ConcatenateParameters,
    "absmax_quantise": AbsMaxParameters,
    "block_quantise": BlockQuantiseParameters,
    "top_k": TopKParameters,
    "sampler": SamplerParameters,
    "argmax": ArgMaxParameters,
}
