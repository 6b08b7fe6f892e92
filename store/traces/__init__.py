"""Traces: appended as they happen, read as a stream."""
