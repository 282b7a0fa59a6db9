"""Windows that slide over images, channels last: pooling, and means over whole images."""
