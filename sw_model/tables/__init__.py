"""Contents of memories and streams as data, which golden model and hardware share."""

from .deltas import DELTAS, delta_entries
from .exponentials import tflite_exponentials
from .mantissas import mantissa_table
from .powers import exp2_table
from .reciprocals import reciprocal_table, rsqrt_table
from .shift_exponentials import shift_exponentials
from .sigmoids import sigmoid_table
from .words import pack_fields, pack_words, unpack_words, vectors_to_words, words_to_vectors

__all__ = [
    "DELTAS", "delta_entries", "exp2_table", "mantissa_table", "pack_fields", "pack_words",
    "reciprocal_table", "rsqrt_table", "shift_exponentials", "sigmoid_table",
    "tflite_exponentials", "unpack_words", "vectors_to_words", "words_to_vectors",
]
