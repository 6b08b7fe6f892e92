"""Forty claims about a server that keeps users and orders, in the order in which they are tried."""

from __future__ import annotations

from tests.benchmarks.checks import bodies, lists, refusals, rows, together
from tests.benchmarks.checks.claims import Check, Outcome, Result

CHECKS: tuple[Check, ...] = tuple(
    found
    for module in (rows, lists, refusals, together, bodies)
    for found in vars(module).values()
    if isinstance(found, Check)
)

__all__ = ["CHECKS", "Check", "Outcome", "Result"]
