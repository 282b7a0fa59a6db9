"""The atlas: what every kind of processing element takes with every format, at equal work."""
