"""Codes of every number format: unpacked, decoded to integers, encoded from them."""
