"""Spot v2.1."""
