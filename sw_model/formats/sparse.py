"""N:M sparsity: of every M neighbours at most N are kept, with their places."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .base import Format, as_index
from .blocks.base import Fields
from .packing import bytes_for, pack_bits, unpack_bits
from .parse import parse_format

__all__ = ["SparseFormat", "parse_sparse_format", "transposable_masks"]


@dataclass(frozen=True)
class SparseFormat:
    """``sparse<keep,of,element>``: ``keep`` of ``of`` neighbours along the last axis.

    Dense codes of shape (..., n) are held as two arrays of shape (..., n / of, keep): ``values``,
    the codes that were kept, and ``places`` in their blocks, 0 to ``of - 1``, ascending. A block
    with fewer than ``keep`` codes that are not zero is filled up with zeros, those of the lowest
    places. Minus zero is a zero.

    Packed, each array is a stream of bits for all that lies along the last two axes: a code has
    ``element.width`` bits, a place ``ceil(log2(of))``; the first lies in the low bits of the
    first byte, and what the last byte has left is 0.

    Sources: the usual 2:4 metadata; SAT, N:M sparse training on FPGA, for the general form.

    Parameters
    ----------
    keep : int
        1 to ``of``.
    of : int
        1 to 64.
    element : Format
        Of the codes, at most 32 bits; one code at least is 0.

    Raises
    ------
    TypeError, ValueError
        If there is no such format.
    """

    keep: int
    of: int
    element: Format

    def __post_init__(self) -> None:
        for name in ("keep", "of"):
            object.__setattr__(self, name, as_index(name, getattr(self, name)))
        if not 1 <= self.of <= 64:
            raise ValueError(f"of must be 1 to 64, not {self.of}")
        if not 1 <= self.keep <= self.of:
            raise ValueError(f"keep must be 1 to {self.of}, not {self.keep}")
        if not isinstance(self.element, Format):
            raise TypeError(f"element must be a Format, not {self.element!r}")
        if self.element.width > 32:
            raise ValueError(f"element must have at most 32 bits, which {self.element} has not")
        if self.element.decode(self.zero) != 0:
            raise ValueError(f"element must have a zero, which {self.element} has not")

    @property
    def zero(self) -> int:
        """The code of what was not kept."""
        return int(self.element.encode(0.0))

    @property
    def place_width(self) -> int:
        """Bits of a place."""
        return (self.of - 1).bit_length()

    @property
    def bits(self) -> float:
        """Bits for each dense code, places included.

        >>> from .integer import IntFormat
        >>> SparseFormat(2, 4, IntFormat(8)).bits, SparseFormat(2, 8, IntFormat(8)).bits
        (5.0, 2.75)
        """
        return self.keep * (self.element.width + self.place_width) / self.of

    def mask(self, codes: ArrayLike) -> NDArray[np.bool_]:
        """Which codes of a dense array are kept: in each block those of largest magnitude.

        Of equal magnitudes the lower place is kept. Exactly ``keep`` of each block are.

        Raises
        ------
        TypeError, ValueError
            As :meth:`prune` does.
        """
        blocks = self._blocks(codes)
        magnitudes = np.abs(self.element.decode(blocks))
        if np.isnan(magnitudes).any():
            raise ValueError("NaN has no magnitude by which to keep or drop it")
        order = np.argsort(-magnitudes, axis=-1, kind="stable")[..., :self.keep]
        mask = np.zeros(blocks.shape, np.bool_)
        np.put_along_axis(mask, order, True, axis=-1)
        return mask.reshape(np.shape(codes))

    def prune(self, codes: ArrayLike) -> Fields:
        """Values and places of a dense array, by :meth:`mask`; the rest is lost.

        Raises
        ------
        TypeError
            If the codes are not integers.
        ValueError
            If the last axis is no multiple of ``of``, or what is there is no code or is NaN.
        """
        blocks = self._blocks(codes)
        mask = self.mask(blocks)
        # False sorts before True; of equals the lower place comes first.
        places = np.argsort(~mask, axis=-1, kind="stable")[..., :self.keep]
        return {"values": np.take_along_axis(blocks, places, axis=-1),
                "places": places.astype(np.uint8)}

    def compress(self, codes: ArrayLike) -> Fields:
        """Values and places of an array that is sparse already; nothing but signs of zeros is lost.

        Raises
        ------
        TypeError
            If the codes are not integers.
        ValueError
            As :meth:`prune` does, or if a block, which the message names, has more than ``keep``
            codes that are not zero.
        """
        blocks = self._blocks(codes)
        counts = (self.element.decode(blocks) != 0).sum(axis=-1)
        full = np.argwhere(counts > self.keep)
        if len(full):
            block = ", ".join(str(int(k)) for k in full[0])
            raise ValueError(f"block [{block}] has {int(counts[tuple(full[0])])} codes that are "
                             f"not zero, but {self} keeps {self.keep} of {self.of}")
        return self.prune(codes)

    def to_dense(self, fields: Fields) -> NDArray[np.int64]:
        """Dense codes of shape (..., n), zero where nothing was kept.

        Raises
        ------
        TypeError
            If values or places are not integers.
        ValueError
            If a field is missing or misshapen, holds what is no code, or places do not ascend
            within 0 to ``of - 1``.
        """
        values, places = self._checked(fields)
        blocks = np.full((*values.shape[:-1], self.of), self.zero, np.int64)
        np.put_along_axis(blocks, places, values, axis=-1)
        return blocks.reshape(*values.shape[:-2], values.shape[-2] * self.of)

    def pack(self, fields: Fields) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Bytes of the values and bytes of the places, shape (..., bytes) each."""
        values, places = self._checked(fields)
        run = (*values.shape[:-2], values.shape[-2] * self.keep)
        return (pack_bits(self.element.to_bits(values).reshape(run), self.element.width),
                pack_bits(places.reshape(run), self.place_width))

    def unpack(self, values: ArrayLike, places: ArrayLike, blocks: int) -> Fields:
        """The inverse of :meth:`pack` for runs of ``blocks`` blocks.

        Raises
        ------
        TypeError
            If the data are not bytes (uint8), or ``blocks`` is no integer.
        ValueError
            If ``blocks`` is negative, the last axes have not the bytes of so many blocks, bits
            behind the last are not 0, or as :meth:`to_dense` does.
        """
        count = as_index("blocks", blocks) * self.keep
        if count < 0:
            raise ValueError(f"blocks must not be negative, not {blocks}")
        parts = []
        for name, data, width in (("values", values, self.element.width),
                                  ("places", places, self.place_width)):
            array = np.asarray(data)
            if array.dtype != np.uint8:
                raise TypeError(f"{name} must be bytes (uint8), not {array.dtype}")
            if array.ndim < 1 or array.shape[-1] != bytes_for(count, width):
                raise ValueError(f"{name} of {blocks} blocks of {self} take "
                                 f"{bytes_for(count, width)} bytes, but the shape is {array.shape}")
            parts.append(unpack_bits(array, width, count)
                         .reshape(*array.shape[:-1], blocks, self.keep))
        fields: Fields = {"values": self.element.from_bits(parts[0]),
                          "places": parts[1]}
        self._checked(fields)
        return fields

    def _blocks(self, codes: ArrayLike) -> NDArray[np.int64]:
        """Checked codes as (..., blocks, of)."""
        array = np.asarray(codes)
        if array.ndim < 1 or array.shape[-1] % self.of:
            raise ValueError(f"{self} takes runs of {self.of} codes, but the shape is "
                             f"{array.shape}")
        self.element.check("codes", array)
        return array.astype(np.int64).reshape(*array.shape[:-1], array.shape[-1] // self.of,
                                              self.of)

    def _checked(self, fields: Fields) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """``values`` and ``places``."""
        for name in ("values", "places"):
            if name not in fields:
                raise ValueError(f"{self} has the field {name!r}, but there are "
                                 f"{', '.join(fields) or 'none'}")
        values, places = (np.asarray(fields[name]) for name in ("values", "places"))
        if values.ndim < 2 or values.shape[-1] != self.keep or values.shape != places.shape:
            raise ValueError(f"values and places of {self} must have the same shape "
                             f"(..., blocks, {self.keep}), not {values.shape} and {places.shape}")
        self.element.check("values", values)
        if places.dtype.kind not in "iu":
            raise TypeError(f"places must be integers, not {places.dtype}")
        whole = places.astype(np.int64)
        wrong = ((whole < 0) | (whole >= self.of)).any(axis=-1) | (np.diff(whole) <= 0).any(axis=-1)
        if wrong.any():
            raise ValueError(f"places must ascend within 0 to {self.of - 1}, unlike "
                             f"{whole[wrong][0].tolist()}")
        return values.astype(np.int64), whole

    def __str__(self) -> str:
        return f"sparse<{self.keep},{self.of},{self.element}>"


