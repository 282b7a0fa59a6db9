"""The units of the catalogue: their parameters, and each as a network of one node."""

from __future__ import annotations

from .base import Note, UnitParameters
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
from .rescale import FrameworkRescaleParameters, MultiplyAddShiftParameters

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
    "argmax": ArgMaxParameters,
}
