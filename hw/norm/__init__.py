"""Normalisations of rows of run-time length."""
