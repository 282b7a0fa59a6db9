"""Networks of components, and the loops that drive them."""
