"""What a trial comes to: its trouble if it has one, in one sentence, and its outcome."""

from __future__ import annotations

from typing import NamedTuple

from mcp_sim.runner.command import MOST_OUTPUT
from mcp_sim.runner.gate import Tally
from mcp_sim.runner.job import Ending
from mcp_sim.runner.report import ERRORS, Outcome, Trouble
from mcp_sim.runner.tail import last_line
from schemas.types import Verdict


class Found(NamedTuple):
    """A trouble and its sentence."""

    trouble: Trouble | None
    told: str


def trouble(ending: Ending, tally: Tally, seconds: float | None) -> Found:
    """What was wrong with a run, the gravest first.

    Args:
        ending: how the agent ended.
        tally: what it sent.
        seconds: after which it was stopped, if it was.
    """
    after = f"after {_count(tally.calls, 'call')}"
    if ending.unstarted:
        return Found("not-started", f"The agent did not start: {ending.unstarted}.")
    if tally.flooded.is_set():
        return Found("flooded", _flood(tally))
    if ending.wrote > MOST_OUTPUT:
        return Found("garbage", f"The agent wrote more than {MOST_OUTPUT // 2**20} MiB of output and was stopped.")
    if ending.crash:
        is_killed = ending.status is not None and ending.status < 0
        how = f"{'was killed by' if is_killed else 'ended with'} {ending.crash}"
        said = last_line(ending.output)
        return Found("crashed", f"The agent {how} {after}{f'; its last words: {said}' if said else '.'}")
    if tally.garbage and not tally.messages:
        sent = _count(tally.garbage, "request")
        told = f"The agent sent {sent} that {'is' if tally.garbage == 1 else 'are'} no MCP message"
        return Found("garbage", f"{told}; the first begins with: {tally.first_garbage or 'nothing'}")
    if not tally.messages:
        when = "ended without connecting" if seconds is None else f"did not connect within {seconds:g} s"
        told = f"The agent {when}: the address is in MCP_SIM_URL, and stands for {{url}} in its arguments."
        return Found("never-connected", told)
    if seconds is not None:
        return Found("hung", f"The agent did not end within {seconds:g} s, and was stopped {after}.")
    if not tally.calls:
        return Found("no-call", "The agent connected and called no tool.")
    if ending.left:
        shown = "; ".join(ending.left[:3]) + ("; …" if len(ending.left) > 3 else "")
        count = _count(len(ending.left), "process")
        return Found("left-children", f"The agent left {count} behind, now killed: {shown}")
    return Found(None, "")


def simulator_trouble(verdict: Verdict) -> Found:
    """Whether a broken contract may be the simulator's fault."""
    ours = [] if verdict.passed else [entry for entry in verdict.ledger if entry.blame == "simulator"]
    if not ours:
        return Found(None, "")
    told = f"The simulator failed at step {ours[0].step} ({ours[0].tool}), so this is no fair trial: {ours[0].message}"
    return Found("simulator", told)


def outcome(found: Trouble | None, verdict: Verdict | None) -> Outcome:
    """Whether an agent passed, failed, or had no fair trial."""
    if found in ERRORS or verdict is None:
        return "error"
    return "passed" if found is None and verdict.passed else "failed"


def _flood(tally: Tally) -> str:
    if tally.calls > tally.most:
        return f"The agent made more than {_count(tally.most, 'call')} and was stopped."
    sent = _count(tally.most_requests, "request")
    return f"The agent sent more than {sent} and was stopped after {_count(tally.calls, 'call')}."


def _count(count: int, noun: str) -> str:
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"
