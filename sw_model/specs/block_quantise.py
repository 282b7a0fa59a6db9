"""Numbers in blocks that share a scale."""

from __future__ import annotations

from dataclasses import dataclass

from ..formats import FixedFormat, Format, IntFormat
from ..formats.blocks import BFPFormat, MXFormat, NVFormat, parse_block_format
from .checks import require_format
from .nv_steps import MOST, NVSteps

__all__ = ["APART", "BlockQuantiseSpec"]

#: Binary places between the source's grid and 1, at most.
APART = 200


@dataclass(frozen=True)
class BlockQuantiseSpec:
    """Blocks of numbers to codes and a scale for each block.

    Parameters
    ----------
    source : Format
        Integers or fixed point of at most 53 bits, the lowest from ``2**-200`` to ``2**200``.
        For NVFP4 and NVINT4 all its numbers must lie in the range of float32.
    form : str
        How the block format is spelt: one of MX, BFP, NVFP4 or NVINT4. Kept in its canonical
        spelling.
    tensor_scale : float or None
        The scale of all tensors, a number of float32, where the format has one.
    """

    source: Format
    form: str
    tensor_scale: float | None = None

    def __post_init__(self) -> None:
        require_format("source", self.source)
        source, block = self.source, parse_block_format(self.form)
        if not isinstance(source, IntFormat | FixedFormat):
            raise ValueError(f"source must be integers or fixed point, not {source}")
        if source.width > MOST or abs(source.lsb) > APART:
            raise ValueError(f"source must have at most {MOST} bits, the lowest from 2**-{APART} "
                             f"to 2**{APART}, not {source}")
        if not isinstance(block, BFPFormat | MXFormat | NVFormat):
            raise ValueError(f"form must be an MX, BFP or NV format, not {block}")
        object.__setattr__(self, "form", str(block))
        if isinstance(block, NVFormat):
            steps = NVSteps(source, block, self.tensor_scale)
            object.__setattr__(self, "tensor_scale", steps.tensor_scale)
        elif self.tensor_scale is not None:
            raise ValueError(f"{block} has no tensor_scale")

    @property
    def block(self) -> BFPFormat | MXFormat | NVFormat:
        """The block format."""
        found = parse_block_format(self.form)
        assert isinstance(found, BFPFormat | MXFormat | NVFormat)
        return found

    @property
    def size(self) -> int:
        """Elements of a block."""
        return self.block.size

    @property
    def element(self) -> Format:
        """Of the codes."""
        return self.block.element

    @property
    def scale(self) -> Format:
        """Of the scales."""
        block = self.block
        return block.scale if isinstance(block, NVFormat) else block.SCALE
