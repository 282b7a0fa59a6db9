"""A bitstream that tests itself at power-up."""

from .self_test import SelfTest
from .vectors import Vectors, vectors_of

__all__ = ["SelfTest", "Vectors", "vectors_of"]
