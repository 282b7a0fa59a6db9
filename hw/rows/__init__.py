"""Rows whose length is known at run time: their stream, what is found in them, how they wait."""

from .base import RowUnit, in_row, row_layout

__all__ = ["RowUnit", "in_row", "row_layout"]
