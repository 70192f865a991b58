"""Spot v3.1 and v3.2."""
