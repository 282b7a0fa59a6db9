"""From a plan's unit to hardware: the component, its providers, their memory images."""

from __future__ import annotations

from collections.abc import Callable

from boards.devices import Device
from hw.nonlinear.integer_gelu import IntegerGelu
from hw.nonlinear.shift_gelu import ShiftGelu
from hw.nonlinear.shiftmax import Shiftmax
from hw.nonlinear.sigmoid import Sigmoid
from hw.nonlinear.softmax_online import OnlineSoftmax
from hw.nonlinear.softmax_single_pass import SinglePassSoftmax
from hw.nonlinear.softmax_tflite import TfliteSoftmax
from hw.nonlinear.softmax_two_pass import TwoPassSoftmax
from hw.nonlinear.softmax_unified import UnifiedSoftmax
from hw.nonlinear.swish import Swish
from hw.norm.integer_layer_norm import IntegerLayerNorm
from hw.norm.l1_norm import L1Norm
from hw.norm.l2_norm import L2Norm
from hw.norm.layer_norm import LayerNorm
from hw.norm.rms_norm import RmsNorm
from hw.rescale.absmax import AbsMaxQuantiser
from hw.rescale.requantise import Requantise
from hw.rescale.two_operands import Add, Multiply

from ..mapping.layout import Layout
from ..mapping.plan import Unit
from .context import Context, Provider, UnitParts
from .dense import dense
from .functions import delta_table, divide, exp2, isqrt, piecewise, reciprocal
from .library import elementwise, gated_product, rows, tabled
from .rescale import binary_threshold, framework_rescale, multiply_add_shift, threshold
from .sampling import sampler, top_k
from .scales import block_quantise, hadamard, k_hot, rescale_add, shift, stochastic_shift
from .table import argmax, table
from .windows import average_pool, concatenate, max_pool, mean, row_mean

__all__ = ["Provider", "UnitParts", "unit_parts"]

#: What makes a unit of each kind.
MAKERS: dict[str, Callable[[Context], UnitParts]] = {
    "absmax_quantise": rows(AbsMaxQuantiser),
    "add": elementwise(Add),
    "argmax": argmax,
    "average_pool": average_pool,
    "binary_threshold": binary_threshold,
    "block_quantise": block_quantise,
    "concatenate": concatenate,
    "delta_table": delta_table,
    "dense": dense,
    "divide": divide,
    "exp2": exp2,
    "framework_rescale": framework_rescale,
    "gated_product": gated_product,
    "hadamard": hadamard,
    "hard_sigmoid": tabled,
    "hard_swish": tabled,
    "integer_gelu": elementwise(IntegerGelu),
    "integer_layer_norm": rows(IntegerLayerNorm),
    "isqrt": isqrt,
    "k_hot_rescale": k_hot,
    "l1_norm": rows(L1Norm),
    "l2_norm": rows(L2Norm),
    "layer_norm": rows(LayerNorm),
    "max_pool": max_pool,
    "mean": mean,
    "multiply": elementwise(Multiply),
    "multiply_add_shift": multiply_add_shift,
    "piecewise": piecewise,
    "reciprocal": reciprocal,
    "residual_add": rescale_add,
    "requantise": elementwise(Requantise),
    "rms_norm": rows(RmsNorm),
    "row_mean": row_mean,
    "sampler": sampler,
    "rsqrt": reciprocal,
    "shift_gelu": rows(ShiftGelu),
    "shift_rescale": shift,
    "shiftmax": rows(Shiftmax),
    "sigmoid": elementwise(Sigmoid),
    "single_pass_softmax": rows(SinglePassSoftmax),
    "online_softmax": rows(OnlineSoftmax),
    "tflite_softmax": rows(TfliteSoftmax),
    "top_k": top_k,
    "two_pass_softmax": rows(TwoPassSoftmax),
    "unified_softmax": rows(UnifiedSoftmax),
    "stochastic_shift": stochastic_shift,
    "swish": elementwise(Swish),
    "table": table,
    "threshold": threshold,
}


def unit_parts(layout: Layout, unit: Unit, name: str, device: Device) -> UnitParts:
    """The hardware of ``unit``.

    Parameters
    ----------
    layout : Layout
    unit : Unit
    name : str
        What its instances' names begin with.
    device : Device
        What the unit must fit.

    Raises
    ------
    InputFault
        If the unit's jobs cannot share it, or the device lacks what it is made of.
    """
    return MAKERS[unit.kind](Context(layout, unit, name, device))
