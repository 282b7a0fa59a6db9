# amaranth: UnusedElaboratable=no
"""Weights bit by bit."""

from __future__ import annotations

from .bit_serial import BitSerialDotProduct

__all__ = ["WeightSerialDotProduct"]


class WeightSerialDotProduct(BitSerialDotProduct):
    """One bit of every weight a cycle: a dot product in as many cycles as weights have bits.

    Activations of all lanes that have a one are summed, shifted and added to those of the bits
    before. See :class:`~.bit_serial.BitSerialDotProduct`, and :class:`DotProduct` for the
    contract and the members.

    Source: Judd et al., Stripes: Bit-Serial Deep Neural Network Computing, MICRO 2016, with
    the roles of the operands exchanged.

    Parameters
    ----------
    spec : DotSpec
        As :class:`~.decoded.NumberDotProduct` takes it.
    """

    operand = "weights"
    what = "a bit-serial dot product (weights in turn)"
