"""Agents under test: each case in a session of its own, judged by a contract, told in a report."""
