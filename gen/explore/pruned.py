"""N:M sparse formats on a tensor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from sw_model.formats import Overflow
from sw_model.formats.sparse import SparseFormat

from .scaled import SCALE_BITS, Reals, Scaled

__all__ = ["Pruned"]


@dataclass(frozen=True)
class Pruned:
    """N of every M codes along the last axis, the largest, times a scale for the tensor."""

    form: SparseFormat

    @property
    def name(self) -> str:
        """The format's spelling."""
        return str(self.form)

    def bits(self, values: NDArray[Any]) -> float:
        """Bits for each element, places of the codes and the scale included."""
        return self.form.bits + SCALE_BITS / values.size

    def restored(self, values: Reals) -> Reals:
        """What is left of ``values``."""
        element = self.form.element
        scale = float(Scaled(element).scales(values.reshape(1, -1))[0, 0])
        codes = element.encode(values / scale, overflow=Overflow.SATURATE)
        return element.decode(self.form.to_dense(self.form.prune(codes))) * scale
