"""Whole runs, judged from outside."""
