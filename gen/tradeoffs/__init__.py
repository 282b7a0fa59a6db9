"""Error against area of every way to compute a function, for those who choose."""
