"""Measurements: building time and speed, beside other tools in the same run."""
