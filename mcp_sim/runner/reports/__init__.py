"""A run, told: as text, JUnit XML, SARIF and a web page. Each is a pure function of the report."""

from mcp_sim.runner.reports.html import html
from mcp_sim.runner.reports.junit import junit
from mcp_sim.runner.reports.sarif import sarif
from mcp_sim.runner.reports.text import text

__all__ = ["html", "junit", "sarif", "text"]
