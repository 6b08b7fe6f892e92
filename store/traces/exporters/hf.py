"""Chats as a data set of Hugging Face: a row per run, with messages and tools as chat templates want them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from schemas.recorded import RecordedCall, RecordedRun
from store.traces.exporters.card import card
from store.traces.exporters.format import Exported, Format
from store.traces.exporters.names import distinct
from store.traces.exporters.openai import OPENAI, function, messages
from store.traces.parquet import write_parquet

COLUMNS = {"trajectory": "text", "task": "text", "domain": "text", "messages": "jsons", "tools": "jsons"}


def write_hf(runs: Iterable[RecordedRun], form: Format, out: Path, title: str) -> Exported:
    """Write runs as a folder with parquet files and a card.

    Raises:
        StoreError: `datasets` is not installed.
        OSError: it cannot be written.
    """
    exported = Exported()

    def rows() -> Iterator[dict[str, Any]]:
        for run, named in distinct(runs):
            yield from form.lines(named)
            exported.count(run, form.remains(named))

    write_parquet(rows(), COLUMNS, out)
    held = f"{exported.runs} runs with {exported.calls} calls of tools"
    (out / "README.md").write_text(card(title, held, COLUMNS, exported.losses), encoding="utf-8")
    return exported


def _lines(run: RecordedRun) -> Iterator[dict[str, Any]]:
    yield {
        "trajectory": run.trajectory,
        "task": run.task,
        "domain": run.domain,
        "messages": list(_messages(run)),
        "tools": [function(tool) for tool in run.tools],
    }


def _messages(run: RecordedRun) -> Iterator[dict[str, Any]]:
    """OpenAI's messages; an answer that is an error says so, which chat templates pass over."""
    errors = iter([call.is_error for call in run.calls])
    for message in messages(run):
        failed = message["role"] == "tool" and next(errors)
        yield {**message, "is_error": True} if failed else message


def _remains(run: RecordedRun) -> RecordedRun:
    rest = OPENAI.remains(run)
    errors = iter([call.is_error for call in run.calls])
    parts = (replace(part, is_error=next(errors)) if isinstance(part, RecordedCall) else part for part in rest.parts)
    return replace(rest, parts=tuple(parts))


HF = Format("hf", _lines, _remains)
