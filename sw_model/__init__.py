"""The golden model: number formats, operations and networks in NumPy."""
