"""Hardware: Amaranth components, one per file, checked against the golden model."""
