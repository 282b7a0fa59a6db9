"""Read-only memories, and what counts through them."""
