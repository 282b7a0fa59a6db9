"""The format picker: what each number format makes of a tensor, and which one fits a budget."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from sw_model.faults import InputFault, Verdict
from sw_model.formats.blocks import BlockFormat

from .candidates import Candidate, candidates
from .scaled import Scaled

__all__ = ["Choice", "Excluded", "Picked", "pick", "read_tensor"]

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Choice:
    """A format and what it makes of the tensor.

    Parameters
    ----------
    family, name : str
    bits : float
        For each element, scales included.
    mse, largest : float
        Mean square error, and the largest error.
    sqnr : float
        Signal to quantisation noise in dB; infinite where nothing is lost.
    pareto : bool
        Whether no other format has fewer bits and no more error.
    """

    family: str
    name: str
    bits: float
    mse: float
    largest: float
    sqnr: float
    pareto: bool = False


@dataclass(frozen=True)
class Excluded:
    """A format that does not take the tensor, and why."""

    family: str
    name: str
    reason: str


@dataclass(frozen=True)
class Picked:
    """All formats, ascending in bits and then in error, and the recommended one.

    Of formats equal in both the first is that which comes first among the
    :func:`~.candidates.candidates`: integers, then other elements, then blocks.
    """

    choices: tuple[Choice, ...]
    excluded: tuple[Excluded, ...]
    budget: float
    best: Choice

    def as_dict(self) -> dict[str, Any]:
        """For JSON; an infinite ratio is null."""
        rows = [{**asdict(c), "sqnr": c.sqnr if math.isfinite(c.sqnr) else None}
                for c in self.choices]
        return {"budget": self.budget, "recommended": self.best.name, "formats": rows,
                "excluded": [asdict(e) for e in self.excluded]}


def read_tensor(path: Path) -> NDArray[np.float64]:
    """A tensor of real numbers from an ``.npy`` file.

    Raises
    ------
    InputFault
        If it cannot be read, is empty, or holds what is no finite real number, an integer that
        float64 would round, or a type wider than that.
    """
    try:
        with path.open("rb") as file:
            array = np.load(file, allow_pickle=False)
    except OSError as error:
        raise InputFault(f"{path}: cannot be read ({error.strerror or error})") from error
    except (ValueError, EOFError, SyntaxError, TokenError, BadZipFile, MemoryError) as error:
        # What the header of a broken file makes of NumPy's reader.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputFault(f"{path}: not an .npy file of plain numbers ({reason})") from error
    if not isinstance(array, np.ndarray):
        raise InputFault(f"{path}: holds several arrays; save one tensor as .npy")
    if array.dtype.kind not in "fiu":
        raise InputFault(f"{path}: holds {array.dtype}, but a tensor must hold real numbers")
    if array.dtype.itemsize > 8:
        raise InputFault(f"{path}: holds {array.dtype}, which float64 would round; save it as "
                         "float64")
    if not array.size:
        raise InputFault(f"{path}: holds no elements")
    array = np.atleast_1d(array)
    with np.errstate(over="ignore"):
        real = array.astype(np.float64)
        # Block formats work in float32.
        finite = np.isfinite(real.astype(np.float32))
    if (wrong := np.argwhere(~finite)).size:
        place = tuple(int(k) for k in wrong[0])
        raise InputFault(f"{path}: element {list(place)} is {array[place]}, but all must be "
                         f"finite in float32")
    if array.dtype.kind in "iu" and (wrong := np.argwhere(_rounded(array, real))).size:
        place = tuple(int(k) for k in wrong[0])
        raise InputFault(f"{path}: element {list(place)} is {array[place]}, an integer beyond "
                         "2**53 that float64 would round; scale the tensor, or save it as floats")
    return real


def pick(values: NDArray[np.float64], budget: float, progress: Progress = lambda _: None) -> Picked:
    """Measure every format on ``values``, and recommend one.

    Recommended is the least error that ``budget`` bits for an element allow; of equal ones
    the fewest bits, then the first among the candidates (:class:`Picked`).

    Parameters
    ----------
    values : float64
        At least one finite number, one axis or more. Blocks run along the last axis, the
        first axis counts channels.
    budget : float
        Bits for each element, scales included.
    progress : callable, optional

    Raises
    ------
    Verdict
        If no format has so few bits.
    """
    choices, excluded = [], []
    for family, form in candidates():
        name = str(form) if isinstance(form, BlockFormat) else form.name
        if isinstance(form, Scaled) and form.channels and values.ndim < 2:
            continue  # every element would be a channel
        progress(f"measuring {name}")
        try:
            bits, restored = _measured(form, values)
        except ValueError as error:
            excluded.append(Excluded(family, name, str(error)))
            continue
        choices.append(_choice(family, name, bits, values, restored))
    if not choices:
        raise Verdict(f"no format takes this tensor: {excluded[0].name}: {excluded[0].reason}")
    ordered = _marked(sorted(choices, key=lambda c: (c.bits, -c.sqnr)))
    affordable = [choice for choice in ordered if choice.bits <= budget]
    if not affordable:
        raise Verdict(f"no format takes {budget:g} bits; the least is {ordered[0].bits:.4g}, "
                      f"of {ordered[0].name}")
    best = min(affordable, key=lambda c: (-c.sqnr, c.bits))
    return Picked(tuple(ordered), tuple(excluded), budget, best)


def _rounded(integers: NDArray[Any], real: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which integers their float64 is not equal to."""
    different = np.zeros(integers.shape, np.bool_)
    large = np.abs(real) >= 2.0**53
    # Exact: the way back through int64 or uint64 would wrap at the ends of their range.
    different[large] = [int(whole) != int(near) for whole, near
                        in zip(integers[large], real[large], strict=True)]
    return different


def _measured(form: Candidate, values: NDArray[np.float64]
              ) -> tuple[float, NDArray[np.float64]]:
    """Bits for each element, and the values restored."""
    if not isinstance(form, BlockFormat):
        restored = form.restored(values)
        if not np.isfinite(restored).all():
            raise ValueError("values are beyond its range")
        return form.bits(values), restored
    # Block formats work in float32, as those who define them do.
    fields = form.encode(values.astype(np.float32))
    shared = sum(8 * field.nbytes for field in fields.values() if field.ndim < values.ndim)
    restored = form.decode(fields).astype(np.float64)
    if not np.isfinite(restored).all():
        raise ValueError("values are beyond its range")
    return form.bits + shared / values.size, restored.reshape(values.shape)


def _choice(family: str, name: str, bits: float, values: NDArray[np.float64],
            restored: NDArray[np.float64]) -> Choice:
    error = restored - values
    largest = float(np.abs(error).max())
    # Squares of very small numbers would vanish.
    unit = max(float(np.abs(values).max()), largest) or 1.0
    noise, power = (float(np.square(x / unit).mean()) for x in (error, values))
    sqnr = math.inf if largest == 0 else -math.inf if power == 0 else (
        10 * math.log10(power / noise))
    return Choice(family, name, bits, noise * unit**2, largest, sqnr)


def _marked(ordered: Sequence[Choice]) -> list[Choice]:
    """The choices, those on the Pareto front marked."""
    most, marked = -math.inf, []
    for choice in ordered:
        front = choice.sqnr > most
        most = max(most, choice.sqnr)
        marked.append(Choice(**{**asdict(choice), "pareto": front}))
    return marked
