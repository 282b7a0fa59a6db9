"""Functions of single elements, and reductions that are not sums."""
