"""From accumulators to narrow codes."""
