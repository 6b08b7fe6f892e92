"""Tailoring: recorded calls in, training records out, each with the way back to the raw events behind it."""
