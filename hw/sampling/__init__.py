"""From logits to a token: the largest of a row, and one of them drawn by its weight."""
