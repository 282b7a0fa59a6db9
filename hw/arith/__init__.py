"""Arithmetic over values: sums, products, shifts and clamps, with their registers."""
