"""Quantisation in blocks that share a scale, as a unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from sw_model.formats import IntFormat
from sw_model.formats.blocks import NVFormat, parse_block_format
from sw_model.graph import Graph
from sw_model.ops import BlockQuantise
from sw_model.specs import BlockQuantiseSpec

from ..spec.fields import NumberFormat
from ..spec.models import MAX_SIZE
from .base import Note, Wrong
from .rows import RowParameters

__all__ = ["BlockQuantiseParameters"]


class BlockQuantiseParameters(RowParameters):
    """Parameters of ``block_quantise``."""

    summary: ClassVar[str] = (
        "Sums to codes and scales of blocks: a block waits until its largest magnitude is known, "
        "while the next comes in. Scales leave beside the codes.")
    paper: ClassVar[str] = (
        "OCP Microscaling Formats (MX) 1.0, 2023; NVIDIA, Pretraining large language models with "
        "NVFP4, 2025")
    variants: ClassVar[tuple[str, tuple[str, ...]]] = ("block", (
        "mx<e2m1>", "mx<e2m3>", "mx<e3m2>", "mx<e4m3fn>", "mx<e5m2>", "mxint8", "bfp<8,32>",
        "nvfp4", "nvint4", "nvfp4<ue5m3>", "nvint4<ue5m3>"))

    block: str = Field("mx<e2m1>", description=(
        "The block format: these, or any other MX, BFP or NV format."))
    source: NumberFormat = Field(IntFormat(20), description=(
        "Format of the sums, integers or fixed point."))
    length: int = Field(64, ge=1, le=MAX_SIZE, description=(
        "Elements of a row, a multiple of a block's."))
    tensor_scale: float | None = Field(None, gt=0, description=(
        "Of nvfp4 and nvint4 with scales of ue4m3, in float32; by default the source's largest "
        "number becomes the format's."))

    def choices(self) -> Mapping[str, Any]:
        return {"lanes": self.lanes or 1}

    def network(self, name: str, note: Note) -> Graph | None:
        def made() -> Graph:
            spec = BlockQuantiseSpec(self.source, self.block, self._scale())
            if self.length % spec.size:
                raise ValueError(f"length must be a multiple of the {spec.size} elements of a "
                                 f"block, not {self.length}")
            if self.lanes is not None and spec.size % self.lanes:
                raise ValueError(f"lanes must divide the {spec.size} elements of a block, "
                                 f"not be {self.lanes}")
            return self.of_node(name, BlockQuantise(
                name=name, inputs=("x",), outputs=("y", "scales"), spec=spec), self.source, [])

        return self.attempt(note, "block", made)

    def _scale(self) -> float | None:
        form = parse_block_format(self.block)
        if self.tensor_scale is not None and not (
                isinstance(form, NVFormat) and form.has_tensor_scale):
            raise Wrong("tensor_scale", f"must be left out for {form}")
        if self.tensor_scale is not None:
            return float(np.float32(self.tensor_scale))
        if not isinstance(form, NVFormat) or not form.has_tensor_scale:
            return None
        largest = max(-self.source.fixed_min, self.source.fixed_max) * 2.0**self.source.lsb
        most = form.largest * form.scale.fixed_max * 2.0**form.scale.lsb
        return float(np.float32(largest / most))
