# amaranth: UnusedElaboratable=no
"""Activations bit by bit."""

from __future__ import annotations

from .bit_serial import BitSerialDotProduct

__all__ = ["ActivationSerialDotProduct"]


class ActivationSerialDotProduct(BitSerialDotProduct):
    """One bit of every activation a cycle: a dot product in as many cycles as these have bits.

    Weights of all lanes that have a one are summed, shifted and added to those of the bits
    before: the narrower the weights, the smaller the element. See
    :class:`~.bit_serial.BitSerialDotProduct`, and :class:`DotProduct` for the contract and the
    members.

    Source: Judd et al., Stripes: Bit-Serial Deep Neural Network Computing, MICRO 2016.

    Parameters
    ----------
    spec : DotSpec
        As :class:`~.decoded.NumberDotProduct` takes it.
    """

    operand = "activations"
    what = "a bit-serial dot product (activations in turn)"