def transposable_masks(codes: ArrayLike, form: SparseFormat
                       ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Two masks of one dense matrix: N:M along its rows, and N:M along its columns.

    Training multiplies by a matrix on the way forward and by its transpose on the way back, and
    each needs its own dimension to be sparse.

    Source: SAT, N:M sparse training with bidirectional pruning.

    Raises
    ------
    TypeError, ValueError
        As :meth:`SparseFormat.prune` does, or if there are not two axes.
    """
    matrix = np.asarray(codes)
    if matrix.ndim != 2:
        raise ValueError(f"a matrix must have two axes, but the shape is {matrix.shape}")
    return form.mask(matrix), form.mask(matrix.T).T


def parse_sparse_format(text: str) -> SparseFormat:
    """The format that ``text`` spells, the inverse of ``str``; spaces may stand at ``<,>``.

    >>> str(parse_sparse_format("sparse<2, 4, fixed<8, 4>>"))
    'sparse<2,4,fixed<8,4>>'

    Raises
    ------
    TypeError
        If ``text`` is not a string.
    ValueError
        If it does not spell a sparse format, or there is no such format.
    """
    if not isinstance(text, str):
        raise TypeError(f"a sparse format must be spelt as a string, not {text!r}")
    plain = re.sub(r" *([<,>]) *", r"\1", text)
    match = re.fullmatch(r"sparse<([0-9]{1,9}),([0-9]{1,9}),(.+)>", plain)
    if match is None:
        raise ValueError(f"a sparse format is spelt like sparse<2,4,int8>, not {text!r}")
    return SparseFormat(int(match[1]), int(match[2]), parse_format(match[3]))
