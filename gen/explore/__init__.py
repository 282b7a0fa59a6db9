"""What a user may choose, measured: number formats for a tensor."""

__all__: list[str] = []
