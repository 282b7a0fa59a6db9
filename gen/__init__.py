"""The compiler and the command ``gatemill``."""
