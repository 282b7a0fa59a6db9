"""Folded dense layers: weights and biases in the order of use."""

from __future__ import annotations

import numpy as np
from amaranth.lib.data import ArrayLayout

from hw.array.dense import DenseJob, DenseLayer, DenseSpec
from hw.array.gemm import zero_code
from hw.memory.rom import RomJob
from hw.network.netlist import Part
from hw.pe import CONSTANT_KINDS, DotSpec
from hw.shapes import vector_of
from sw_model.faults import InputFault
from sw_model.formats import BipolarFormat, Format, IntFormat, covering
from sw_model.node import Node
from sw_model.tables import pack_words

from ..mapping.elements import refusal
from ..mapping.layout import union
from ..mapping.plan import Unit
from .constant_dense import constant_dense
from .context import Context, Ints, UnitParts, constant, padded
from .product_reach import product_reach

__all__ = ["dense"]


def dense(context: Context) -> UnitParts:
    """A dense unit with its weights and, where any is not zero, its biases."""
    unit, nodes = context.unit, context.nodes
    if unit.pe in CONSTANT_KINDS:
        return constant_dense(context)
    weights_format = union([context.tensors(n)[1].format for n in nodes],
                           f"unit {unit.name!r}, weights")
    _check_pe(context, DotSpec(context.source, weights_format, unit.lanes))
    target = context.target
    assert isinstance(target, IntFormat)
    zero = zero_code(weights_format)
    jobs, words, biases, rom_jobs, bias_jobs, used = [], [], [], [], [], []
    for node in nodes:
        weights = constant(context.tensors(node)[1])
        rows, cols = weights.shape
        vectors = context.vectors(node)
        jobs.append(DenseJob(rows, cols, vectors))
        words.append(_weight_words(weights, unit, 1 if zero is None else zero))
        biases.append(_bias_words(context, node, weights_format))
        rom_jobs.append(RomJob(len(words[-1]), vectors))
        bias_jobs.append(RomJob(len(biases[-1]), vectors))
        used.append(context.tensors(node)[1].name)
    bias = np.concatenate(biases)
    bias_format = covering(int(bias.min()), int(bias.max())) if bias.any() else None
    spec = DenseSpec(context.source, weights_format, target, bias_format,
                     unit.rows, unit.lanes, tuple(jobs), unit.pe, product_reach(context),
                     context.device.family)
    providers = [context.provider(
        "weights", ArrayLayout(vector_of(weights_format, unit.lanes), unit.rows),
        pack_words(np.concatenate(words), weights_format.width),
        weights_format.width * unit.rows * unit.lanes, tuple(rom_jobs), tuple(used),
        f"a word for each row fold and vector word: {unit.rows} rows of {unit.lanes} codes of "
        f"{weights_format}, row 0 lane 0 lowest")]
    if bias_format is not None:
        used_bias = tuple(t.name for n in nodes for t in context.tensors(n)[2:])
        providers.append(context.provider(
            "bias", vector_of(bias_format, unit.rows), pack_words(bias, bias_format.width),
            bias_format.width * unit.rows, tuple(bias_jobs), used_bias,
            f"a word for each row fold: {unit.rows} codes of {bias_format}"))
    return UnitParts(Part(context.name, DenseLayer, {"spec": spec}), tuple(providers))


def _check_pe(context: Context, spec: DotSpec) -> None:
    """Refuse a kind of processing element that does not take the formats or the device."""
    if reason := refusal(context.unit.pe, spec, context.device):
        raise InputFault(f"unit {context.unit.name!r}, pe {context.unit.pe}: {reason}")


def _weight_words(weights: Ints, unit: Unit, padding: int) -> Ints:
    """Weights in the order of use: (folds * words, rows * lanes)."""
    full = padded(padded(weights, unit.rows, 0, padding), unit.lanes, 1, padding)
    folds, words = full.shape[0] // unit.rows, full.shape[1] // unit.lanes
    tiles = full.reshape(folds, unit.rows, words, unit.lanes).transpose(0, 2, 1, 3)
    return tiles.reshape(folds * words, unit.rows * unit.lanes)


def _bias_words(context: Context, node: Node, weights_format: Format) -> Ints:
    """Biases by row fold: (folds, rows). Takes off what bipolar padding adds."""
    tensors = context.tensors(node)
    rows, cols = constant(tensors[1]).shape
    bias = (tensors[2].format.to_fixed(constant(tensors[2])) if len(tensors) == 3
            else np.zeros(rows, np.int64))
    if isinstance(weights_format, BipolarFormat) and isinstance(context.source, BipolarFormat):
        bias = bias - (-cols % context.unit.lanes)
    return padded(bias, context.unit.rows, 0, 0).reshape(-1, context.unit.rows)
