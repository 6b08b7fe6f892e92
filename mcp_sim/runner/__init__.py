"""Agents under test: each case in a session of its own, judged by a contract, told in a report."""

from mcp_sim.runner.cases import cases_of
from mcp_sim.runner.job import Agent, Job
from mcp_sim.runner.report import Case, CaseResult, Report
from mcp_sim.runner.trial import Limits
from mcp_sim.runner.trials import Trials, Watcher, run

__all__ = ["Agent", "Case", "CaseResult", "Job", "Limits", "Report", "Trials", "Watcher", "cases_of", "run"]
