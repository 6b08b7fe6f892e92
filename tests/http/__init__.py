"""Tests of the HTTP half, through its front door."""
