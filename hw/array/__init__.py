"""Arrays of processing elements."""
