"""What commands print: people read tables and panels, programs read plain lines."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

_PIPED = 140
"""Columns where nobody says how many there are: a file, a pipe, the log of a CI."""


def _columns(stream: TextIO) -> int | None:
    return None if stream.isatty() or "COLUMNS" in os.environ else _PIPED


console = Console(width=_columns(sys.stdout))
"""Standard output."""

notices = Console(stderr=True, width=_columns(sys.stderr))
"""Standard error: what is not the answer itself."""


def complain(message: str) -> None:
    """Say on stderr what is wrong."""
    for line in message.splitlines():
        notices.print(Text.assemble(("error:", "red"), " ", line), soft_wrap=True)


def note(message: str) -> None:
    """Say on stderr what ought to be known, though the work goes on."""
    for line in message.splitlines():
        notices.print(Text.assemble(("note:", "yellow"), " ", line), soft_wrap=True)


def print_json(value: Any) -> None:
    """Print JSON for programs, never folded or coloured."""
    console.out(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode(), highlight=False)


def tell_losses(losses: Mapping[str, int], name: str) -> None:
    """Say what a format called `name` could not hold, and how often."""
    if not losses:
        notices.out(f"Nothing is lost in {name}.", highlight=False)
        return
    table = Table("what it does not hold", "times", title=f"Lost in {name}", title_justify="left")
    for field, count in sorted(losses.items()):
        table.add_row(field, str(count))
    console.print(table)
