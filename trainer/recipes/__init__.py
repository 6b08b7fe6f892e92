"""Recipes: what a run is made of, from the data to the bench."""

from pathlib import Path

LENDING = Path(__file__).with_name("lending.yaml")
"""A world of six tools and three entities, small enough to be learned in minutes."""
