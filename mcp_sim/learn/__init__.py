"""Twins: worlds learned from specs, lists of tools, data and recorded calls."""
