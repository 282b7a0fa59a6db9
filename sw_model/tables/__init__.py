"""Contents of memories and streams as data, which golden model and hardware share."""

from .words import pack_fields, pack_words, unpack_words, vectors_to_words, words_to_vectors

__all__ = ["pack_fields", "pack_words", "unpack_words", "vectors_to_words", "words_to_vectors"]
